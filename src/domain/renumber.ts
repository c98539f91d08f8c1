import { type Address, type Family, familyOf } from './address.ts';
import { OperatorError } from './errors.ts';
import type { ZoneName } from './names.ts';
import { bottomAddress, checkHostAddress, type Network, prefixOf, usableRange } from './network.ts';
import { carriedOver } from './network-checks.ts';
import { formatPrefix, type Prefix, prefixContains } from './prefix.ts';
import type { Reservation } from './reservation.ts';

/**
 * Where an address of a network goes when the network gets another prefix: it stays where the new one has it too (the
 * network grew), else it keeps its place. Undefined: the new prefix has no such place, or no host may have it.
 */
export function movedAddress(address: Address, from: Prefix, to: Prefix): Address | undefined {
  const moved = prefixContains(to, address) ? address : carriedOver(address, from, to);
  return moved !== undefined && isHost(moved, to) ? moved : undefined;
}

function isHost(address: Address, prefix: Prefix): boolean {
  try {
    checkHostAddress(address, prefix, 'a host');
    return true;
  } catch (error) {
    if (error instanceof OperatorError) return false;
    throw error;
  }
}

/** The router of each new prefix: where the old one goes, or the bottom address. */
export function movedRouters(before: Network, prefixes: readonly Prefix[]): Address[] {
  return prefixes.map((to) => {
    const family = familyOf(to.address);
    const [from, router] = [prefixOf(before, family), before.routers.find((one) => familyOf(one) === family)];
    const moved = from === undefined || router === undefined ? undefined : movedAddress(router, from, to);
    return moved ?? bottomAddress(to);
  });
}

/**
 * Reservations in the new prefixes, each at its old place.
 *
 * @throws {OperatorError} ADDRESS_OUTSIDE for one that has no place there
 */
export function movedReservations(before: Network, prefixes: readonly Prefix[]): Reservation[] {
  return before.reservations.flatMap((one) => {
    const family = familyOf(one.first);
    const [from, to] = [prefixOf(before, family), prefixes.find(({ address }) => familyOf(address) === family)];
    if (from === undefined || to === undefined) return [];
    const [first, last] = [movedAddress(one.first, from, to), movedAddress(one.last, from, to)];
    if (first !== undefined && last !== undefined) return [{ ...one, first, last }];
    throw noPlace(`the reservation of ${one.first}`, before, to);
  });
}

/** @throws {OperatorError} ADDRESS_OUTSIDE */
export function movedMember(address: Address, zone: ZoneName, before: Network, prefixes: readonly Prefix[]): Address {
  const family: Family = familyOf(address);
  const [from, to] = [prefixOf(before, family), prefixes.find((prefix) => familyOf(prefix.address) === family)];
  if (from === undefined || to === undefined) throw new Error(`network ${before.name} has no ${family}`);
  const moved = movedAddress(address, from, to);
  if (moved !== undefined) return moved;
  throw noPlace(`${address} of zone "${zone}"`, before, to);
}

function noPlace(what: string, { name }: Network, to: Prefix): OperatorError {
  const { first, last } = usableRange(to);
  const message = `Cannot give network "${name}" the prefix ${formatPrefix(to)}: ${what} has no place in it`;
  return new OperatorError('ADDRESS_OUTSIDE', message, {
    hint: `It has room for ${last - first + 1n} addresses. Take a larger prefix, or move or delete what has no place`,
  });
}
