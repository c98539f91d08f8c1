import { addressValue } from '../domain/address.ts';
import type { FilterRule } from './filter-rule.ts';
import { numberOf, type Passing } from './packet.ts';
import { inRange } from './words.ts';

/** What rules make of a packet that no state lets through. */
export interface Decision {
  readonly verdict: 'pass' | 'block';
  /** The rule that decided. Missing: none did, and then a packet passes. */
  readonly rule?: FilterRule;
}

/** Rules in the order in which they are asked, made ready once. */
export interface Filter {
  decide(packet: Passing): Decision;
}

/** Rules that are asked one after the other. */
interface List {
  readonly rules: FilterRule[];
  /** Made at the first packet: which of them can be about a target, by their places. */
  places?: (target: bigint) => readonly number[];
}

/** Many rules are about one target each; only those of the packet's are looked at, in the order of the file. */
function createPlaces(rules: readonly FilterRule[]): (target: bigint) => readonly number[] {
  const any: number[] = [];
  const byTarget = new Map<bigint, number[]>();
  // Who skips counts all rules.
  const counted = rules.some(({ action }) => action === 'skip');
  for (const [place, { target }] of rules.entries()) {
    const { range, not } = target;
    const isOne =
      !counted &&
      range !== undefined &&
      !not &&
      (range.length === 128 || (range.length === 32 && range.mask >> 32n === 0n));
    if (!isOne) any.push(place);
    else if (byTarget.get(range.value)?.push(place) === undefined) byTarget.set(range.value, [place]);
  }
  const merged = new Map([...byTarget].map(([target, places]) => [target, [...any, ...places].sort((x, y) => x - y)]));
  return (target) => merged.get(target) ?? any;
}

/**
 * Makes rules ready. The last that matches decides, unless one says quick; a head that matches has its group asked, and
 * decides where no member does. Rules that count have no say, and are not skipped over (ipfilter.md, 5).
 */
export function createFilter(rules: readonly FilterRule[]): Filter {
  const top: Record<'in' | 'out', List> = { in: { rules: [] }, out: { rules: [] } };
  const groups = new Map<string, List>();
  const groupOf = (direction: string, name: string) => {
    const key = `${direction} ${name}`;
    const known = groups.get(key) ?? { rules: [] };
    groups.set(key, known);
    return known;
  };
  for (const rule of rules) {
    if (rule.action === 'count') continue;
    const list = rule.group === undefined ? top[rule.direction] : groupOf(rule.direction, rule.group);
    list.rules.push(rule);
  }

  function scan(of: List, packet: Seen, before: Decision): { decision: Decision; stop: boolean } {
    const { rules: list } = of;
    of.places ??= createPlaces(list);
    const { places } = of;
    let decision = before;
    let next = 0;
    for (const place of places(packet.to)) {
      const rule = list[place] as FilterRule;
      if (place < next || !matches(rule, packet)) continue;
      if (rule.action === 'skip') {
        next = place + rule.skip + 1;
        continue;
      }
      // It is written down, and goes on.
      if (rule.action === 'log') continue;
      const own: Decision = { verdict: rule.action === 'pass' ? 'pass' : 'block', rule };
      if (rule.head === undefined) {
        decision = own;
        if (rule.quick) return { decision, stop: true };
        continue;
      }
      const inner = scan(groupOf(rule.direction, rule.head), packet, own);
      decision = inner.decision;
      if (inner.stop || (decision === own && rule.quick)) return { decision, stop: true };
    }
    return { decision, stop: false };
  }

  return {
    decide(packet) {
      const seen = {
        ...packet,
        number: numberOf(packet),
        from: addressValue(packet.source),
        to: addressValue(packet.target),
      };
      return scan(top[packet.direction], seen, { verdict: 'pass' }).decision;
    },
  };
}

interface Seen extends Passing {
  readonly number: number;
  readonly from: bigint;
  readonly to: bigint;
}

function matches(rule: FilterRule, packet: Seen): boolean {
  if (rule.link !== undefined && rule.link !== packet.link) return false;
  if (rule.protocols !== undefined && !rule.protocols.includes(packet.number)) return false;
  if (!matchesEnd(rule.source, packet.from, packet.sourcePort)) return false;
  if (!matchesEnd(rule.target, packet.to, packet.targetPort)) return false;
  if (rule.flags !== undefined && !matchesFlags(rule.flags, packet.flags)) return false;
  if (rule.translated !== undefined && rule.translated !== (packet.direction === 'in' && packet.translated === true))
    return false;
  const { icmp } = rule;
  if (icmp === undefined) return true;
  return packet.icmpType === icmp.type && (icmp.code === undefined || packet.icmpCode === icmp.code);
}

function matchesEnd(
  { range, not, port }: FilterRule['source'],
  address: bigint,
  packetPort: number | undefined,
): boolean {
  if (range !== undefined && inRange(address, range) === not) return false;
  return port === undefined || (packetPort !== undefined && port(packetPort));
}

function matchesFlags({ set, of }: { readonly set: string; readonly of: string }, flags: string | undefined): boolean {
  if (flags === undefined) return false;
  return [...of].every((flag) => flags.includes(flag) === set.includes(flag));
}

/** Whether a packet can begin a state: what cannot is blocked by a rule that would keep one (ipf6-verdicts.json). */
export function canBeginState({ protocol, flags = '', icmpType }: Passing): boolean {
  if (protocol === 'tcp') return flags.includes('S') && !/[AFR]/.test(flags);
  if (protocol === 'icmp') return icmpType === 8 || icmpType === 13 || icmpType === 15 || icmpType === 17;
  if (protocol === 'ipv6-icmp') return icmpType === 128;
  return true;
}
