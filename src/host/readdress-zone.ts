import { type Address, familyOf } from '../domain/address.ts';
import { OperatorError } from '../domain/errors.ts';
import { GLOBAL, type LinkName } from '../domain/names.ts';
import { type Network, prefixOf } from '../domain/network.ts';
import { addressesOf, isLearnt } from '../domain/nic.ts';
import type { InterfaceAddress } from '../domain/prefix.ts';
import { formatStaticRoute, type StaticRoute } from '../domain/static-route.ts';
import { routedNetworks, type ZoneNic, type ZoneRecord } from '../domain/zone-record.ts';
import { createMemberDecider } from './decide-members.ts';
import { createOutsideDecider } from './decide-outside.ts';
import { addRoutes, reaches } from './decide-routes.ts';
import { withForwardsFollowing } from './following-forwards.ts';
import type { Situation } from './situation.ts';
import { findNetwork, type Records } from './store.ts';
import type { AddressRequest } from './zone-request.ts';

/** Addresses, routers and routes that a zone is to have in place of those it has. */
export interface Readdressing {
  readonly addresses: ReadonlyMap<LinkName, AddressRequest>;
  /** Default routers outside, each in place of the one of its family. */
  readonly routers: readonly Address[];
  /** All routes beside the default one. Missing: they stay. */
  readonly routes?: readonly StaticRoute[];
}

/** The zone as it is to be recorded, and others whose records follow: what led away from an address leads away from the new one. */
export interface Readdressed {
  readonly zone: ZoneRecord;
  readonly others: readonly ZoneRecord[];
}

/**
 * Decides on other addresses of a zone. Pure. What is so already leaves the record as it is.
 *
 * @throws {OperatorError} ADDRESS_TAKEN, ADDRESS_OUTSIDE, PREFIX_OVERLAPS, VALUE_INVALID, NOT_OURS for routers of the host, IN_USE for
 * forwards that would lead nowhere, and for a zone whose addresses are in its configuration
 */
export function readdress(before: ZoneRecord, wanted: Readdressing, situation: Situation): Readdressed {
  const { records } = situation;
  if (!isReaddressing(wanted)) return { zone: before, others: [] };
  if (before.ipType === 'shared' && wanted.addresses.size > 0) throw inConfiguration(before);
  if (before.name === GLOBAL && (wanted.routers.length > 0 || wanted.routes !== undefined)) throw hostsRoutes();
  const decide = createAddressDecider(before, situation);
  const moved = before.nics.map((nic) => {
    const request = wanted.addresses.get(nic.link);
    return request === undefined ? nic : { ...nic, ...decide(nic, request) };
  });
  refuseTwice(before, moved);
  const nics = rerouted(before, moved, wanted, records);
  if (JSON.stringify(nics) === JSON.stringify(before.nics)) return { zone: before, others: [] };
  const zone = { ...before, nics };
  const purpose = `give zone "${zone.name}" these addresses`;
  const all = withForwardsFollowing([{ before, after: zone }], records.zones, purpose);
  return { zone, others: all.filter((one, at) => one.name !== zone.name && one !== records.zones[at]) };
}

/** Whether anything of that is asked for. */
export function isReaddressing({ addresses, routers, routes }: Readdressing): boolean {
  return addresses.size + routers.length > 0 || routes !== undefined;
}

/** What is told of a link anew. */
type Given = Pick<ZoneNic, 'addresses' | 'dhcp' | 'addrconf'>;

function createAddressDecider(
  zone: ZoneRecord,
  situation: Situation,
): (nic: ZoneNic, request: AddressRequest) => Given {
  const { records } = situation;
  // Its own addresses are free for it.
  const bare = { ...zone, nics: zone.nics.map((nic) => ({ ...nic, addresses: [] })) };
  const others = { ...records, zones: records.zones.map((one) => (one.name === zone.name ? bare : one)) };
  const member = createMemberDecider(others);
  const outside = createOutsideDecider({ ...situation, records: others }, 'change');
  return (nic, request) => {
    if (nic.network === undefined) {
      const addresses = request.addresses.map((one) => withLength(one, zone, nic));
      const asked = { uplink: nic.over, ...request, addresses };
      const { dhcp, addrconf } = request;
      return { addresses: outside(asked, nic.link, zone.name).addresses, dhcp, addrconf };
    }
    const network = findNetwork(nic.network, records);
    if (routedNetworks(zone).includes(network.name)) throw isRouter(zone, nic, network);
    if (request.dhcp || request.addrconf)
      throw refused(zone, nic, `its address on network "${network.name}" is recorded`);
    const asked = request.addresses.map((one) => onNetwork(one, zone, nic, network));
    const isNone = asked.length === 0;
    // A family that is not named keeps what it has.
    const named = asked.map(familyOf);
    const kept = nic.addresses.map(({ address }) => address).filter((address) => !named.includes(familyOf(address)));
    const addresses = member(network, { addresses: [...asked, ...kept], bare: isNone }, zone.name);
    return { addresses, dhcp: nic.dhcp, addrconf: nic.addrconf };
  };
}

/** @throws {OperatorError} PREFIX_INVALID */
function withLength(
  { address, prefixLength }: AddressRequest['addresses'][number],
  zone: ZoneRecord,
  nic: ZoneNic,
): InterfaceAddress {
  if (prefixLength !== undefined) return { address, prefixLength };
  const message = `Cannot give ${address} to zone "${zone.name}": the length of its prefix is missing`;
  throw new OperatorError('PREFIX_INVALID', message, { hint: `Write it behind a slash: ${nic.link}=${address}/24` });
}

