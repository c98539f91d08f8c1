// The filter engine as a pure walk over rules, state and one described packet (§7.4, ipfilter.md 5).
// conformance/ipf-verdicts.json and ipf6-verdicts.json hold it to illumos's own.
import { NotModelled } from '../daemon/call.ts';
import type { Packet } from './packet.ts';
import { cacheKey, ICMP, ICMP6, inspect, type PacketInfo, TCP, UDP } from './packet-info.ts';
import type { AddressMatch, FilterRule, Match, PortMatch, Property } from './rule.ts';
import { type LoadedRule, listOf, type RuleList, type RuleSet } from './rule-set.ts';
import { addState, type FilterState, findState } from './state.ts';

export { createFilterState, type FilterState } from './state.ts';

/** "nomatch": no rule decided, the packet passes. */
export type Verdict = 'pass' | 'block' | 'nomatch' | `block ${'return-rst' | 'return-icmp' | 'return-icmp-as-dest'}`;

export interface EvaluateOptions {
  /** NAT has just changed the packet (`with nat`; ipfilter.md, "Added"). */
  readonly natted?: boolean;
  /** Whether the engine remembers the packet before; true unless said. The kernel's stand-in does not. */
  readonly cached?: boolean;
}

interface Walk {
  readonly packet: PacketInfo;
  readonly state: FilterState;
  /** The rule that matched last, which need not be the one that decides. */
  last: LoadedRule | undefined;
  depth: number;
  /** A rule that only logs matched: such packets are not cached. */
  logged: boolean;
  readonly cached: boolean;
}

const MAX_DEPTH = 16;

/** Whether a verdict lets the packet through. */
export function passes(verdict: Verdict): boolean {
  return verdict === 'pass' || verdict === 'nomatch';
}

/** What the filter says to one packet; counts hits and follows the state table. */
export function evaluate(
  set: RuleSet,
  state: FilterState,
  packet: Packet,
  { natted = false, cached = true }: EvaluateOptions = {},
): Verdict {
  const walk: Walk = { packet: inspect(packet, natted), state, last: undefined, depth: 0, logged: false, cached };
  if (packet.dir === 'in') count(set, walk);
  const verdict = decide(set, walk);
  if (packet.dir === 'out' && passes(verdict)) count(set, walk);
  return verdict;
}

/** Rules that only count have lists of their own: every packet that gets that far meets them (ipfilter.md 5). */
function count(set: RuleSet, walk: Walk): void {
  const { family, out } = walk.packet;
  search(listOf(set, family, out ? 'out' : 'in', 'count'), walk, undefined);
  walk.last = undefined;
  walk.logged = false;
}

function decide(set: RuleSet, walk: Walk): Verdict {
  const { packet, state } = walk;
  const known = findState(state, packet);
  if (known !== undefined) return verdictOf(known.rule.rule);
  const decided = decidingRule(listOf(set, packet.family, packet.out ? 'out' : 'in', 'filter'), walk);
  if (decided === undefined) return 'nomatch';
  if (decided.rule.keepState !== undefined && !packet.hasState) {
    const added = addState(state, packet, walk.last ?? decided);
    if (added === undefined && decided.rule.action === 'pass') return 'block';
  }
  return verdictOf(decided.rule);
}

/** The rule that decides: that of a packet like it just before, or what a search finds. */
function decidingRule(list: RuleList, walk: Walk): LoadedRule | undefined {
  if (list.rules.length === 0) return undefined;
  const { packet, state } = walk;
  const slot = `${packet.out ? 'out' : 'in'} ${packet.interface}`;
  const key = cacheKey(packet);
  const cached = state.cache.get(slot);
  if (walk.cached && cached?.key === key) {
    walk.last = cached.last;
    if (cached.last !== undefined) hit(cached.last, packet);
    return cached.last;
  }
  const decided = search(list, walk, undefined);
  if (decided?.rule.keepState === undefined && !walk.logged) state.cache.set(slot, { key, last: walk.last });
  return decided;
}

function hit(loaded: LoadedRule, { length }: PacketInfo): void {
  loaded.hits += 1;
  loaded.bytes += length;
}

function verdictOf(rule: FilterRule): Verdict {
  if (rule.action === 'auth') throw new NotModelled('auth');
  if (rule.packetsPerSecond !== 0) throw new NotModelled('pps');
  if (rule.answer !== undefined) return `block ${rule.answer}`;
  // Whatever is not pass is dropped.
  return rule.action === 'pass' ? 'pass' : 'block';
}

