// The state table: flows that rules with "keep state" let through, and the packets that belong to them (ipfilter.md 5).
import { NotModelled } from '../daemon/call.ts';
import { ICMP, ICMP6, type PacketInfo, RST, SYN, TCP, UDP } from './packet-info.ts';
import type { LoadedRule } from './rule-set.ts';
import { followTcp, openTcp, type TcpState } from './tcp-state.ts';

type Four<T> = [T, T, T, T];

export interface StateEntry {
  /** The rule that made it: its word holds for all packets of the flow. */
  readonly rule: LoadedRule;
  readonly family: PacketInfo['family'];
  readonly protocol: number;
  readonly source: string;
  readonly destination: string;
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly icmpType: number;
  readonly icmpId: number;
  /** Interfaces by direction << 1 | reverse. Empty: not seen yet, any will do. */
  readonly interfaces: Four<string>;
  /** Packets by reverse << 1 | direction, and ICMP errors about them. */
  readonly packets: Four<number>;
  readonly errors: Four<number>;
  readonly tcp?: TcpState;
}

export interface FilterState {
  /** Newest first: that is the order they are searched in. */
  readonly entries: StateEntry[];
  /**
   * The last packet of each direction and interface that no state was kept for, and the rule that matched it last. A packet like it is
   * not searched for again: that rule decides, even where it did not the first time (conformance gateway6-3103021).
   */
  readonly cache: Map<string, { readonly key: string; readonly last: LoadedRule | undefined }>;
  /** How many packets had the addresses of a flow and were no step of it. The kernel takes them all the same (lab.md part 19). */
  refused: number;
}

export function createFilterState(): FilterState {
  return { entries: [], cache: new Map(), refused: 0 };
}

const key = (address: readonly number[]) => address.join('.');
const index = (high: boolean, low: boolean) => ((high ? 2 : 0) + (low ? 1 : 0)) as 0 | 1 | 2 | 3;

/** ICMP types that open a state, by family, and the type of the answer; undefined: none. */
const QUERIES: Readonly<Record<PacketInfo['family'], Readonly<Record<number, number | undefined>>>> = {
  ipv4: { 8: 0, 0: undefined, 13: 14, 15: 16, 17: 18 },
  ipv6: { 128: 129, 130: 131, 133: 134, 135: 136, 139: 140 },
};
const ECHO_REPLIES: Readonly<Record<PacketInfo['family'], number>> = { ipv4: 0, ipv6: 129 };
const ECHOES6 = [128, 129];

/**
 * Makes a state for a packet. undefined: the packet cannot begin one (ipfilter.md, "Added"), or the rule's limit is reached.
 */
export function addState(state: FilterState, packet: PacketInfo, rule: LoadedRule): StateEntry | undefined {
  if (packet.short || packet.hasState || packet.bad) return undefined;
  if (packet.outOfWindow && (packet.tcpFlags & SYN) === 0) return undefined;
  const { keepState, interfaces } = rule.rule;
  if (keepState?.newIsn === true) throw new NotModelled('keep state (newisn)');
  const limit = keepState?.limit ?? 0;
  if (limit !== 0 && state.entries.filter((entry) => entry.rule === rule).length >= limit) return undefined;
  const type = packet.icmp >> 8;
  if (isIcmp(packet) && !(type in QUERIES[packet.family])) return undefined;
  if (packet.protocol === TCP && (packet.tcpFlags & RST) !== 0) return undefined;
  const named = (name: string) => (name === '*' || name === '-' ? '' : name);
  const seen: Four<string> = ['', '', '', ''];
  seen[index(packet.out, true)] = named(interfaces[1]);
  seen[index(!packet.out, false)] = named(interfaces[2]);
  seen[index(!packet.out, true)] = named(interfaces[3]);
  seen[index(packet.out, false)] = packet.interface;
  const packets: Four<number> = [0, 0, 0, 0];
  packets[index(false, packet.out)] = 1;
  const entry: StateEntry = {
    rule,
    family: packet.family,
    protocol: packet.protocol,
    source: key(packet.source),
    destination: key(packet.destination),
    sourcePort: packet.sourcePort,
    destinationPort: packet.destinationPort,
    icmpType: type,
    icmpId: idOf(packet),
    interfaces: seen,
    packets,
    errors: [0, 0, 0, 0],
    ...(packet.protocol === TCP ? { tcp: openTcp(packet, keepState?.strict === true) } : {}),
  };
  state.entries.unshift(entry);
  packet.reverse = false;
  packet.hasState = true;
  return entry;
}

function isIcmp({ family, protocol }: PacketInfo): boolean {
  return protocol === ICMP || (family === 'ipv6' && protocol === ICMP6);
}

/** The id that an ICMP packet is filed under. IPv6 files only echoes by it. */
function idOf({ family, protocol, icmp, icmpId }: PacketInfo): number {
  if (family === 'ipv6' && (protocol !== ICMP6 || !ECHOES6.includes(icmp >> 8))) return 0;
  return icmpId;
}

