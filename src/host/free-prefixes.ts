import { IPv4, IPv4CidrRange, RangedSet } from 'ip-num';
import { addressFromValue, familyOf } from '../domain/address.ts';
import { formatPrefix, type Prefix } from '../domain/prefix.ts';

type Range = RangedSet<IPv4>;

/**
 * What is left of an IPv4 pool when the taken prefixes are out of it, as ranges in order, both ends included.
 *
 * The arithmetic is ip-num's, whose Pool is not used: it cannot give back what it gave (dependencies.md §2.2).
 */
export function freeRanges(pool: Prefix, taken: readonly Prefix[]): { first: bigint; last: bigint }[] {
  return remaining(pool, taken).map((range) => ({
    first: range.getFirst().getValue(),
    last: range.getLast().getValue(),
  }));
}

function remaining(pool: Prefix, taken: readonly Prefix[]): Range[] {
  const claims = taken.filter(({ address }) => familyOf(address) === 'inet').map(toRange);
  return claims.reduce<Range[]>((free, claim) => free.flatMap((range) => without(range, claim)), [toRange(pool)]);
}

function toRange(prefix: Prefix): Range {
  return RangedSet.fromCidrRange(IPv4CidrRange.fromCidr(formatPrefix(prefix)));
}

/** `difference` wants the second within the first, so only the part they share is handed to it. */
function without(range: Range, claim: Range): Range[] {
  if (!range.isOverlapping(claim)) return [range];
  const first = claim.getFirst().isGreaterThan(range.getFirst()) ? claim.getFirst() : range.getFirst();
  const last = claim.getLast().isLessThan(range.getLast()) ? claim.getLast() : range.getLast();
  return range.difference(new RangedSet(first, last)).map((left) => {
    const [from, to] = [left.getFirst().getValue(), left.getLast().getValue()];
    return new RangedSet(IPv4.fromNumber(from), IPv4.fromNumber(to));
  });
}

/** The lowest prefix of a length in a pool that meets no taken one. Undefined: none is left. */
export function lowestFreePrefix(pool: Prefix, length: number, taken: readonly Prefix[]): Prefix | undefined {
  if (length < pool.length) return undefined;
  const size = 1n << BigInt(32 - length);
  for (const { first, last } of freeRanges(pool, taken)) {
    const start = ((first + size - 1n) / size) * size;
    if (start + size - 1n <= last) return { address: addressFromValue(start, 'inet'), length };
  }
  return undefined;
}
