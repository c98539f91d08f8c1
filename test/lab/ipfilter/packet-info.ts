// What the filter engine knows of a packet: the fields it compares, and the properties `with` asks for.
import { parseIpv6 } from './lexer.ts';
import type { Packet } from './packet.ts';
import type { Family } from './rule.ts';

export const ICMP = 1;
export const TCP = 6;
export const UDP = 17;
export const ICMP6 = 58;

export const FIN = 1;
export const SYN = 2;
export const RST = 4;
export const PUSH = 8;
export const ACK = 16;
export const URG = 32;

const FLAG_LETTERS = 'FSRPAUEC';
/** Windows of the conformance data; their TCP headers have no options. */
const WINDOW = 8192;
const TCP_HEADER = 20;
const PROTOCOL_NUMBERS: Readonly<Record<string, number>> = { tcp: TCP, udp: UDP, icmp: ICMP, 'ipv6-icmp': ICMP6 };
const ICMP_ERRORS = new Set([3, 4, 5, 11, 12]);
const ICMP6_ERRORS = new Set([1, 2, 3, 4]);
/** ICMPv6 echo request and reply. */
const ECHOES6 = new Set([128, 129]);
const NEEDS_FRAGMENTATION = 4;
const UNREACHABLE = 3;
/** What engines of illumos take for too small a next-hop MTU. */
const SMALLEST_MTU = 68;

export interface PacketInfo {
  readonly family: Family;
  readonly out: boolean;
  readonly interface: string;
  readonly protocol: number;
  /** Sixteen bytes, IPv4 in the first four. */
  readonly source: readonly number[];
  readonly destination: readonly number[];
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly tcpFlags: number;
  readonly seq: number;
  readonly ack: number;
  readonly window: number;
  /** Bytes behind the IP header, behind the TCP header, and of the whole packet. */
  readonly payload: number;
  readonly tcpData: number;
  readonly length: number;
  /** ICMP type << 8 | code. */
  readonly icmp: number;
  readonly icmpId: number;
  /** The packet quoted in an ICMP error; missing for all others. */
  readonly quoted?: PacketInfo;
  /** Shorter than its kind of packet may be. Described packets are whole. */
  readonly short: boolean;
  /** With fields that contradict each other. */
  readonly bad: boolean;
  readonly natted: boolean;
  /** What the engine notes on the way: outside the window, has a state, goes back along its state. */
  outOfWindow: boolean;
  hasState: boolean;
  reverse: boolean;
}

/** Sixteen bytes of an address. */
export function addressBytes(text: string): readonly number[] {
  const ipv6 = parseIpv6(text);
  if (ipv6 !== undefined) return ipv6;
  return [...text.split('.').map(Number), ...new Array<number>(12).fill(0)];
}

/** What two packets have in common that the engine's cache takes for the same. */
export function cacheKey(packet: PacketInfo): string {
  const { family, protocol, source, destination, sourcePort, destinationPort, tcpFlags, icmp, icmpId } = packet;
  const marks = [packet.bad, packet.natted, packet.outOfWindow, packet.reverse];
  const id = family === 'ipv4' || ECHOES6.has(icmp >> 8) ? icmpId : 0;
  return [family, protocol, source, destination, sourcePort, destinationPort, tcpFlags, icmp, id, marks].join(' ');
}

/** Looks at a packet as the engine does before it searches. */
export function inspect(packet: Packet, natted = false): PacketInfo {
  return inspectAny(packet, packet.dir === 'out', packet.if, natted);
}

function inspectAny(packet: Omit<Packet, 'dir' | 'if'>, out: boolean, link: string, natted: boolean): PacketInfo {
  const family: Family = packet.src.includes(':') ? 'ipv6' : 'ipv4';
  const protocol =
    typeof packet.proto === 'number' ? packet.proto : (PROTOCOL_NUMBERS[packet.proto] ?? Number(packet.proto));
  const type = packet.icmptype ?? 0;
  const error = isError(family, protocol, type);
  const data = packet.len ?? 0;
  const payload = headerLength(protocol, error) + data;
  const tcpFlags = protocol === TCP ? flagBits(packet.flags ?? '') : 0;
  return {
    family,
    out,
    interface: link,
    protocol,
    source: addressBytes(packet.src),
    destination: addressBytes(packet.dst),
    sourcePort: packet.sport ?? 0,
    destinationPort: packet.dport ?? 0,
    tcpFlags,
    seq: packet.seq ?? 0,
    ack: packet.ack ?? 0,
    window: WINDOW,
    payload,
    tcpData: data,
    length: payload + (family === 'ipv6' ? 40 : 20),
    icmp: (type << 8) | (packet.icmpcode ?? 0),
    icmpId: packet.icmpid ?? 0,
    ...(error ? { quoted: inspectAny(packet.inner ?? UNRELATED[family], !out, link, false) } : {}),
    short: false,
    bad: protocol === TCP ? isBadTcp(tcpFlags) : isBadIcmp(packet, protocol, family),
    natted,
    outOfWindow: false,
    hasState: false,
    reverse: false,
  };
}

/** An ICMP error without a quoted packet quotes this one (README of the conformance data). */
const UNRELATED: Readonly<Record<Family, Omit<Packet, 'dir' | 'if'>>> = {
  ipv4: { proto: 'udp', src: '10.99.0.1', sport: 1, dst: '10.99.0.2', dport: 2 },
  ipv6: { proto: 'udp', src: '2001:db8:99::1', sport: 1, dst: '2001:db8:99::2', dport: 2 },
};

function isError(family: Family, protocol: number, type: number): boolean {
  if (family === 'ipv4') return protocol === ICMP && ICMP_ERRORS.has(type);
  return protocol === ICMP6 && ICMP6_ERRORS.has(type);
}

function flagBits(letters: string): number {
  return [...letters].reduce((bits, letter) => bits | (1 << FLAG_LETTERS.indexOf(letter)), 0);
}

function headerLength(protocol: number, error: boolean): number {
  switch (protocol) {
    case TCP:
      return TCP_HEADER;
    case UDP:
      return 8;
    case ICMP:
    case ICMP6:
      return error ? 8 + 48 : 8;
    default:
      return 0;
  }
}

/** Flags that no honest TCP sends (the urgent pointer is never set in our packets). */
function isBadTcp(flags: number): boolean {
  if ((flags & URG) !== 0) return true;
  if ((flags & (SYN | FIN)) !== 0 && (flags & (RST | ACK)) === RST) return true;
  if ((flags & ACK) !== 0) return false;
  return (flags & (RST | SYN)) === 0 || (flags & (URG | PUSH | FIN)) !== 0;
}

/** illumos compares the MTU of "fragmentation needed" without turning its bytes round. */
function isBadIcmp(packet: Omit<Packet, 'dir' | 'if'>, protocol: number, family: Family): boolean {
  if (protocol !== ICMP || family !== 'ipv4') return false;
  if (packet.icmptype !== UNREACHABLE || packet.icmpcode !== NEEDS_FRAGMENTATION) return false;
  const mtu = packet.mtu ?? 0;
  return (((mtu & 0xff) << 8) | (mtu >> 8)) < SMALLEST_MTU;
}
