// Rules of a text, loaded into a set of their own: what `ipf -f` does on a fresh stack.
import { createSession, type ParseEnding, parseFilter } from './parse-filter.ts';
import { printRule } from './print-filter.ts';
import type { Family } from './rule.ts';
import { addRule, emptyRuleSet, type RuleSet } from './rule-set.ts';

export interface LoadResult {
  /** The rules that were loaded, also those before a failure. */
  readonly set: RuleSet;
  readonly ending: ParseEnding;
  /** The lines that `-v` prints, in the order of reading. */
  readonly printed: readonly string[];
  /** What the engine answered to each rule: 0, or an errno. */
  readonly errnos: readonly number[];
  /** The lines on stderr. */
  readonly warnings: readonly string[];
}

/** Bytes as one-byte characters, as the scanner has them, turned into text. */
export function decode(bytes: string): string {
  return Buffer.from(bytes, 'latin1').toString('utf8');
}

/**
 * Loads a file's text (or bytes) into an empty set, or into the one given.
 * Not "done" means that ipf would have exited with 1 or died; the rules before that place are loaded all the same.
 */
export function loadFilter(text: string | Uint8Array, family: Family, set: RuleSet = emptyRuleSet()): LoadResult {
  const printed: string[] = [];
  const errnos: number[] = [];
  const warnings: string[] = [];
  const file = typeof text === 'string' ? Buffer.from(text) : text;
  const ending = parseFilter(createSession(), file, family, {
    rule(rule) {
      printed.push(decode(printRule(rule)));
      errnos.push(addRule(set, rule));
    },
    table: (lines) => printed.push(...lines),
    loopback: () => {},
    warn: (line) => warnings.push(decode(line)),
  });
  return { set, ending, printed, errnos, warnings };
}
