import { IPv4, IPv6, RangedSet } from 'ip-num';
import { type Address, addressFromValue, addressValue, type Family, familyOf } from '../domain/address.ts';
import { type Network, usableRange } from '../domain/network.ts';
import type { Prefix } from '../domain/prefix.ts';
import { addressesOn, type ZoneRecord } from '../domain/zone-record.ts';

/** Addresses in a row, both ends included. */
export interface AddressRange {
  readonly first: Address;
  readonly last: Address;
}

/** First and last address as numbers, both included. */
interface Piece {
  readonly from: bigint;
  readonly to: bigint;
}

/**
 * What a network still has to give out by itself, in order: not its routers', not the zones', not what is reserved, and
 * neither the network's nor the broadcast address. Exact however large the prefix is.
 */
export function freeAddresses(network: Network, zones: readonly ZoneRecord[]): AddressRange[] {
  return network.prefixes.flatMap((prefix) => freeOf(prefix, network, zones));
}

function freeOf(prefix: Prefix, network: Network, zones: readonly ZoneRecord[]): AddressRange[] {
  const family = familyOf(prefix.address);
  const { first, last } = usableRange(prefix);
  const one = (address: Address) => ({ first: address, last: address });
  const taken = [
    ...network.routers.map(one),
    ...zones.flatMap((zone) => addressesOn(zone, network.name)).map(one),
    ...network.reservations,
  ].filter((range) => familyOf(range.first) === family);
  const free: Piece[] = [];
  // What is taken comes in order, so only the last piece can still lose something.
  let rest: Piece | undefined = { from: first, to: last };
  for (const { from, to } of merged(taken)) {
    if (rest === undefined) break;
    const low: bigint = maximum(from, rest.from);
    const high: bigint = minimum(to, rest.to);
    if (low > high) continue;
    const left = subtract(rest, { from: low, to: high }, family);
    rest = left.find((piece) => piece.from > high);
    free.push(...left.filter((piece) => piece !== rest));
  }
  return [...free, ...(rest === undefined ? [] : [rest])].map(({ from, to }) => ({
    first: addressFromValue(from, family),
    last: addressFromValue(to, family),
  }));
}

const minimum = (a: bigint, b: bigint) => (a < b ? a : b);
const maximum = (a: bigint, b: bigint) => (a > b ? a : b);

/** What is left of a range when another one that lies within it is out: ip-num wants the second within the first. */
function subtract(range: Piece, taken: Piece, family: Family): Piece[] {
  const left = family === 'inet' ? inet(range).difference(inet(taken)) : inet6(range).difference(inet6(taken));
  return left.map((piece) => ({ from: piece.getFirst().getValue(), to: piece.getLast().getValue() }));
}

const inet = ({ from, to }: Piece) => new RangedSet(IPv4.fromNumber(from), IPv4.fromNumber(to));
const inet6 = ({ from, to }: Piece) => new RangedSet(IPv6.fromBigInt(from), IPv6.fromBigInt(to));

/** Ranges in order of their first addresses, those that meet or follow one another as one. */
function merged(ranges: readonly AddressRange[]): Piece[] {
  const sorted = ranges
    .map(({ first, last }) => ({ from: addressValue(first), to: addressValue(last) }))
    .sort((a, b) => (a.from < b.from ? -1 : a.from > b.from ? 1 : 0));
  const all: { from: bigint; to: bigint }[] = [];
  for (const { from, to } of sorted) {
    const before = all.at(-1);
    if (before !== undefined && from <= before.to + 1n) before.to = maximum(before.to, to);
    else all.push({ from, to });
  }
  return all;
}

/** "10.2.0.4-10.2.0.254", or one address alone. */
export function formatAddressRange({ first, last }: AddressRange): string {
  return first === last ? first : `${first}-${last}`;
}

/** How many addresses there are in ranges. */
export function countAddresses(ranges: readonly AddressRange[]): bigint {
  return ranges.reduce((sum, { first, last }) => sum + addressValue(last) - addressValue(first) + 1n, 0n);
}
