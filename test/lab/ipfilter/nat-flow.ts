// A described packet as NAT sees and changes it.
import { formatAddress, readAddress } from './format-address.ts';
import { protocolNumber } from './names.ts';
import type { Words } from './nat-rule.ts';
import type { Packet } from './packet.ts';

export const ICMP = 1;
export const TCP = 6;
export const UDP = 17;
export const ICMP6 = 58;

/** Addresses, ports and ICMP id are NAT's to change; all numbers as people write them. */
export interface Flow {
  readonly version: 4 | 6;
  readonly protocol: number;
  source: Words;
  destination: Words;
  sourcePort: number;
  destinationPort: number;
  icmpId: number;
  readonly icmpType: number;
  readonly icmpCode: number;
  /** The packet quoted in an ICMP error. */
  readonly quoted?: Flow;
}

type Described = Omit<Packet, 'dir' | 'if'>;

const QUERIES = [0, 8, 13, 14, 15, 16, 17, 18];
const ERRORS = [3, 4, 5, 11, 12];
/** Query types whose quotation NAT looks at. For the rest any type from 128 on counts as a query. */
const QUOTED_QUERIES6 = [128, 129, 130, 131, 132, 139, 140, 200, 201];

/** tcp or udp: what has ports. */
export const hasPorts = ({ protocol }: Flow) => protocol === TCP || protocol === UDP;

const isIcmp = ({ version, protocol }: Flow) => protocol === (version === 4 ? ICMP : ICMP6);

/** An ICMP question or answer, which has an id. */
export function isQuery(flow: Flow): boolean {
  return isIcmp(flow) && (flow.version === 4 ? QUERIES.includes(flow.icmpType) : flow.icmpType >= 128);
}

/** As `isQuery`, for a packet that is quoted. */
export function isQuotedQuery(flow: Flow): boolean {
  return isIcmp(flow) && (flow.version === 4 ? QUERIES : QUOTED_QUERIES6).includes(flow.icmpType);
}

export function isError(flow: Flow): boolean {
  return isIcmp(flow) && (flow.version === 4 ? ERRORS.includes(flow.icmpType) : flow.icmpType < 5);
}

/** An error that quotes nothing named quotes some unrelated packet (conformance/README.md). */
const UNRELATED: Described = { proto: 'udp', src: '10.99.0.1', sport: 1, dst: '10.99.0.2', dport: 2 };
const UNRELATED6: Described = { proto: 'udp', src: '2001:db8:99::1', sport: 1, dst: '2001:db8:99::2', dport: 2 };

export function flowOf(packet: Described): Flow {
  const version = packet.src.includes(':') ? 6 : 4;
  const protocol = typeof packet.proto === 'number' ? packet.proto : (protocolNumber(packet.proto) ?? 0);
  const flow: Flow = {
    version,
    protocol,
    source: readAddress(packet.src),
    destination: readAddress(packet.dst),
    sourcePort: packet.sport ?? 0,
    destinationPort: packet.dport ?? 0,
    icmpId: packet.icmpid ?? 0,
    icmpType: packet.icmptype ?? 0,
    icmpCode: packet.icmpcode ?? 0,
  };
  if (!isError(flow)) return flow;
  return { ...flow, quoted: flowOf(packet.inner ?? (version === 4 ? UNRELATED : UNRELATED6)) };
}

/** The packet as it is after NAT. What the description left out stays out. */
export function packetAfter<P extends Described>(packet: P, flow: Flow): P {
  const text = (address: Words) => formatAddress(flow.version, address);
  return {
    ...packet,
    src: text(flow.source),
    dst: text(flow.destination),
    ...(packet.sport === undefined ? {} : { sport: flow.sourcePort }),
    ...(packet.dport === undefined ? {} : { dport: flow.destinationPort }),
    ...(packet.icmpid === undefined ? {} : { icmpid: flow.icmpId }),
    ...(packet.inner === undefined || flow.quoted === undefined
      ? {}
      : { inner: packetAfter(packet.inner, flow.quoted) }),
  };
}
