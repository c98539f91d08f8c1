import { type Family, familyOf } from '../domain/address.ts';
import type { PortRange } from '../domain/port.ts';
import { formatPrefix } from '../domain/prefix.ts';
import type { ResolvedRule } from '../domain/resolved-rule.ts';

/** A rule of the operator as lines of ipf. */
export interface FilterRule {
  /** What is written above the lines; none or one. */
  readonly notes: readonly string[];
  readonly lines: readonly string[];
}

/**
 * The rules of one family as lines of ipf, in their order. A line that stands already is left out, since the kernel
 * refuses a rule twice (ipfilter.md, 1); so is a rule that has no line of that family.
 */
export function filterRules(rules: readonly ResolvedRule[], family: Family): FilterRule[] {
  const seen = new Set<string>();
  return rules.flatMap((rule): FilterRule[] => {
    const lines = linesOf(rule, family).filter((line) => !seen.has(line));
    for (const line of lines) seen.add(line);
    return lines.length === 0 ? [] : [{ notes: rule.note === undefined ? [] : [rule.note], lines }];
  });
}

/**
 * What a member lets through behind its rules, by the same reason without a line that stands already: what it asks for is
 * remembered, so that a rule that closes it to others lets the answers in. ICMP without a state to keep passes as it is.
 */
export function ownLines(rules: readonly FilterRule[], family: Family): string[] {
  const echo =
    family === 'inet' ? 'proto icmp from any to any icmp-type 8' : 'proto ipv6-icmp from any to any icmp-type 128';
  const lines = [
    'pass out quick proto tcp from any to any flags S keep state',
    'pass out quick proto udp from any to any keep state',
    `pass out quick ${echo} keep state`,
    'pass out quick all',
    'pass in quick all',
  ];
  return lines.filter((line) => !rules.some((rule) => rule.lines.includes(line)));
}

function linesOf(rule: ResolvedRule, family: Family): string[] {
  const { from, to, fromPorts, toPorts } = rule;
  const ends = (who: ResolvedRule['from']) =>
    who === 'any' ? ['any'] : who.filter((one) => familyOf(one.address) === family).map(formatPrefix);
  return ends(from).flatMap((source) =>
    ends(to).flatMap((target) =>
      ways(rule, family).map(({ head, protocol, tail }) =>
        [head, protocol, `from ${source}${port(fromPorts)} to ${target}${port(toPorts)}`, tail]
          .filter((part) => part !== '')
          .join(' '),
      ),
    ),
  );
}

interface Way {
  /** "pass in quick". */
  readonly head: string;
  /** "proto tcp"; empty: every protocol. */
  readonly protocol: string;
  /** "flags S keep state". */
  readonly tail: string;
}

/**
 * How a rule is said, a line each. What is allowed is remembered, so that answers pass: of TCP from its first packet on.
 * Of "any" that is TCP, UDP and ICMP; what has no state to keep would pass one way only. What comes in and is rejected is
 * answered where ipf can: TCP by a reset, the rest of IPv4 by an unreachable port.
 */
function ways({ action, direction, log, protocol }: ResolvedRule, family: Family): Way[] {
  const icmp = family === 'inet' ? 'icmp' : 'ipv6-icmp';
  const named = protocol === 'tcp/udp' ? ['tcp', 'udp'] : [protocol === 'icmp' ? icmp : `${protocol}`];
  if (action === 'allow') {
    return (protocol === 'any' ? ['tcp', 'udp', icmp] : named).map((one) => ({
      head: `pass ${direction}${log ? ' log first' : ''} quick`,
      protocol: `proto ${one}`,
      tail: one === 'tcp' ? 'flags S keep state' : 'keep state',
    }));
  }
  const block = (one: string, answer = ''): Way => ({
    head: `block${answer} ${direction}${log ? ' log' : ''} quick`,
    protocol: one === EVERY ? '' : `proto ${one}`,
    tail: '',
  });
  if (action === 'block') return [block(protocol === 'any' ? EVERY : protocol === 'icmp' ? icmp : `${protocol}`)];
  const unreachable = family === 'inet' ? ' return-icmp-as-dest(port-unr)' : '';
  const answers: Readonly<Record<string, string>> = { tcp: ' return-rst', udp: unreachable };
  return (protocol === 'any' ? ['tcp', 'udp', EVERY] : named).map((one) => block(one, answers[one]));
}

/** In the place of a protocol: all that is left. */
const EVERY = '';

function port(range: PortRange | undefined): string {
  if (range === undefined) return '';
  return range.first === range.last ? ` port = ${range.first}` : ` port ${range.first}:${range.last}`;
}