function onNetwork(
  { address, prefixLength }: AddressRequest['addresses'][number],
  zone: ZoneRecord,
  nic: ZoneNic,
  network: Network,
): Address {
  const prefix = prefixOf(network, familyOf(address));
  if (prefixLength === undefined || prefix?.length === prefixLength) return address;
  throw refused(zone, nic, `/${prefixLength} is not the length of a prefix of network "${network.name}"`);
}

/** Several links outside may be in one prefix; those that swap their addresses are named both. */
function refuseTwice(zone: ZoneRecord, nics: readonly ZoneNic[]): void {
  const all = nics.flatMap(({ link, addresses }) => addresses.map(({ address }) => ({ link, address })));
  for (const [at, { link, address }] of all.entries()) {
    const other = all.slice(at + 1).find((one) => one.address === address);
    if (other === undefined) continue;
    const message = `Cannot give zone "${zone.name}" these addresses: ${link} and ${other.link} would both have ${address}`;
    throw new OperatorError('ADDRESS_TAKEN', message, {
      hint: 'Give one of them another, or name both with -a to swap',
    });
  }
}

/** Routers and routes as asked for; of those that stay, each has to be on the network of its link still. */
function rerouted(
  zone: ZoneRecord,
  nics: readonly ZoneNic[],
  { routers, routes }: Readdressing,
  { networks }: Pick<Records, 'networks'>,
): ZoneNic[] {
  const given = routers.map(familyOf);
  const kept = nics.map((nic, at) => ({
    ...nic,
    routers: nic.routers.filter(
      (router) => !given.includes(familyOf(router)) && stays(router, nic, zone.nics[at], zone),
    ),
    routes: routes === undefined ? nic.routes : [],
  }));
  for (const nic of kept) {
    const lost = nic.routes.find(({ router }) => !reaches(nic, router));
    if (lost !== undefined) throw lostRoute(zone, nic, lost);
  }
  const all = addRoutes(kept, { routers, staticRoutes: routes ?? [] }, zone.name, networks);
  refuseUnrouted(zone, all);
  return all;
}

/** Where the router came with the lease, another one has to be named; routes beside the default one may be all there is to be. */
function refuseUnrouted(zone: ZoneRecord, nics: readonly ZoneNic[]): void {
  for (const family of ['inet', 'inet6'] as const) {
    const was = zone.nics.some((nic) => isLearnt(nic, family));
    const ways = nics.flatMap(({ routers, routes }) => [...routers, ...routes.map(({ router }) => router)]);
    const isStatic = nics.some((nic) => nic.side === 'outside' && addressesOf(nic, family).length > 0);
    if (!was || !isStatic || nics.some((nic) => isLearnt(nic, family))) continue;
    if (ways.some((router) => familyOf(router) === family)) continue;
    const message = `Cannot give zone "${zone.name}" these addresses: its router came with what it learnt, and would be none`;
    throw new OperatorError('VALUE_INVALID', message, { hint: 'Name the router there: -r ADDRESS' });
  }
}

/** Whether a default router stays: not where the family is learnt now, or goes. */
function stays(router: Address, nic: ZoneNic, before: ZoneNic | undefined, zone: ZoneRecord): boolean {
  if (nic === before || reaches(nic, router)) return true;
  const family = familyOf(router);
  if (isLearnt(nic, family) || addressesOf(nic, family).length === 0) return false;
  throw new OperatorError(
    'ADDRESS_OUTSIDE',
    `Cannot give zone "${zone.name}" these addresses: its router ${router} is on none of the networks of ${nic.link} then`,
    { hint: 'Name the router there: -r ADDRESS' },
  );
}

function isRouter(zone: ZoneRecord, { link }: ZoneNic, { name }: Network): OperatorError {
  const message = `Cannot change the address of ${link}: zone "${zone.name}" is the router of network "${name}" there`;
  return new OperatorError('VALUE_INVALID', message, {
    hint: `to change it:   znetadm set-network -r ADDRESS ${name}`,
  });
}

function hostsRoutes(): OperatorError {
  return new OperatorError('NOT_OURS', 'Cannot change routers of the global zone: its routes are its own', {
    hint: 'By hand: /usr/sbin/route -p add default ROUTER',
  });
}

function inConfiguration({ name }: ZoneRecord): OperatorError {
  return new OperatorError('IN_USE', `Cannot change addresses of zone "${name}": they are in its configuration`, {
    hint: `It shares the host's IP stack. Make it anew: znetadm delete-zone ${name}`,
  });
}

function refused(zone: ZoneRecord, { link }: ZoneNic, why: string): OperatorError {
  return new OperatorError('VALUE_INVALID', `Cannot change the addresses of ${link} of zone "${zone.name}": ${why}`, {
    hint: `Write an address of the network, or one a family: ${link}=10.2.0.7`,
  });
}

function lostRoute(zone: ZoneRecord, { link }: ZoneNic, route: StaticRoute): OperatorError {
  const message = `Cannot give zone "${zone.name}" these addresses: the router of its route "${formatStaticRoute(route)}" is on none of the networks of ${link} then`;
  return new OperatorError('ADDRESS_OUTSIDE', message, {
    hint: 'Name all routes that it is to have: --route PREFIX=ROUTER, or --route none',
  });
}
