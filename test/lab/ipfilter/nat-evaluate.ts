// NAT as illumos's engine does it, on described packets: a pure walk over rules and sessions (§7.4, ipfilter.md 3).
// conformance/nat.json, with-nat.json and nat66.json hold it to illumos's own.
import { NotModelled } from '../daemon/call.ts';
import { readAddress } from './format-address.ts';
import { type Flow, flowOf, hasPorts, ICMP, ICMP6, isError, isQuery, isQuotedQuery, packetAfter } from './nat-flow.ts';
import { createRuleTable, fits, type LoadedNat } from './nat-match.ts';
import { makeMap, makeRdr } from './nat-new.ts';
import { type NatRule, sameWords, type Words } from './nat-rule.ts';
import { type Found, findFromInside, findFromOutside, type Key, type NatState } from './nat-state.ts';
import { createSessionTable, swap16 } from './nat-table.ts';
import type { Packet } from './packet.ts';
import { formatNatRule } from './print-nat.ts';

export type { NatState } from './nat-state.ts';

export interface NatOptions {
  /** First address of each interface, by name and family: what 0/32 and 0/128 mean. */
  readonly addresses?: {
    readonly ipv4?: Readonly<Record<string, string>>;
    readonly ipv6?: Readonly<Record<string, string>>;
  };
  /** A whole number from 0 to below the limit. Needed for ranges of ports without `sequential`. */
  readonly random?: (limit: number) => number;
}

/** What NAT did with a packet. */
export type NatResult =
  | { readonly outcome: 'untouched' | 'translated'; readonly packet: Packet }
  /** No session could be made: the packet goes no further. */
  | { readonly outcome: 'blocked' };

/** NAT with these rules loaded in this order, and no sessions. */
export function createNatState(rules: readonly NatRule[], options: NatOptions = {}): NatState {
  const maps = createRuleTable(({ inner }) => inner);
  const rdrs = createRuleTable(({ outer }) => outer);
  for (const rule of rules) {
    const loaded = load(rule);
    if (rule.kind === 'rdr' || rule.kind === 'bimap') rdrs.add(loaded);
    if (rule.kind !== 'rdr') maps.add(loaded);
  }
  return {
    maps,
    rdrs,
    sessions: createSessionTable(),
    pairs: [],
    random:
      options.random ??
      (() => {
        throw new NotModelled('a range of ports without "sequential": illumos picks at random');
      }),
    addressOf(version, name) {
      const text = options.addresses?.[version === 4 ? 'ipv4' : 'ipv6']?.[name];
      return text === undefined ? undefined : readAddress(text);
    },
  };
}

function load(rule: NatRule): LoadedNat {
  const { version, outer, inner } = rule;
  const isMap = rule.kind === 'map' || rule.kind === 'bimap';
  const single =
    rule.flags.has('range') || rule.flags.has('split') || isWhole(version, outer.mask) || isNone(version, outer.mask);
  const start = rule.flags.has('split') && rule.kind === 'rdr' ? inner.address : outer.address;
  const refused = version === 6 && isMap && (!single || rule.flags.has('range'));
  if (refused && !(rule.kind === 'bimap' && sameWords(inner.mask, outer.mask))) {
    throw new NotModelled(`an IPv6 map to several addresses: "${formatNatRule(rule)}" (illumos breaks the address)`);
  }
  if (rule.kind === 'bimap' && rule.low !== 0) throw new NotModelled(`ports of a bimap: "${formatNatRule(rule)}"`);
  return {
    rule,
    nextPort: isMap ? rule.low : 0,
    nextAddress: single || version === 6 ? start : [(start[0] + 1) >>> 0, 0, 0, 0],
  };
}

const isWhole = (version: 4 | 6, mask: Words) =>
  (version === 4 ? [mask[0]] : mask).every((word) => word === 0xffffffff);
const isNone = (version: 4 | 6, mask: Words) => (version === 4 ? [mask[0]] : mask).every((word) => word === 0);

/** A packet that comes in: answers to mapped sessions go back inside, rdr and bimap take theirs. Before the filter. */
export function natIn(state: NatState, packet: Packet): NatResult {
  return translate(state, packet, 'in', undefined);
}

/**
 * A packet that leaves, after the filter let it: answers of redirected sessions, then map and bimap.
 * `decided`: a filter rule or its state let it pass, which matters to rules with a tag.
 */
export function natOut(state: NatState, packet: Packet, decided = false): NatResult {
  return translate(state, packet, 'out', decided);
}

function translate(state: NatState, packet: Packet, direction: 'in' | 'out', decided: boolean | undefined): NatResult {
  const flow = flowOf(packet);
  const out = direction === 'out';
  const quoting = isIcmp(flow) && !isQuery(flow) ? quotedSession(state, flow, packet.if, out) : undefined;
  if (quoting !== undefined) {
    correctQuotation(flow, quoting);
    if (out) flow.source = quoting.outer;
    else flow.destination = quoting.inner;
    return { outcome: 'translated', packet: packetAfter(packet, flow) };
  }
  const session = knownSession(state, flow, packet.if, out) ?? newSession(state, flow, packet.if, direction, decided);
  if (session === 'failed') return { outcome: 'blocked' };
  if (session === undefined) return { outcome: 'untouched', packet };
  if (out) applyOut(flow, session);
  else applyIn(flow, session);
  return { outcome: 'translated', packet: packetAfter(packet, flow) };
}

