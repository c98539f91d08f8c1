import { createLinkNames } from '../domain/allocation.ts';
import { OperatorError } from '../domain/errors.ts';
import type { LinkWishes } from '../domain/link-wishes.ts';
import { type MacAddress, randomMac } from '../domain/mac.ts';
import type { Role } from '../domain/metadata.ts';
import { dnsNameOf, hasDnsName } from '../domain/name-service.ts';
import type { LinkName, NetworkName, ZoneName } from '../domain/names.ts';
import { type Network, routerAddresses } from '../domain/network.ts';
import type { InterfaceAddress } from '../domain/prefix.ts';
import { hasMethod, type IpType, networksOf, proxyOf, type ZoneNic, type ZoneRecord } from '../domain/zone-record.ts';
import type { HostNetworks } from './claims.ts';
import { createMemberDecider } from './decide-members.ts';
import { createOutsideDecider } from './decide-outside.ts';
import { decideRoutes } from './decide-routes.ts';
import { takenLinkNames } from './observe.ts';
import type { Situation } from './situation.ts';
import { findNetwork, type Records } from './store.ts';
import type { LinkRequest } from './zone-request.ts';

/** The zone that links are for. */
export interface Who {
  readonly name: ZoneName;
  readonly brand: string;
  readonly ipType: IpType;
  /** The links it has already, of a zone that gets more. */
  readonly before?: ZoneRecord;
  /** A new random UUID. */
  newId(): string;
}

/** Decides on the links of one zone after the other: what one was given the next does not get. */
export type LinkDecider = (request: LinkRequest, who: Who) => { readonly role: Role; readonly nics: ZoneNic[] };

/** @throws {OperatorError} as `decideZones` */
export function createLinkDecider(situation: Situation): LinkDecider {
  const { records, settings, observed } = situation;
  const linkName = createLinkNames(takenLinkNames(observed, records));
  const decideAddresses = createMemberDecider(records);
  const decideOutside = createOutsideDecider(situation);
  /** Networks that got their router in this run, and who it is. */
  const routed = new Map<NetworkName, ZoneName>();
  const chooseMac = createMacChooser(records);
  return (request, { name, ipType, brand, before, newId }) => {
    const routes = request.routes.map((network) => usableNetwork(network, name, records));
    for (const network of routes) {
      checkUnrouted(network, name, situation, routed);
      checkRouterFree(network, name, situation.host);
      routed.set(network.name, name);
    }
    const isProxy = routes.length > 0 || before?.role === 'proxy';
    if (isProxy) checkLoops(name, [...routes.map((network) => network.name), ...routedBy(before)], request, records);
    if (isProxy && ipType === 'shared') throw sharedProxy(name);
    const outside = request.outside.map((wanted) => decideOutside(wanted, linkName(settings.outsideBase), name));
    const memberships = request.networks.map((wanted): ZoneNic => {
      const network = usableNetwork(wanted.network, name, records);
      checkDnsName(network, name, records);
      const addresses = decideAddresses(network, wanted, name);
      const nic = hiddenNic(linkName(settings.insideBase), network, addresses, wanted);
      return isProxy ? { ...nic, side: 'outside' } : nic;
    });
    const inside = routes.map((network) =>
      hiddenNic(linkName(settings.insideBase), network, routerAddresses(network), {}),
    );
    const given = [...outside, ...memberships, ...inside];
    const nics = decideRoutes(given, request, name, { networks: records.networks, before: before?.nics ?? [] });
    // What cannot run our method gets its address by DHCP, from a proxy that knows it by its Ethernet address.
    const leased =
      hasMethod({ brand, ipType }) || ipType === 'shared'
        ? nics
        : nics.map((nic) => ({ ...nic, mac: chooseMac(newId) }));
    return { role: isProxy ? 'proxy' : 'member', nics: leased };
  };
}

/** The last six digits of a random UUID (version 4) are random all. */
function createMacChooser({ zones }: Records): (newId: () => string) => MacAddress {
  const taken = new Set(zones.flatMap(({ nics }) => nics.flatMap(({ mac }) => mac ?? [])));
  return (newId) => {
    let mac = randomMac(newId().slice(-6));
    while (taken.has(mac)) mac = randomMac(newId().slice(-6));
    taken.add(mac);
    return mac;
  };
}

function routedBy(before: ZoneRecord | undefined): NetworkName[] {
  return (before?.nics ?? []).flatMap(({ side, network }) =>
    side === 'inside' && network !== undefined ? [network] : [],
  );
}

