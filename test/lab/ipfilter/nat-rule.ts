// A NAT rule as the kernel is handed it (ipfilter.md 2), and what its numbers mean.

/** An address or a mask of either family as four words of 32 bits, most significant first. IPv4 has only the first. */
export type Words = readonly [number, number, number, number];

export interface Net {
  readonly address: Words;
  readonly mask: Words;
}

export type Compare = '=' | '!=' | '<' | '>' | '<=' | '>=' | '<>' | '><';

/** `port = 25`, `port 8000 >< 8010`. `low` may be set without a comparison: a proxy's port. */
export interface PortTest {
  readonly compare?: Compare;
  readonly low: number;
  readonly high: number;
}

export type NatFlag =
  | 'tcp'
  | 'udp'
  | 'icmp-query'
  | 'auto'
  | 'range'
  | 'conditions'
  | 'split'
  | 'round-robin'
  | 'not-source'
  | 'not-destination'
  | 'sticky'
  | 'frag'
  | 'fixed-port'
  | 'sequential';

export type NatKind = 'map' | 'rdr' | 'bimap' | 'map-block';

export interface NatRule {
  readonly kind: NatKind;
  readonly version: 4 | 6;
  /** Both the same unless two were written. Cut to 31 characters. */
  readonly interfaces: readonly [string, string];
  readonly flags: ReadonlySet<NatFlag>;
  /** Protocol number; 0 is any (or tcp/udp, by flags), -1 a word that is no protocol. */
  readonly protocol: number;
  /** Left of a map; the target of a rdr, where the mask is the second target when split. */
  readonly inner: Net;
  /** Right of a map, where the mask is the last address of a range; left of a rdr. */
  readonly outer: Net;
  /** The other side's addresses: "to" of a map, "from" of a rdr. All zero when there is no condition. */
  readonly other: Net;
  readonly source: PortTest;
  readonly destination: PortTest;
  /** First and last port or ICMP id of a portmap; ports of a rdr on the left. `ports N` of a map-block is `low`. */
  readonly low: number;
  readonly high: number;
  /** Port of a rdr on the right. 0: none. */
  readonly target: number;
  /** Ports for each inner host, and inner hosts for each outer address, under auto and map-block. */
  readonly portsPerHost: number;
  readonly hostsPerAddress: number;
  /** Seconds, forth and back. 0: the engine's own. */
  readonly age: readonly [number, number];
  /** 0: none. */
  readonly mssclamp: number;
  /** Empty: none. At most 16 characters. */
  readonly tag: string;
  readonly proxy: string;
}

export const ZERO: Words = [0, 0, 0, 0];
export const ONES: Words = [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff];
/** Ports that auto and map-block share out, and the first of them. */
export const FIRST_SHARED_PORT = 1024;
export const SHARED_PORTS = 65536 - FIRST_SHARED_PORT;

export function andWords(a: Words, b: Words): Words {
  return [(a[0] & b[0]) >>> 0, (a[1] & b[1]) >>> 0, (a[2] & b[2]) >>> 0, (a[3] & b[3]) >>> 0];
}

export function orWords(a: Words, b: Words): Words {
  return [(a[0] | b[0]) >>> 0, (a[1] | b[1]) >>> 0, (a[2] | b[2]) >>> 0, (a[3] | b[3]) >>> 0];
}

export function notWords(a: Words): Words {
  return [~a[0] >>> 0, ~a[1] >>> 0, ~a[2] >>> 0, ~a[3] >>> 0];
}

export function sameWords(a: Words, b: Words): boolean {
  return a[0] === b[0] && a[1] === b[1] && a[2] === b[2] && a[3] === b[3];
}

/** The mask of a prefix length in bits; undefined when the family has no such length. */
export function prefixMask(version: 4 | 6, bits: number): Words | undefined {
  if (bits > (version === 4 ? 32 : 128)) return undefined;
  const word = (index: number) => {
    const left = Math.min(Math.max(bits - index * 32, 0), 32);
    return left === 0 ? 0 : (0xffffffff << (32 - left)) >>> 0;
  };
  return [word(0), word(1), word(2), word(3)];
}

/** Bits of an IPv4 mask; undefined when the ones are not all in front. */
export function prefixLength4(mask: number): number | undefined {
  const bits = Math.clz32(~mask);
  return mask >>> 0 === (bits === 0 ? 0 : (0xffffffff << (32 - bits)) >>> 0) ? bits : undefined;
}

/** How many bits of an IPv6 mask are set, wherever they stand. */
export function countBits6(mask: Words): number {
  return mask.reduce((sum, word) => sum + word.toString(2).replaceAll('0', '').length, 0);
}

/** The words of an IPv6 address's 16 bytes. */
export function wordsOf(bytes: readonly number[]): Words {
  const word = (at: number) => [0, 1, 2, 3].reduce((value, i) => value * 256 + (bytes[at + i] ?? 0), 0);
  return [word(0), word(4), word(8), word(12)];
}
