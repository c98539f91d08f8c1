import type { Address } from '../domain/address.ts';

/** The first packet of a connection, or a single one, as a rule sees it. */
export interface Packet {
  /** A name as rules have it, "tcp", or a number. */
  readonly protocol: 'tcp' | 'udp' | 'icmp' | 'ipv6-icmp' | number;
  readonly source: Address;
  readonly target: Address;
  /** Of TCP and UDP. */
  readonly sourcePort?: number;
  readonly targetPort?: number;
  /** Of TCP: letters of FSRPAU. */
  readonly flags?: string;
  /** Of ICMP. */
  readonly icmpType?: number;
  readonly icmpCode?: number;
}

/** A packet where it is looked at: coming in by a link, or going out by it. */
export interface Passing extends Packet {
  readonly direction: 'in' | 'out';
  readonly link: string;
  /** Whether NAT has just changed it. Only what comes in can be (with-nat.json). */
  readonly translated?: boolean;
}

const NUMBERS: Readonly<Record<string, number>> = {
  icmp: 1,
  tcp: 6,
  udp: 17,
  gre: 47,
  esp: 50,
  ah: 51,
  'ipv6-icmp': 58,
  sctp: 132,
};

/** The number of a protocol. Undefined: not one that is known by that name. */
export function protocolNumber(name: string): number | undefined {
  return /^\d+$/.test(name) ? Number(name) : NUMBERS[name];
}

export function numberOf({ protocol }: Packet): number {
  return typeof protocol === 'number' ? protocol : (NUMBERS[protocol] ?? 0);
}
