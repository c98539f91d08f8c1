import { type Address, familyOf } from '../domain/address.ts';
import { type AddressGiver, createAddressGiver } from '../domain/allocation.ts';
import { OperatorError } from '../domain/errors.ts';
import type { NetworkName, ZoneName } from '../domain/names.ts';
import type { Network } from '../domain/network.ts';
import { formatPrefix, type InterfaceAddress, prefixContains } from '../domain/prefix.ts';
import { addressesOn } from '../domain/zone-record.ts';
import type { Records } from './store.ts';
import type { MembershipRequest } from './zone-request.ts';

/** Decides on the addresses of zones on networks, one after the other: what one was given the next does not get. */
export type MemberDecider = (
  network: Network,
  request: Pick<MembershipRequest, 'addresses' | 'bare'>,
  zone: ZoneName,
) => InterfaceAddress[];

/** What it makes throws OperatorError: NETWORK_FULL, ADDRESS_TAKEN, ADDRESS_OUTSIDE, VALUE_INVALID. */
export function createMemberDecider(records: Pick<Records, 'zones'>): MemberDecider {
  const giverOf = createGivers(records);
  return (network, request, zone) => memberAddresses(network, request, giverOf(network), zone);
}

/** One giver a network, however many zones ask. */
function createGivers({ zones }: Pick<Records, 'zones'>): (network: Network) => AddressGiver {
  const givers = new Map<NetworkName, AddressGiver>();
  return (network) => {
    const known = givers.get(network.name);
    if (known !== undefined) return known;
    const owners = new Map<Address, string>(
      zones.flatMap((zone) =>
        addressesOn(zone, network.name).map((address) => [address, `zone "${zone.name}"`] as const),
      ),
    );
    for (const router of network.routers) owners.set(router, `the router of network "${network.name}"`);
    const giver = createAddressGiver(network, owners);
    givers.set(network.name, giver);
    return giver;
  };
}

/** @throws {OperatorError} NETWORK_FULL, ADDRESS_TAKEN, ADDRESS_OUTSIDE */
function memberAddresses(
  network: Network,
  { addresses, bare }: Pick<MembershipRequest, 'addresses' | 'bare'>,
  giver: AddressGiver,
  zone: ZoneName,
): InterfaceAddress[] {
  if (bare) return [];
  const wanted = (family: 'inet' | 'inet6') => addresses.filter((address) => familyOf(address) === family);
  const foreign = addresses.find(
    (address) => !network.prefixes.some((prefix) => familyOf(prefix.address) === familyOf(address)),
  );
  const twice = (['inet', 'inet6'] as const).find((family) => wanted(family).length > 1);
  const fault = foreign ?? (twice === undefined ? undefined : wanted(twice)[1]);
  if (fault !== undefined) {
    const why = foreign === undefined ? 'it gets one address a family' : 'the network has no prefix of that family';
    const outside = network.prefixes.some((prefix) => prefixContains(prefix, fault))
      ? 'VALUE_INVALID'
      : 'ADDRESS_OUTSIDE';
    throw new OperatorError(outside, `Cannot give ${fault} to zone "${zone}" on network "${network.name}": ${why}`, {
      hint: `Its prefix is ${network.prefixes.map(formatPrefix).join(', ')}`,
    });
  }
  return network.prefixes.map((prefix) => {
    const [address] = wanted(familyOf(prefix.address));
    const given = address === undefined ? giver.next(prefix, zone) : giver.wanted(address, prefix, zone);
    return { address: given, prefixLength: prefix.length };
  });
}
