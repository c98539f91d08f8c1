import { type Address, addressFromValue, addressValue, familyOf } from './address.ts';
import { OperatorError } from './errors.ts';
import { type LinkName, parseLinkName, type ZoneName } from './names.ts';
import { checkHostAddress, type Network, usableRange } from './network.ts';
import { formatPrefix, type Prefix } from './prefix.ts';

/**
 * The names base0, base1, … that nobody has, lowest first.
 *
 * `taken` holds the names of records and of live links: a link lent to a zone hides its name from dladm's own check
 * (§1.8).
 */
export function freeLinkNames(base: string, count: number, taken: ReadonlySet<string>): LinkName[] {
  const names: LinkName[] = [];
  for (let number = 0; names.length < count; number += 1) {
    const name = `${base}${number}`;
    if (!taken.has(name)) names.push(parseLinkName(name));
  }
  return names;
}

/** Who has which address of a network: zones, stopped ones too, and the router. */
export type AddressOwners = ReadonlyMap<Address, string>;

/**
 * The lowest address of a prefix that nobody has. Network, broadcast and the router's are never given out.
 *
 * @throws {OperatorError} NETWORK_FULL
 */
export function lowestFreeAddress(
  prefix: Prefix,
  owners: AddressOwners,
  what: { zone: string; network: string },
): Address {
  const family = familyOf(prefix.address);
  const { first, last } = usableRange(prefix);
  const taken = takenValues(owners, prefix);
  for (let value = first; value <= last; value += 1n) {
    if (!taken.has(value)) return addressFromValue(value, family);
  }
  throw new OperatorError(
    'NETWORK_FULL',
    `Cannot give zone "${what.zone}" an address: all ${last - first + 1n} of network "${what.network}" (${formatPrefix(prefix)}) are taken`,
    { hint: 'Delete a zone of the network (znetadm show-zone lists them), or make another network' },
  );
}

/** BigInts are compared by value in a Set. */
function takenValues(owners: AddressOwners, prefix: Prefix): Set<bigint> {
  const family = familyOf(prefix.address);
  return new Set([...owners.keys()].filter((address) => familyOf(address) === family).map(addressValue));
}

/**
 * Checks an address that an operator asks for a zone.
 *
 * @throws {OperatorError} ADDRESS_OUTSIDE, ADDRESS_TAKEN
 */
export function checkWantedAddress(
  wanted: Address,
  { network, prefix, owners, zone }: { network: Network; prefix: Prefix; owners: AddressOwners; zone: ZoneName },
): Address {
  checkHostAddress(wanted, prefix, `zone "${zone}" on network "${network.name}"`);
  const owner = owners.get(wanted);
  if (owner === undefined) return wanted;
  throw new OperatorError('ADDRESS_TAKEN', `Cannot give ${wanted} to zone "${zone}": ${owner} has it`, {
    hint: `Leave out "=${wanted}" to take the next free address of network "${network.name}"`,
  });
}
