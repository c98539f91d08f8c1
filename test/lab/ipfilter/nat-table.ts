// The engine's table of NAT sessions. It is a hash table of fixed size whose buckets hold a fixed number, and that shows: ICMP is
// looked up by bucket alone in one direction, and the same sums end in the same bucket. So the sums are illumos's, over numbers as
// they lie in memory there: lowest byte first.
import type { Words } from './nat-rule.ts';

const TABLE_SIZE = 2047;
const BUCKET_SIZE = 22;
const SESSIONS_AT_MOST = 30000;
const RULE_BUCKETS = 127;

/** A port, or an ICMP id, with its bytes the other way round: as it lies in a packet, read by a machine with the lowest byte first. */
export const swap16 = (value: number) => ((value & 0xff) << 8) | ((value >>> 8) & 0xff);

const swap32 = (value: number) =>
  (((value & 0xff) << 24) | ((value & 0xff00) << 8) | ((value >>> 8) & 0xff00) | (value >>> 24)) >>> 0;

/** The sum of an address and a number, modulo `size`. */
function hash(version: 4 | 6, address: Words, plus: number, size: number): number {
  const words = version === 4 ? [address[0]] : address;
  const sum = words.reduce((total, word) => {
    const swapped = swap32(word);
    return (total + swapped + (swapped >>> 12)) >>> 0;
  }, 0);
  return ((sum + plus) >>> 0) % size;
}

/** The bucket of the rules that a masked address may fit. */
export const ruleBucket = (version: 4 | 6, address: Words) => hash(version, address, 0, RULE_BUCKETS);

/** Ports and ids as `swap16` gives them. */
export interface Session<Rule> {
  readonly version: 4 | 6;
  readonly protocol: number;
  readonly kind: 'ports' | 'query' | 'none';
  readonly inner: Words;
  readonly outer: Words;
  readonly other: Words;
  readonly innerPort: number;
  readonly outerPort: number;
  readonly otherPort: number;
  /** The only interface it is for. */
  readonly interface: string;
  /** Made by a packet that went out: map. */
  readonly outbound: boolean;
  readonly rule: Rule;
}

export interface SessionTable<Rule> {
  /** False: no room, in the table or in a bucket. */
  insert(session: Session<Rule>): boolean;
  /** The sessions that may be those of a packet from outside, latest first. */
  fromOutside(
    version: 4 | 6,
    other: Words,
    outer: Words,
    otherPort: number,
    outerPort: number,
  ): readonly Session<Rule>[];
  /** The sessions that may be those of a packet from inside, latest first. */
  fromInside(
    version: 4 | 6,
    inner: Words,
    other: Words,
    innerPort: number,
    otherPort: number,
  ): readonly Session<Rule>[];
  readonly full: boolean;
}

export function createSessionTable<Rule>(): SessionTable<Rule> {
  const byInner = new Map<number, Session<Rule>[]>();
  const byOuter = new Map<number, Session<Rule>[]>();
  let count = 0;

  const place = (version: 4 | 6, near: Words, nearPort: number, other: Words, otherPort: number) =>
    hash(version, other, hash(version, near, nearPort, 0xffffffff) + otherPort, TABLE_SIZE);

  function bucket(table: Map<number, Session<Rule>[]>, at: number): Session<Rule>[] {
    const known = table.get(at);
    if (known !== undefined) return known;
    const made: Session<Rule>[] = [];
    table.set(at, made);
    return made;
  }

  return {
    insert(session) {
      const { version, inner, outer, other, innerPort, outerPort, otherPort } = session;
      const inside = bucket(byInner, place(version, inner, innerPort, other, otherPort));
      const outside = bucket(byOuter, place(version, outer, outerPort, other, otherPort));
      if (inside.length >= BUCKET_SIZE || outside.length >= BUCKET_SIZE) return false;
      inside.unshift(session);
      outside.unshift(session);
      count += 1;
      return true;
    },
    fromOutside: (version, other, outer, otherPort, outerPort) =>
      bucket(byOuter, place(version, outer, outerPort, other, otherPort)),
    fromInside: (version, inner, other, innerPort, otherPort) =>
      bucket(byInner, place(version, inner, innerPort, other, otherPort)),
    get full() {
      return count >= SESSIONS_AT_MOST;
    },
  };
}
