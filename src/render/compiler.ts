// Entry point of a bundle of its own, lib/compiler.cjs: the boot method loads it on zones whose site has templates.

import { options } from 'zonenet:options';
import { sources } from 'zonenet:sources';
import Handlebars from 'handlebars';
import type { Fault } from '../domain/fault.ts';
import { checkTemplate, type Unit } from './check.ts';
import { LIMITS } from './limits.ts';
import { shapeFor } from './specimen.ts';
import type { Program } from './syntax.ts';
import { faultOf } from './template-error.ts';

interface Text {
  /** "hosts.hbs", "partials/banner.hbs". */
  readonly name: string;
  readonly path: string;
  readonly text: string;
}

/** A template that is wanted, and what it has to be good for when it is missing. */
interface ParsedText extends Unit {
  readonly source: Text;
  readonly faults: Fault[];
  /** Whether some template uses it. */
  used: boolean;
}

/**
 * What came of it: JavaScript source by name, or what is wrong. Plain data: this is another bundle, whose classes of errors
 * are others.
 */
export type Compilation =
  | { readonly code: Readonly<Record<string, string>> }
  | { readonly faulty: readonly { readonly file: string; readonly text: string; readonly faults: readonly Fault[] }[] };

/** Checks the texts of a site, those too that no template uses. */
export function checkTexts(overrides: readonly Text[], templates: readonly string[]): Compilation {
  return { faulty: faultyOf(check(overrides, templates, true)) };
}

/**
 * Checks those texts of a site that the templates use, and compiles them. With them is checked what is shipped, as far
 * as it meets them.
 */
export function checkAndCompile(overrides: readonly Text[], templates: readonly string[]): Compilation {
  const parsed = check(overrides, templates, false);
  const faulty = faultyOf(parsed);
  if (faulty.length > 0) return { faulty };
  const own = new Set(overrides.map(({ name }) => name));
  const used = parsed.filter((unit) => unit.used && own.has(unit.name));
  const compiled = used.map(({ name, source }) => [name, String(Handlebars.precompile(source.text, { ...options }))]);
  return { code: Object.fromEntries(compiled) };
}

function check(overrides: readonly Text[], templates: readonly string[], unusedToo: boolean): ParsedText[] {
  const shipped = Object.entries(sources).map(
    ([name, text]): Text => ({ name, path: `/opt/zonenet/templates/${name}`, text }),
  );
  const texts = new Map([...shipped, ...overrides].map((one) => [one.name, one]));
  const parsed = new Map<string, ParsedText>();
  const use = (name: string): ParsedText | undefined => {
    const text = texts.get(name);
    const unit = parsed.get(name) ?? (text === undefined ? undefined : parse(text));
    if (unit !== undefined) {
      unit.used = true;
      parsed.set(name, unit);
    }
    return unit;
  };
  const partials = [...texts.keys()].flatMap((name) => /^partials\/(.*)\.hbs$/.exec(name)?.[1] ?? []);
  for (const template of templates) {
    const unit = use(template);
    if (unit !== undefined) checkTemplate(unit, shapeFor(template), (name) => use(`partials/${name}.hbs`), partials);
  }
  for (const text of unusedToo ? overrides : []) {
    if (!parsed.has(text.name)) parsed.set(text.name, parse(text));
  }
  return [...parsed.values()];
}

function parse(source: Text): ParsedText {
  const faults: Fault[] = [];
  const seen = new Set<string>();
  const report = (fault: Fault) => {
    const key = `${fault.line}:${fault.column}:${fault.message}`;
    if (!seen.has(key)) faults.push(fault);
    seen.add(key);
  };
  const unit = { name: source.name, source, faults, report, used: false };
  if (source.text.length > LIMITS.characters) {
    const message = `it has ${source.text.length} characters; a template has at most ${LIMITS.characters}`;
    report({ line: 0, column: 1, message });
    return { ...unit, program: { body: [] } };
  }
  const deep = tooDeepLine(source.text);
  if (deep !== undefined) {
    report({ line: deep, column: 1, message: `blocks nest deeper than ${LIMITS.nesting}` });
    return { ...unit, program: { body: [] } };
  }
  try {
    // Its own types know no kinds of nodes; src/render/syntax.ts says what there is.
    return { ...unit, program: Handlebars.parse(source.text) as unknown as Program };
  } catch (error) {
    // A RangeError is a stack that thousands of nested blocks have used up.
    if (!(error instanceof Error)) throw error;
    report(
      faultOf(error, source.text, undefined) ?? {
        line: 0,
        column: 1,
        message: `this is no Handlebars: ${error.message}`,
      },
    );
    return { ...unit, program: { body: [] } };
  }
}

/**
 * The line where blocks or brackets nest so deep that Handlebars takes seconds to read them (its time grows with the
 * square), long past what is allowed. Undefined: they do not.
 */
function tooDeepLine(text: string): number | undefined {
  let depth = 0;
  for (const match of text.matchAll(/\{\{!--[\s\S]*?--~?\}\}|\{\{~?!|\{\{~?#|\{\{~?\/|[()]/g)) {
    const [token] = match;
    if (token.endsWith('#') || token === '(') depth += 1;
    else if (token.endsWith('/') || token === ')') depth = Math.max(0, depth - 1);
    if (depth > LIMITS.nesting * 10) return text.slice(0, match.index).split('\n').length;
  }
  return undefined;
}

function faultyOf(parsed: readonly ParsedText[]) {
  return parsed
    .filter(({ faults }) => faults.length > 0)
    .map(({ source: { path, text }, faults }) => ({ file: path, text, faults }));
}