/** The state a packet belongs to, if any. Follows the flow. */
export function findState(state: FilterState, packet: PacketInfo): StateEntry | undefined {
  if (packet.short || packet.hasState || packet.bad) return undefined;
  const entry =
    findFlow(state, packet) ?? (packet.quoted === undefined ? undefined : findQuoted(state, packet, packet.quoted));
  if (entry === undefined) return undefined;
  entry.packets[index(packet.reverse, packet.out)] += 1;
  packet.hasState = true;
  return entry;
}

function findFlow(state: FilterState, packet: PacketInfo): StateEntry | undefined {
  let [outOfWindow, refused] = [false, false];
  for (const entry of state.entries) {
    if (entry.protocol !== packet.protocol || entry.family !== packet.family) continue;
    if (isIcmp(packet)) {
      if (entry.icmpId === idOf(packet) && belongs(entry, packet) && answers(entry, packet)) return entry;
      continue;
    }
    packet.outOfWindow = false;
    if (!belongs(entry, packet)) continue;
    if (entry.tcp === undefined || followTcp(entry.tcp, packet, entry.sourcePort === packet.sourcePort)) return entry;
    outOfWindow ||= packet.outOfWindow;
    refused = true;
  }
  packet.outOfWindow = outOfWindow;
  if (refused) state.refused += 1;
  return undefined;
}

/** Whether addresses, ports and interface are the flow's, in either direction. Notes the direction, and an interface not seen before. */
function belongs(entry: StateEntry, packet: PacketInfo): boolean {
  const ports = packet.protocol === TCP || packet.protocol === UDP;
  const source = key(packet.source);
  const destination = key(packet.destination);
  const samePorts = packet.sourcePort === entry.sourcePort && packet.destinationPort === entry.destinationPort;
  const crossPorts = packet.sourcePort === entry.destinationPort && packet.destinationPort === entry.sourcePort;
  const reverse = destination !== entry.destination || (ports && !samePorts);
  const place = index(packet.out, reverse);
  const link = entry.interfaces[place];
  if (link !== '' && link !== packet.interface) return false;
  const [from, to] = reverse ? [destination, source] : [source, destination];
  if (from !== entry.source || to !== entry.destination) return false;
  if (ports && !(reverse ? crossPorts : samePorts)) return false;
  entry.interfaces[place] = packet.interface;
  packet.reverse = reverse;
  return true;
}

/** An ICMP packet of the flow: the same question again, or its answer. */
function answers(entry: StateEntry, packet: PacketInfo): boolean {
  const type = packet.icmp >> 8;
  const wanted = packet.reverse ? QUERIES[entry.family][entry.icmpType] : entry.icmpType;
  if (type !== wanted) return false;
  return type !== ECHO_REPLIES[entry.family] || packet.icmpId === entry.icmpId;
}

/** The state of the packet that an ICMP error quotes. */
function findQuoted(state: FilterState, packet: PacketInfo, quoted: PacketInfo): StateEntry | undefined {
  return packet.family === 'ipv4' ? findQuoted4(state, packet, quoted) : findQuoted6(state, packet, quoted);
}

function findQuoted4(state: FilterState, packet: PacketInfo, quoted: PacketInfo): StateEntry | undefined {
  const { protocol } = quoted;
  if (protocol !== TCP && protocol !== UDP && (protocol !== ICMP || quoted.quoted !== undefined)) return undefined;
  for (const entry of state.entries) {
    if (entry.protocol !== protocol || entry.family !== 'ipv4') continue;
    const refused = entry.rule.rule.keepState?.noIcmpErrors === true;
    if (protocol === ICMP && (refused || entry.icmpId !== quoted.icmpId)) continue;
    if (!belongs(entry, quoted)) continue;
    const backward = entry.source !== key(quoted.source);
    packet.reverse = !backward;
    const place = index(!backward, packet.out);
    // One error more than packets were seen the way of the quoted one, and no further.
    if (refused || entry.errors[place] > entry.packets[index(backward, quoted.out)]) {
      if (protocol === ICMP) continue;
      return undefined;
    }
    entry.errors[place] += 1;
    return entry;
  }
  return undefined;
}

/** Errors about a pinged state find nothing (ipfilter.md, "Added"). */
function findQuoted6(state: FilterState, packet: PacketInfo, quoted: PacketInfo): StateEntry | undefined {
  if (quoted.protocol === ICMP6) return undefined;
  for (const entry of state.entries) {
    if (entry.protocol !== quoted.protocol || entry.family !== 'ipv6') continue;
    if (entry.rule.rule.keepState?.noIcmpErrors === true || !belongs(entry, quoted)) continue;
    packet.reverse = entry.destination === key(quoted.source);
    return entry;
  }
  return undefined;
}
