import { OperatorError } from './errors.ts';
import { formatPrefix, type Prefix, parsePrefix } from './prefix.ts';
import { formatWords, parseRule, type RuleWords } from './rule.ts';

/** A rule with addresses in place of names: what a zone is told. Empty: nobody, so that it never matches. */
export interface ResolvedRule extends RuleWords {
  readonly from: 'any' | readonly Prefix[];
  readonly to: 'any' | readonly Prefix[];
}

/** A rule of metadata: "allow in tcp from any to 10.2.0.2/32,10.2.0.3/32 port 22"; "none" stands for nobody. */
export function formatResolvedRule(rule: ResolvedRule): string {
  return formatWords(rule, formatPrefixes(rule.from), formatPrefixes(rule.to));
}

/** @throws {OperatorError} as `parseRule` */
export function parseResolvedRule(text: string): ResolvedRule {
  const [, head, from = '', middle, to = '', tail] = /^(.*? from )(\S+)( .*?\bto )(\S+)(.*)$/.exec(text) ?? [];
  if (head === undefined) {
    throw new OperatorError('VALUE_INVALID', `Cannot read "${text}" as a rule: it does not say from whom and to whom`);
  }
  const { from: _, to: __, ...words } = parseRule(`${head}any${middle}any${tail}`);
  return { ...words, from: parsePrefixes(from), to: parsePrefixes(to) };
}

const formatPrefixes = (who: 'any' | readonly Prefix[]) =>
  who === 'any' ? who : who.length === 0 ? 'none' : who.map(formatPrefix).join(',');

function parsePrefixes(text: string): 'any' | readonly Prefix[] {
  if (text === 'any') return text;
  return text === 'none' ? [] : text.split(',').map(parsePrefix);
}
