import { type Address, addressFromValue, addressValue, familyOf } from './address.ts';
import { OperatorError } from './errors.ts';
import { type LinkName, parseLinkName, type ZoneName } from './names.ts';
import { checkHostAddress, type Network, usableRange } from './network.ts';
import { formatPrefix, type Prefix, prefixContains } from './prefix.ts';
import { reservationOf } from './reservation.ts';

/**
 * Gives the names base0, base1, … that nobody has, lowest first, each once.
 *
 * `taken` holds the names of records and of live links: a link lent to a zone hides its name from dladm's own check
 * (§1.8).
 */
export function createLinkNames(taken: ReadonlySet<string>): (base: string) => LinkName {
  const numbers = new Map<string, number>();
  return (base) => {
    let number = numbers.get(base) ?? 0;
    while (taken.has(`${base}${number}`)) number += 1;
    numbers.set(base, number + 1);
    return parseLinkName(`${base}${number}`);
  };
}

/** Who has which address of a network: zones, stopped ones too, and the router. */
export type AddressOwners = ReadonlyMap<Address, string>;

/** Gives the addresses of one network, each once. */
export interface AddressGiver {
  /**
   * The address of a prefix that is reserved for the zone, or the lowest that nobody has. Network, broadcast, the
   * router's and what is reserved are never given out by themselves.
   *
   * @throws {OperatorError} NETWORK_FULL, ADDRESS_TAKEN when somebody has what is reserved
   */
  next(prefix: Prefix, zone: ZoneName): Address;
  /**
   * An address that an operator asks for a zone.
   *
   * @throws {OperatorError} ADDRESS_OUTSIDE, ADDRESS_TAKEN
   */
  wanted(address: Address, prefix: Prefix, zone: ZoneName): Address;
}

export function createAddressGiver(network: Network, owners: AddressOwners): AddressGiver {
  const { name, reservations } = network;
  const given = new Map(owners);
  const cursors = new Map<Prefix, bigint>();
  const give = (address: Address, zone: ZoneName) => {
    given.set(address, `zone "${zone}"`);
    return address;
  };
  const wanted = (address: Address, prefix: Prefix, zone: ZoneName) => {
    checkHostAddress(address, prefix, `zone "${zone}" on network "${name}"`);
    const reserved = reservationOf(address, reservations)?.zone;
    const owner = given.get(address);
    if (owner === undefined && (reserved === undefined || reserved === zone)) return give(address, zone);
    const why = owner === undefined ? `it is reserved for zone "${reserved}"` : `${owner} has it`;
    throw new OperatorError('ADDRESS_TAKEN', `Cannot give ${address} to zone "${zone}": ${why}`, {
      hint: `Leave out "=${address}" to take the next free address of network "${name}"`,
    });
  };
  return {
    wanted,
    next(prefix, zone) {
      const own = reservations.find((one) => one.zone === zone && prefixContains(prefix, one.first));
      if (own !== undefined) return wanted(own.first, prefix, zone);
      const family = familyOf(prefix.address);
      const { first, last } = usableRange(prefix);
      let value = cursors.get(prefix) ?? first;
      while (value <= last) {
        const address = addressFromValue(value, family);
        // Most that are tried are somebody's: they are looked at no further.
        const isTaken = given.has(address);
        const reserved = isTaken ? undefined : reservationOf(address, reservations);
        value = (reserved === undefined ? value : addressValue(reserved.last)) + 1n;
        if (isTaken || reserved !== undefined) continue;
        cursors.set(prefix, value);
        return give(address, zone);
      }
      throw full(network, prefix, zone);
    },
  };
}

function full({ name, reservations }: Network, prefix: Prefix, zone: ZoneName): OperatorError {
  const { first, last } = usableRange(prefix);
  const kept = reservations.length === 0 ? '' : ' or reserved';
  const what = `all ${last - first + 1n} of network "${name}" (${formatPrefix(prefix)}) are taken${kept}`;
  return new OperatorError('NETWORK_FULL', `Cannot give zone "${zone}" an address: ${what}`, {
    hint: `to make it larger:   znetadm set-network -a PREFIX ${name}\nwho is on it:        znetadm show-network ${name}`,
  });
}
