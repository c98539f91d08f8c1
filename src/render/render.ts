import { edition, filesIni, partials as shippedPartials, templates as shippedTemplates } from 'zonenet:templates';
import runtime, { type Template, type TemplateSpec } from 'handlebars/runtime.js';
import { OperatorError } from '../domain/errors.ts';
import { faultsErrorOfAll } from '../domain/fault.ts';
import { digestOf } from './digest.ts';
import { guardedEach } from './guarded-each.ts';
import { valueHelpers } from './helpers.ts';
import { LIMITS } from './limits.ts';
import { templateError } from './template-error.ts';

/** Where the shipped templates are, for the header of what they write. */
export const SHIPPED_TEMPLATES = '/opt/zonenet/templates';

/** Text of the shipped files.ini. */
export const SHIPPED_FILES = filesIni;

/** File names of the shipped templates. */
export function shippedNames(): string[] {
  return Object.keys(shippedTemplates);
}

/** File names of the shipped partials, "partials/banner.hbs". */
export function shippedPartialNames(): string[] {
  return Object.keys(shippedPartials).map((name) => `partials/${name}`);
}

/** A template or partial of a site, in place of the shipped one of that name. */
export interface TemplateOverride {
  /** File name, "ipf.conf.hbs"; of a partial "partials/banner.hbs". */
  readonly name: string;
  readonly path: string;
  readonly text: string;
}

/** Renders a template for what it is given (`viewOf`). Same templates and view, same bytes. */
export type Renderer = (template: string, view: object) => string;

/** Overrides, checked and compiled: JavaScript source by name. */
export interface Compiled {
  /** What it was made from: `compilationKey`. */
  readonly key: string;
  readonly code: Readonly<Record<string, string>>;
}

/** Names what a compilation is good for: these overrides, for these templates, with this software. In hexadecimal. */
export function compilationKey(overrides: readonly TemplateOverride[], templates: readonly string[]): string {
  const texts = overrides.map(({ name, path, text }) => [name, path, text]).sort();
  return digestOf(JSON.stringify([edition, texts, [...templates].sort()]));
}

/**
 * Checks and compiles the overrides that `templates` use. The compiler is loaded only for that.
 *
 * @throws {OperatorError} TEMPLATE_INVALID naming every fault with its place
 */
export async function compileOverrides(
  overrides: readonly TemplateOverride[],
  templates: readonly string[],
): Promise<Compiled> {
  const key = compilationKey(overrides, templates);
  if (overrides.length === 0) return { key, code: {} };
  const { checkAndCompile } = await import('zonenet:compiler');
  const result = checkAndCompile(overrides, templates);
  if ('code' in result) return { key, code: result.code };
  throw faultsErrorOfAll('TEMPLATE_INVALID', result.faulty);
}

/** Makes the renderer of a zone from the overrides that won the look-up, and from what was compiled of them. */
export function createRenderer(overrides: readonly TemplateOverride[], { code }: Pick<Compiled, 'code'>): Renderer {
  const specs = new Map(Object.entries(code).map(([name, source]) => [name, evaluate(source)]));
  const texts = new Map(overrides.map((override) => [override.name, override]));
  const partialNames = new Set([
    ...Object.keys(shippedPartials).map((name) => `partials/${name}`),
    ...[...specs.keys()].filter((name) => name.startsWith('partials/')),
  ]);
  const partials = Object.fromEntries(
    [...partialNames].flatMap((name) => {
      const found = find(name);
      return found === undefined ? [] : [[name.slice('partials/'.length, -'.hbs'.length), found.template]];
    }),
  );

  function find(name: string): { template: Template; path: string } | undefined {
    const own = specs.get(name);
    const shipped = name.startsWith('partials/')
      ? shippedPartials[name.slice('partials/'.length)]
      : shippedTemplates[name];
    const spec = own ?? shipped;
    if (spec === undefined) return undefined;
    const override = own === undefined ? undefined : texts.get(name);
    const path = override?.path ?? `${SHIPPED_TEMPLATES}/${name}`;
    return { template: explained(runtime.template(spec), { path, text: override?.text }), path };
  }

  return (name, view) => {
    const found = find(name);
    if (found === undefined) {
      throw new OperatorError('TEMPLATE_INVALID', `Cannot find template "${name}"`, {
        hint: `Looked for it in /etc/zonenet/templates, /etc/zonenet/host/templates and ${SHIPPED_TEMPLATES}`,
      });
    }
    const { template, path } = found;
    const helpers = { ...valueHelpers, each: guardedEach() };
    const text = template({ template: { name, path }, ...view }, { partials, helpers });
    if (text.length <= LIMITS.output) return text;
    const message = `Cannot use template "${path}": it makes a file of ${text.length} characters`;
    throw new OperatorError('TEMPLATE_INVALID', message, { hint: `A file has at most ${LIMITS.output}` });
  };
}

/** What the compiler made: ours, in this process or kept with a digest. */
function evaluate(source: string): TemplateSpec {
  const spec: unknown = new Function(`return ${source}`)();
  return spec as TemplateSpec;
}

/** The template, with its place put to whatever it throws. A partial's mistake is named by the partial itself. */
function explained(template: Template, place: { path: string; text: string | undefined }): Template {
  const wrapped: Template = (view, options) => {
    try {
      return template(view, options);
    } catch (error) {
      throw templateError(error, { ...place, view });
    }
  };
  return wrapped;
}
