// What an ipf rule is once it is read: the fields of illumos's rule structure that its parser fills and its engine looks at.

export type Family = 'ipv4' | 'ipv6';

/** What a rule does to the packets it matches. */
export type Action = 'block' | 'pass' | 'log' | 'count' | 'auth' | 'preauth' | 'skip';

/** What a block sends back. */
export type Answer = 'return-rst' | 'return-icmp' | 'return-icmp-as-dest';

export type PortOperator = '=' | '!=' | '<' | '>' | '<=' | '>=' | '<>' | '><' | ':';

export interface PortMatch {
  readonly operator: PortOperator;
  readonly low: number;
  /** The second number of a range; 0 for the others. */
  readonly high: number;
}

/** Where an address comes from: written out, an interface's ("pnic0/32", "pnic0/network" …), or a table's. */
export type AddressKind = 'address' | 'interface' | 'network' | 'broadcast' | 'netmasked' | 'peer' | 'pool' | 'hash';

/** One side of a rule. Address and mask are 16 bytes; IPv4 uses the first four. */
export interface AddressMatch {
  not: boolean;
  kind: AddressKind;
  address: readonly number[];
  mask: readonly number[];
  /** Number of the pool or hash table. */
  table?: number;
  port?: PortMatch;
}

/** Properties of a packet that `with` asks for, in the order they are printed. */
export const PROPERTIES = [
  'ipopts',
  'short',
  'frag',
  'frag-body',
  'nat',
  'lowttl',
  'bad',
  'bad-src',
  'bad-nat',
  'oow',
  'mcast',
  'bcast',
  'mbcast',
  'state',
] as const;
export type Property = (typeof PROPERTIES)[number];

/** Bits asked for, and which bits are looked at. */
export interface BitMatch {
  bits: number;
  mask: number;
}

/**
 * What a rule asks of a packet beside direction and interface. A rule without it ("all" and no more) matches every packet.
 */
export interface Match {
  tos?: number;
  ttl?: number;
  /** Protocol number; missing: any. */
  protocol?: number;
  /** "tcp/udp". `looked` is false for what a member inherits from its head: then the rule matches nothing (illumos's parser). */
  tcpUdp?: { readonly looked: boolean };
  source: AddressMatch;
  destination: AddressMatch;
  /** TCP flags, low bit FIN. */
  tcpFlags: BitMatch;
  /** ICMP type << 8 | code. */
  icmp: BitMatch;
  /** `with`: true must be, false must not be. */
  properties: Map<Property, boolean>;
  /** IPv4 options or IPv6 extension headers, by number in their lists. */
  options: BitMatch;
  securityClasses: BitMatch;
}

export interface KeepState {
  /** 0: no limit. */
  limit: number;
  strict: boolean;
  newIsn: boolean;
  noIcmpErrors: boolean;
  sync: boolean;
}

export interface LogOptions {
  body: boolean;
  first: boolean;
  orBlock: boolean;
  /** "local0.info", "debug"; missing: none. */
  level?: string;
}

/** Where `to`, `dup-to` and `reply-to` send a packet. Missing address: the packet's own destination. */
export interface Target {
  readonly interface: string;
  readonly address?: readonly number[];
}

export interface FilterRule {
  family: Family;
  direction: 'in' | 'out';
  action: Action;
  /** How many rules `skip` leaves out. */
  skip: number;
  answer?: Answer;
  /** Code of the ICMP answer; 0 is not printed. */
  answerCode: number;
  /** The number in front of a rule: rules are kept in its order. */
  collection: number;
  /** "@N": insert before the rule with that index instead of appending. */
  insertAt?: number;
  log: boolean;
  logOptions: LogOptions;
  quick: boolean;
  /** on A,B and in-via/out-via C,D. Empty: any interface. */
  interfaces: [string, string, string, string];
  dupTo?: Target;
  to?: Target;
  replyTo?: Target;
  fastroute: boolean;
  match?: Match;
  keepState?: KeepState;
  keepFrags?: { strict: boolean };
  /** Seconds, forward and back; [0, 0]: none. */
  age: readonly [number, number];
  /** Group that is searched when the rule matches. Empty: none. */
  head: string;
  /** Group the rule belongs to. Empty: none. */
  group: string;
  logTag?: number;
  natTag: string;
  packetsPerSecond: number;
}

/** Sixteen zero bytes. */
export const NO_BYTES: readonly number[] = new Array<number>(16).fill(0);

/** An AddressMatch that every packet fits. */
export function anyAddress(): AddressMatch {
  return { not: false, kind: 'address', address: NO_BYTES, mask: NO_BYTES };
}

/** The match of a rule that asks for nothing yet. */
export function emptyMatch(): Match {
  return {
    source: anyAddress(),
    destination: anyAddress(),
    tcpFlags: { bits: 0, mask: 0 },
    icmp: { bits: 0, mask: 0 },
    properties: new Map(),
    options: { bits: 0, mask: 0 },
    securityClasses: { bits: 0, mask: 0 },
  };
}

/** A rule as the parser begins it. */
export function emptyRule(family: Family): FilterRule {
  return {
    family,
    direction: 'in',
    action: 'pass',
    skip: 0,
    answerCode: 0,
    collection: 0,
    log: false,
    logOptions: { body: false, first: false, orBlock: false },
    quick: false,
    interfaces: ['', '', '', ''],
    fastroute: false,
    age: [0, 0],
    head: '',
    group: '',
    natTag: '',
    packetsPerSecond: 0,
  };
}

/** A copy that shares nothing that a parser changes. */
export function copyRule(rule: FilterRule): FilterRule {
  return structuredClone(rule);
}