/** Goes through a list and the groups below it; the rule that decides, or the one that decided before. */
function search({ rules }: RuleList, walk: Walk, before: LoadedRule | undefined): LoadedRule | undefined {
  if (walk.depth >= MAX_DEPTH || rules.length === 0) return before;
  walk.depth += 1;
  walk.last = undefined;
  let decided = before;
  let skip = 0;
  for (const loaded of rules) {
    if (skip > 0) {
      skip -= 1;
      continue;
    }
    if (!matches(loaded.rule, walk.packet)) continue;
    const previous = decided;
    hit(loaded, walk.packet);
    walk.last = loaded;
    if (loaded.rule.action === 'skip') skip = loaded.skip;
    else if (loaded.rule.action === 'log') walk.logged = true;
    else decided = loaded;
    if (loaded.members !== undefined) {
      walk.last = undefined;
      decided = search(loaded.members, walk, decided);
      walk.last ??= loaded;
    }
    if (decided?.rule.quick !== true) continue;
    if (decided.rule.keepState === undefined || walk.packet.hasState) break;
    if (addState(walk.state, walk.packet, walk.last) !== undefined) break;
    // A quick rule that cannot keep state counts as not matching.
    decided = previous;
  }
  walk.depth -= 1;
  return decided;
}

/** Whether a rule matches a packet of its direction and family. */
function matches(rule: FilterRule, packet: PacketInfo): boolean {
  const [on] = rule.interfaces;
  if (on !== '' && on !== '*' && on !== '-' && on !== packet.interface) return false;
  if (rule.match !== undefined && (rule.family !== packet.family || !matchesConditions(rule.match, packet)))
    return false;
  if (rule.direction === 'in' && rule.natTag !== '') {
    if (packet.natted) throw new NotModelled('match-tag on a translated packet');
    return false;
  }
  return !(rule.keepState !== undefined && packet.outOfWindow);
}

function matchesConditions(match: Match, packet: PacketInfo): boolean {
  if (match.tos !== undefined || match.ttl !== undefined) throw new NotModelled('tos and ttl of described packets');
  if (match.protocol !== undefined && match.protocol !== packet.protocol) return false;
  if (match.options.bits !== 0 || match.securityClasses.bits !== 0) return false;
  if (
    !matchesAddress(match.source, packet.source, packet) ||
    !matchesAddress(match.destination, packet.destination, packet)
  ) {
    return false;
  }
  const transport = packet.protocol === TCP || packet.protocol === UDP;
  if (match.tcpUdp !== undefined && (!match.tcpUdp.looked || !transport)) return false;
  for (const [property, wanted] of match.properties) if (hasProperty(property, packet) !== wanted) return false;
  return transport ? matchesPorts(match, packet) : matchesIcmp(match, packet);
}

/**
 * The address's own bits outside the mask are compared too: an IPv6 prefix with host bits matches nothing, and its negation everything
 * (ipfilter.md, "Added").
 */
function matchesAddress(
  { kind, not, address, mask }: AddressMatch,
  own: readonly number[],
  { family }: PacketInfo,
): boolean {
  if (kind !== 'address') throw new NotModelled(`${kind} as an address of a filter rule`);
  const bytes = family === 'ipv6' ? 16 : 4;
  const equal = own.slice(0, bytes).every((byte, i) => (byte & (mask[i] ?? 0)) === address[i]);
  return equal !== not;
}

function hasProperty(property: Property, packet: PacketInfo): boolean {
  switch (property) {
    case 'nat':
      return packet.natted;
    case 'short':
      return packet.short;
    case 'bad':
      return packet.bad;
    case 'oow':
      return packet.outOfWindow;
    case 'state':
      return packet.hasState;
    default:
      // Described packets are no fragments, have no options, a fair ttl, and one receiver.
      return false;
  }
}

function matchesPorts({ source, destination, tcpFlags }: Match, packet: PacketInfo): boolean {
  if (!matchesPort(destination.port, packet.destinationPort) || !matchesPort(source.port, packet.sourcePort))
    return false;
  if (packet.protocol !== TCP || tcpFlags.mask === 0) return true;
  return (packet.tcpFlags & tcpFlags.mask) === tcpFlags.bits;
}

function matchesPort(wanted: PortMatch | undefined, port: number): boolean {
  if (wanted === undefined) return true;
  const { operator, low, high } = wanted;
  switch (operator) {
    case '=':
      return port === low;
    case '!=':
      return port !== low;
    case '<':
      return port < low;
    case '>':
      return port > low;
    case '<=':
      return port <= low;
    case '>=':
      return port >= low;
    case '<>':
      return port < low || port > high;
    case '><':
      return port > low && port < high;
    case ':':
      return port >= low && port <= high;
  }
}

/** What is neither TCP nor UDP has no ports and no flags to match, and only ICMP has a type. */
function matchesIcmp({ source, destination, tcpFlags, icmp }: Match, packet: PacketInfo): boolean {
  if (source.port !== undefined || destination.port !== undefined || tcpFlags.bits !== 0 || tcpFlags.mask !== 0)
    return false;
  if (icmp.bits === 0 && icmp.mask === 0) return true;
  return (packet.protocol === ICMP || packet.protocol === ICMP6) && (packet.icmp & icmp.mask) === icmp.bits;
}