/** @throws {OperatorError} NOT_FOUND, IN_USE */
function usableNetwork(name: NetworkName, zone: ZoneName, records: Records): Network {
  const network = findNetwork(name, records);
  if (network.state === 'ready') return network;
  throw new OperatorError('IN_USE', `Cannot connect zone "${zone}": network "${name}" is ${network.state}`, {
    hint: network.state === 'creating' ? 'to finish it: znetadm sync' : `to finish it: znetadm delete-network ${name}`,
  });
}

/** DNS knows no capitals, and no empty label: two zones would be one name there, or a zone would have none. */
function checkDnsName({ name, names }: Network, zone: ZoneName, { zones }: Records): void {
  if (names?.by !== 'dns') return;
  const hint = `Give the zone another name, or the network no DNS: znetadm show-network -o names ${name}`;
  if (!hasDnsName(zone)) {
    const message = `Cannot connect zone "${zone}": it has no name in ${names.domain}, which knows no empty label`;
    throw new OperatorError('NAME_INVALID', message, { hint });
  }
  const other = zones.find(
    (one) => one.name !== zone && dnsNameOf(one.name) === dnsNameOf(zone) && networksOf(one).includes(name),
  );
  if (other === undefined) return;
  const message = `Cannot connect zone "${zone}": ${dnsNameOf(zone)}.${names.domain} is the name of zone "${other.name}"`;
  throw new OperatorError('EXISTS', message, { hint });
}

function checkUnrouted(
  { name }: Network,
  zone: ZoneName,
  { records, observed }: Situation,
  routed: ReadonlyMap<NetworkName, ZoneName>,
): void {
  const router = proxyOf(name, records.zones)?.name ?? routed.get(name);
  if (router === undefined) return;
  const message = `Cannot connect zone "${zone}": network "${name}" has a router, zone "${router}"`;
  const verb = observed.zones.has(zone) ? 'attach' : 'create';
  throw new OperatorError('IN_USE', message, {
    ...(router === zone ? {} : { hint: `to put the zone on the network:   znetadm ${verb}-zone -N ${name} ${zone}` }),
  });
}

/** A network may have been made by hand, and the host be its router by a link of its own. */
function checkRouterFree(network: Network, zone: ZoneName, host: HostNetworks): void {
  const routers = routerAddresses(network).map(({ address }) => address);
  const having = host.addresses.find(({ address }) => routers.includes(address.address));
  if (having === undefined) return;
  const { object } = having;
  const message = `Cannot make zone "${zone}" the router of network "${network.name}": the host itself has ${having.address.address}, as ${object}`;
  throw new OperatorError('ADDRESS_TAKEN', message, {
    hint: `When the host is to be its router no more:   /usr/sbin/ipadm delete-addr ${object}`,
  });
}

/** Follows the way out of a proxy from router to router: it may not come back to a network behind it. */
function checkLoops(
  zone: ZoneName,
  behind: readonly NetworkName[],
  { networks }: LinkRequest,
  { zones }: Records,
): void {
  const follow = (network: NetworkName, way: readonly NetworkName[]): void => {
    const path = [...way, network];
    if (behind.includes(network)) {
      const steps = path.map((name) => `"${name}"`).join(', from there into ');
      throw new OperatorError('VALUE_INVALID', `Cannot connect zone "${zone}": its way out leads back into ${steps}`, {
        hint: 'Networks behind networks have to end at an uplink: choose another one behind -N',
      });
    }
    const proxy = proxyOf(network, zones);
    if (proxy === undefined || way.includes(network)) return;
    for (const next of networksOf(proxy).filter((other) => !routedBy(proxy).includes(other))) follow(next, path);
  };
  for (const { network } of networks) follow(network, []);
}

function sharedProxy(zone: ZoneName): OperatorError {
  return new OperatorError('VALUE_INVALID', `Cannot make zone "${zone}" a proxy: it shares the IP stack of the host`, {
    hint: 'Leave out --shared-ip: a router needs a stack of its own',
  });
}

function hiddenNic(
  link: LinkName,
  network: Network,
  addresses: readonly InterfaceAddress[],
  { bandwidth, priority }: LinkWishes,
): ZoneNic {
  return {
    link,
    over: network.etherstub,
    side: 'inside',
    network: network.name,
    mtu: network.mtu,
    dhcp: false,
    addrconf: false,
    addresses,
    routers: [],
    routes: [],
    ...(bandwidth === undefined ? {} : { bandwidth }),
    ...(priority === undefined ? {} : { priority }),
  };
}
