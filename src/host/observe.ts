import { familyOf } from '../domain/address.ts';
import { GLOBAL, type ZoneName } from '../domain/names.ts';
import type { Prefix } from '../domain/prefix.ts';
import type { ZoneRecord } from '../domain/zone-record.ts';
import { type Link, parseLinks, showLinks } from '../illumos/dladm.ts';
import { parseDetails, showShares, showVlans } from '../illumos/dladm-shares.ts';
import { parseAddresses, parseInterfaces, showAddresses, showInterfaces } from '../illumos/ipadm.ts';
import { parseInet6Destinations, parseRouteDestinations, showInet6Routes, showRoutes } from '../illumos/netstat.ts';
import { findRoute, parseFoundRoute, ROUTE_NOT_THERE } from '../illumos/route.ts';
import { listZones, parseZones, type ZoneEntry } from '../illumos/zoneadm.ts';
import { exportConfig, parseConfig, type ZoneConfig } from '../illumos/zonecfg.ts';
import { publishedDirectory } from '../plan/host-paths.ts';
import type { ObservedZone } from '../plan/zone-config.ts';
import { ask } from '../system/ask.ts';
import { commandError } from '../system/execute.ts';
import type { System } from '../system/system.ts';
import type { HostNetworks } from './claims.ts';
import type { Records } from './store.ts';

/** What the host has, in two commands however many zones there are. */
export interface Observed {
  readonly links: ReadonlyMap<string, Link>;
  readonly zones: ReadonlyMap<string, ZoneEntry>;
  /** The IP interfaces of the host's own stack; empty when no zone shares it. */
  readonly interfaces: ReadonlySet<string>;
}

/** Where only some zones are `wanted`, only what they and their links are is looked at. */
export async function observeHost(
  system: System,
  wanted?: readonly Pick<ZoneRecord, 'name' | 'nics'>[],
): Promise<Observed> {
  const [links, zones] = await Promise.all([ask(showLinks(), system), ask(listZones(), system)]);
  const theirLinks = wanted && new Set(wanted.flatMap(({ nics }) => nics.map(({ link }) => link)));
  const theirNames = wanted && new Set(wanted.map(({ name }) => name));
  return {
    links: new Map(parseLinks(links, theirLinks).map((link) => [link.name, link])),
    zones: new Map(parseZones(zones, theirNames).map((zone) => [zone.name, zone])),
    interfaces: new Set(),
  };
}

/**
 * The host with what only some zones need to be known of it: details of VNICs where a link needs more than show-link
 * tells, the host's interfaces where a zone shares its stack. Three commands at most however many zones there are.
 */
export async function observeDetails(
  seen: Observed,
  zones: readonly Pick<ZoneRecord, 'nics' | 'ipType'>[],
  system: System,
): Promise<Observed> {
  const shared = zones.some(({ ipType }) => ipType === 'shared');
  const interfaces = shared ? parseInterfaces(await ask(showInterfaces(), system)) : [];
  return await observeShares({ ...seen, interfaces: new Set(interfaces) }, zones, system);
}

async function observeShares(
  observed: Observed,
  zones: readonly Pick<ZoneRecord, 'nics'>[],
  system: System,
): Promise<Observed> {
  const wanted = zones.some(({ nics }) =>
    nics.some(({ vlan, bandwidth, priority }) => (vlan ?? bandwidth ?? priority) !== undefined),
  );
  if (!wanted) return observed;
  const [vlans, shares] = await Promise.all([ask(showVlans(), system), ask(showShares(), system)]);
  const details = parseDetails(vlans, shares);
  const links = [...observed.links].map(([name, link]): [string, Link] => {
    const known = details.get(name);
    return [name, known === undefined ? link : { ...link, details: known }];
  });
  return { ...observed, links: new Map(links) };
}

/** A zone with its configuration. Undefined when the host has none of that name, and of the global zone. */
export async function observeZone(
  zone: ZoneName,
  { zones }: Pick<Observed, 'zones'>,
  system: System,
): Promise<ObservedZone | undefined> {
  const entry = zone === GLOBAL ? undefined : zones.get(zone);
  return entry === undefined ? undefined : { ...entry, config: parseConfig(await ask(exportConfig(zone), system)) };
}

/** A zone's configuration, where whether there is such a zone is asked at the same time. Undefined: zonecfg tells none. */
export async function observeConfig(zone: ZoneName, system: System): Promise<ZoneConfig | undefined> {
  const { status, stdout } = await system.run(exportConfig(zone));
  return status === 0 ? parseConfig(stdout) : undefined;
}

/** The addresses of the host's own stack and where its routes lead, the default route left out. */
export async function observeHostNetworks(system: System): Promise<HostNetworks> {
  const [addresses, table] = await Promise.all([ask(showAddresses(), system), ask(showRoutes(), system)]);
  const routes = parseRouteDestinations(table).map((address): Prefix => ({ address, length: 32 }));
  return {
    addresses: parseAddresses(addresses).flatMap(({ object, address }) =>
      address === undefined ? [] : [{ object, address }],
    ),
    routes,
  };
}

/**
 * The route that leads into a network from this host, unless it is the default one. The table shows routes without
 * their length, so whether a larger one holds the network has to be asked.
 */
export async function observeRouteTo({ address }: Prefix, system: System): Promise<Prefix | undefined> {
  if (familyOf(address) !== 'inet') return undefined;
  const command = findRoute(address);
  const result = await system.run(command);
  if (result.status === 0) return parseFoundRoute(result.stdout);
  if (result.status === ROUTE_NOT_THERE) return undefined;
  throw commandError({ command, reason: 'to see where the host routes it' }, result);
}

/** Where the IPv6 routes of this host lead, the default one left out. Their table shows lengths. */
export async function observeInet6Routes(system: System): Promise<Prefix[]> {
  return parseInet6Destinations(await ask(showInet6Routes(), system));
}

/**
 * What is published for a zone: paths below its directory, the files in a directory before it. Undefined: it has no
 * directory. What begins with "." is not ours.
 */
export async function observePublishedFiles(zone: ZoneName, system: System): Promise<string[] | undefined> {
  const directory = publishedDirectory(zone);
  return (await system.kindOf(directory)) === 'directory' ? await listBelow(directory, '', system) : undefined;
}

async function listBelow(directory: string, below: string, system: System): Promise<string[]> {
  const paths: string[] = [];
  for (const name of await system.list(`${directory}/${below}`.replace(/\/$/, ''))) {
    const path = `${below}${name}`;
    const kind = await system.kindOf(`${directory}/${path}`);
    paths.push(...(kind === 'directory' ? await listBelow(directory, `${path}/`, system) : []), path);
  }
  return paths;
}

/** Every name of a link that is taken: by a live link, or in a record. */
export function takenLinkNames({ links }: Pick<Observed, 'links'>, { networks, zones }: Records): Set<string> {
  return new Set([
    ...links.keys(),
    ...networks.map(({ etherstub }) => etherstub),
    ...zones.flatMap(({ nics }) => nics.map(({ link }) => link)),
  ]);
}