const isIcmp = ({ version, protocol }: Flow) => protocol === (version === 4 ? ICMP : ICMP6);

function applyOut(flow: Flow, session: Found): void {
  if (session.outerPort !== 0 && session.kind === 'ports') flow.sourcePort = swap16(session.outerPort);
  if (session.outerPort !== 0 && session.kind === 'query') flow.icmpId = swap16(session.outerPort);
  flow.source = session.outer;
}

function applyIn(flow: Flow, session: Found): void {
  flow.destination = session.inner;
  if (session.innerPort !== 0 && session.kind === 'ports') flow.destinationPort = swap16(session.innerPort);
  if (session.innerPort !== 0 && session.kind === 'query') flow.icmpId = swap16(session.innerPort);
}

function keyOf(flow: Flow): Key {
  const ports = hasPorts(flow);
  return {
    protocol: flow.protocol,
    sourcePort: ports ? swap16(flow.sourcePort) : 0,
    destinationPort: ports ? swap16(flow.destinationPort) : isIcmp(flow) ? swap16(flow.icmpId) : 0,
    quoted: false,
  };
}

function knownSession(state: NatState, flow: Flow, name: string, out: boolean): Found | undefined {
  const key = keyOf(flow);
  if (out) return findFromInside(state, flow.version, name, key, flow.source, flow.destination);
  return findFromOutside(state, flow.version, name, key, flow.source, flow.destination);
}

/** The session an ICMP error is about: it has to be addressed to the sender of the quoted packet. */
function quotedSession(state: NatState, flow: Flow, name: string, out: boolean): Found | undefined {
  const { version, quoted } = flow;
  if (quoted === undefined || !isError(flow) || !sameWords(flow.destination, quoted.source)) return undefined;
  const key: Key = hasPorts(quoted)
    ? {
        protocol: quoted.protocol,
        sourcePort: swap16(quoted.destinationPort),
        destinationPort: swap16(quoted.sourcePort),
        quoted: false,
      }
    : {
        protocol: quoted.protocol,
        sourcePort: isQuotedQuery(quoted) ? swap16(quoted.icmpId) : 0,
        destinationPort: 0,
        quoted: isQuotedQuery(quoted),
      };
  const find = out ? findFromInside : findFromOutside;
  return find(state, version, name, key, quoted.destination, quoted.source);
}

/** Makes the quotation in an ICMP error the packet that its receiver sent. */
function correctQuotation({ quoted }: Flow, session: Found): void {
  if (quoted === undefined) return;
  if (sameWords(quoted.destination, session.other)) quoted.source = session.inner;
  else quoted.destination = session.outer;
  if (hasPorts(quoted)) {
    const [innerPort, outerPort, otherPort] = [session.innerPort, session.outerPort, session.otherPort].map(swap16);
    if (quoted.destinationPort === otherPort && quoted.sourcePort !== innerPort) quoted.sourcePort = innerPort ?? 0;
    else if (quoted.sourcePort === otherPort && quoted.destinationPort !== outerPort) {
      quoted.destinationPort = outerPort ?? 0;
    }
  } else if (isIcmp(quoted) && session.outbound) quoted.icmpId = swap16(session.innerPort);
}

/** Asks the rules in order. "failed": some fitted, none could make a session. */
function newSession(
  state: NatState,
  flow: Flow,
  name: string,
  direction: 'in' | 'out',
  decided: boolean | undefined,
): Found | 'failed' | undefined {
  const out = direction === 'out';
  const table = out ? state.maps : state.rdrs;
  let failed = false;
  for (const loaded of table.candidates(flow.version, out ? flow.source : flow.destination)) {
    if (!fits(loaded.rule, flow, direction, name)) continue;
    if (out && decided === true && loaded.rule.tag !== '') throw new NotModelled('tag of a NAT rule with filter rules');
    const made = state.sessions.full ? undefined : make(state, flow, name, loaded, out);
    if (made !== undefined) return made;
    failed = true;
  }
  return failed ? 'failed' : undefined;
}

function make(state: NatState, flow: Flow, name: string, loaded: LoadedNat, out: boolean): Found | undefined {
  const made = (out ? makeMap : makeRdr)(state, flow, name, loaded);
  if (made === undefined) return undefined;
  const { session, move } = made;
  if (move && session.rule.rule.flags.has('round-robin')) {
    const { kind } = session.rule.rule;
    if (kind === 'rdr') state.rdrs.moveBack(session.rule);
    else if (kind === 'map') state.maps.moveBack(session.rule);
  }
  return state.sessions.insert(session) ? session : undefined;
}
