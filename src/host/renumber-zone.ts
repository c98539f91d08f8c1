import { type Address, familyOf } from '../domain/address.ts';
import { createAddressGiver } from '../domain/allocation.ts';
import { OperatorError } from '../domain/errors.ts';
import { type Network, prefixOf, routerAddresses } from '../domain/network.ts';
import { type InterfaceAddress, prefixContains } from '../domain/prefix.ts';
import { movedMember } from '../domain/renumber.ts';
import { withNetworkRenamed } from '../domain/rule-ends.ts';
import type { StaticRoute } from '../domain/static-route.ts';
import { addressesOn, routedNetworks, type ZoneNic, type ZoneRecord } from '../domain/zone-record.ts';
import type { Records } from './store.ts';

/**
 * The record of a zone on a network that becomes another: its links there get the name, the MTU, and the addresses and
 * routers of the new prefixes. A family that the network gains is given to every link that has an address; one that it
 * loses goes. Rules that name the network name it by its new name. The record itself when nothing of it changes.
 *
 * @throws {OperatorError} ADDRESS_OUTSIDE, ADDRESS_TAKEN when a zone has the router's new address, NETWORK_FULL
 */
export function moveZone(zone: ZoneRecord, before: Network, network: Network, records: Records): ZoneRecord {
  const isRouter = routedNetworks(zone).includes(before.name);
  const nics = zone.nics.map((nic) =>
    nic.network === before.name ? moveNic(nic, { zone, before, network, records, isRouter }) : nic,
  );
  const rules = zone.rules.map((rule) => withNetworkRenamed(rule, before.name, network.name));
  const isSame = JSON.stringify([nics, rules]) === JSON.stringify([zone.nics, zone.rules]);
  return isSame ? zone : { ...zone, nics, rules };
}

interface Move {
  readonly zone: ZoneRecord;
  readonly before: Network;
  readonly network: Network;
  readonly records: Records;
  readonly isRouter: boolean;
}

function moveNic(nic: ZoneNic, move: Move): ZoneNic {
  const { zone, network, isRouter } = move;
  const addresses = isRouter ? routerAddresses(network) : moveAddresses(nic, move);
  const taken = isRouter ? undefined : addresses.find(({ address }) => network.routers.includes(address));
  if (taken !== undefined) {
    const message = `Cannot give ${taken.address} to the router of network "${network.name}": zone "${zone.name}" has it`;
    throw new OperatorError('ADDRESS_TAKEN', message, { hint: 'Choose another router with -r' });
  }
  return {
    ...nic,
    network: network.name,
    mtu: network.mtu,
    addresses,
    routers: moveRouters(nic, addresses, move),
    routes: nic.routes.flatMap((route) => moveRoute(route, move)),
  };
}

function moveAddresses({ addresses }: ZoneNic, { zone, before, network, records }: Move): InterfaceAddress[] {
  if (addresses.length === 0) return [];
  return network.prefixes.flatMap((prefix) => {
    const family = familyOf(prefix.address);
    const had = addresses.filter(({ address }) => familyOf(address) === family);
    const prefixLength = prefix.length;
    if (had.length > 0) {
      return had.map(({ address }) => ({
        address: movedMember(address, zone.name, before, network.prefixes),
        prefixLength,
      }));
    }
    return [{ address: gainedAddress(network, prefix, zone, records), prefixLength }];
  });
}

/** An address of a family that the network gains: the place of a zone among those on it, so that each gets its own. */
function gainedAddress(network: Network, prefix: Network['prefixes'][number], zone: ZoneRecord, { zones }: Records) {
  const owners = new Map<Address, string>(network.routers.map((router) => [router, 'the router'] as const));
  const giver = createAddressGiver(network, owners);
  const before = zones.filter(
    (one) => addressesOn(one, network.name).length > 0 && !routedNetworks(one).includes(network.name),
  );
  for (const one of before) {
    const address = giver.next(prefix, one.name);
    if (one.name === zone.name) return address;
  }
  return giver.next(prefix, zone.name);
}

/** The network's old router becomes its new one; a family that it gained is routed where the zone has no router of it. */
function moveRouters(nic: ZoneNic, addresses: readonly InterfaceAddress[], { zone, before, network, isRouter }: Move) {
  if (isRouter) return nic.routers;
  const kept = nic.routers.flatMap((router): Address[] => {
    if (!before.routers.includes(router)) return [router];
    return network.routers.filter((one) => familyOf(one) === familyOf(router));
  });
  const isGained = ({ address }: InterfaceAddress) =>
    prefixOf(before, familyOf(address)) === undefined &&
    zone.nics.every(({ routers }) => routers.every((router) => familyOf(router) !== familyOf(address)));
  const gained = addresses.filter(isGained).map(({ address }) => familyOf(address));
  return [...kept, ...network.routers.filter((router) => gained.includes(familyOf(router)))];
}

/** A route by a neighbour on the network follows it; one of a family that goes, goes. */
function moveRoute(route: StaticRoute, { zone, before, network }: Move): StaticRoute[] {
  const on = before.prefixes.find((prefix) => prefixContains(prefix, route.router));
  if (on === undefined) return [route];
  if (prefixOf(network, familyOf(route.router)) === undefined) return [];
  return [{ ...route, router: movedMember(route.router, zone.name, before, network.prefixes) }];
}
