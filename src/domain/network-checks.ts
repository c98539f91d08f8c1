import { type Address, addressFromValue, addressValue, type Family, familyOf } from './address.ts';
import { OperatorError } from './errors.ts';
import type { NetworkName } from './names.ts';
import { bottomAddress, checkHostAddress } from './network.ts';
import { formatPrefix, type Prefix, prefixContains, prefixRange } from './prefix.ts';
import { formatReservation, type Reservation } from './reservation.ts';

/** Bytes that IPv6 needs of a link (RFC 8200, section 5). */
const LEAST_INET6_MTU = 1280;

/**
 * The router of each prefix: the one asked for, or the bottom address.
 *
 * @throws {OperatorError} ADDRESS_OUTSIDE, VALUE_INVALID for two of a family
 */
export function decideRouters(prefixes: readonly Prefix[], wanted: readonly Address[], name: NetworkName): Address[] {
  const of = (family: Family) => wanted.filter((router) => familyOf(router) === family);
  for (const family of ['inet', 'inet6'] as const) {
    const [first, second] = of(family);
    const prefix = prefixes.find(({ address }) => familyOf(address) === family);
    if (second !== undefined) {
      throw new OperatorError('VALUE_INVALID', `Cannot give network "${name}" two routers, ${first} and ${second}`, {
        hint: 'A network has one router for each family',
      });
    }
    if (first !== undefined && prefix === undefined) {
      throw new OperatorError(
        'ADDRESS_OUTSIDE',
        `Cannot give ${first} to the router of network "${name}": it has no prefix of that family`,
        {
          hint: `Its prefix is ${prefixes.map(formatPrefix).join(', ')}`,
        },
      );
    }
  }
  return prefixes.map((prefix) => {
    const [router] = of(familyOf(prefix.address));
    return router === undefined
      ? bottomAddress(prefix)
      : checkHostAddress(router, prefix, `the router of network "${name}"`);
  });
}

/**
 * Sees that reservations lie in the network, do not overlap, and leave the router alone.
 *
 * @throws {OperatorError} ADDRESS_OUTSIDE, VALUE_INVALID
 */
export function checkReservations(
  reservations: readonly Reservation[],
  prefixes: readonly Prefix[],
  routers: readonly Address[],
  name: NetworkName,
): readonly Reservation[] {
  reservations.forEach((one, index) => {
    const text = formatReservation(one);
    const prefix = prefixes.find((candidate) => prefixContains(candidate, one.first));
    if (prefix === undefined || !prefixContains(prefix, one.last)) {
      throw new OperatorError('ADDRESS_OUTSIDE', `Cannot reserve ${text} on network "${name}": it is outside`, {
        hint: `Its prefix is ${prefixes.map(formatPrefix).join(', ')}`,
      });
    }
    if (one.zone !== undefined) checkHostAddress(one.first, prefix, `zone "${one.zone}"`);
    const router = routers.find((address) => holds(one, address));
    const other = reservations.slice(0, index).find((before) => holds(one, before.first) || holds(before, one.first));
    const met =
      router !== undefined ? `the router, ${router}` : other === undefined ? undefined : formatReservation(other);
    if (met === undefined) return;
    throw new OperatorError('VALUE_INVALID', `Cannot reserve ${text} on network "${name}": it meets ${met}`, {
      hint: 'Write reservations that do not overlap',
    });
  });
  return reservations;
}

function holds({ first, last }: Reservation, address: Address): boolean {
  const value = addressValue(address);
  return familyOf(first) === familyOf(address) && addressValue(first) <= value && value <= addressValue(last);
}

/**
 * Sees that links of that size can carry the network.
 *
 * @throws {OperatorError} VALUE_INVALID
 */
export function checkNetworkMtu(mtu: number, prefixes: readonly Prefix[], name: NetworkName): number {
  if (mtu >= LEAST_INET6_MTU || prefixes.every(({ address }) => familyOf(address) === 'inet')) return mtu;
  throw new OperatorError('VALUE_INVALID', `Cannot give network "${name}" an MTU of ${mtu}: it has an IPv6 prefix`, {
    hint: `IPv6 needs ${LEAST_INET6_MTU} or more`,
  });
}

/** The address at the same place of another prefix: 10.3.0.7 of 10.3.0.0/24 for 10.2.0.7 of 10.2.0.0/24. */
export function carriedOver(address: Address, from: Prefix, to: Prefix): Address | undefined {
  const { first, last } = prefixRange(to);
  const value = first + addressValue(address) - prefixRange(from).first;
  return value > last ? undefined : addressFromValue(value, familyOf(to.address));
}
