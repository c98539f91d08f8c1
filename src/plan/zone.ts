import type { Family } from '../domain/address.ts';
import type { RenderedFile } from '../domain/managed-file.ts';
import type { Nic, ZoneMetadata } from '../domain/metadata.ts';
import { GLOBAL } from '../domain/names.ts';
import { forwardedFamilies, ownNics } from '../domain/nic.ts';
import type { AddressObject } from '../illumos/ipadm.ts';
import type { TableRoute } from '../illumos/netstat.ts';
import type { RouteWords } from '../illumos/route.ts';
import type { ServiceState } from '../illumos/svcs.ts';
import { planAddresses, unboundLinks } from './addresses.ts';
import { type ObservedFile, planFiles } from './files.ts';
import { isPolicyWrong, type ObservedFilter, planFilterRules, planFilterService, planNatRules } from './filter.ts';
import { type ObservedForwarding, planForwarding, type WantedForwarding } from './forwarding.ts';
import { type ObservedMtus, planInterfaces, planMtus } from './interfaces.ts';
import { isIpv6Ready, planIpv6Service } from './ipv6.ts';
import { planNameService } from './name-service.ts';
import { type ObservedOwnFilter, planOwnFilter } from './own-filter.ts';
import { planOwnServices } from './own-services.ts';
import { planRoutes, planRoutingDaemon } from './routes.ts';
import type { Plan } from './step.ts';

/** What a zone is to be. */
export interface DesiredZone {
  readonly metadata: ZoneMetadata;
  readonly files: readonly RenderedFile[];
}

/** What a zone is. */
export interface ObservedZone {
  /** MTU of each link that the zone has, by name. */
  readonly links: ReadonlyMap<string, number>;
  readonly mtus: ObservedMtus;
  /** Interfaces that are plumbed; asked for only where a NIC has no address. */
  readonly interfaces: readonly string[];
  readonly addresses: readonly AddressObject[];
  readonly routes: readonly TableRoute[];
  /** The static routes that we have noted as ours; missing when none ever were. */
  readonly recordedRoutes?: readonly RouteWords[];
  /** What IPv6 depends on, by FMRI; empty where the zone wants none. */
  readonly services: ReadonlyMap<string, ServiceState>;
  /** Whether it is settled that in.routed stays off. */
  readonly routingDecided: boolean;
  /** By path. */
  readonly files: ReadonlyMap<string, ObservedFile>;
  /** Text of nsswitch.conf; missing when there is none. */
  readonly nameServices?: string;
  /** Of a proxy only. */
  readonly proxy?: { readonly filter: ObservedFilter; readonly forwarding: ObservedForwarding };
  /** Of a member only, that filters or did. */
  readonly own?: ObservedOwnFilter;
}

/**
 * All steps that make the zone as its metadata says, in the order in which no packet passes unfiltered or untranslated:
 * addresses, routes, filter and NAT with their files, forwarding. Empty when nothing is out of order.
 *
 * What cannot be is left out and told by `troublesOf`: a NIC whose link is missing, a lease that does not come, IPv6
 * while in.ndpd does not run.
 */
export function planZone({ metadata, files }: DesiredZone, observed: ObservedZone): Plan {
  const isHost = metadata.zone === GLOBAL;
  const nics = ownNics({ nics: presentNics(metadata, observed) });
  const network = planNetwork(nics, isHost, observed);
  // Routing and name services of the host are its own.
  const last = [
    ...(isHost ? [] : planRoutingDaemon(observed.routingDecided)),
    ...planIpv6Service(nics, observed.services),
    ...(hasResolver(metadata) ? planNameService(observed.nameServices) : []),
  ];
  const written = planFiles(files, observed.files);
  if (observed.proxy === undefined) {
    const { own } = observed;
    return [...network, ...(own === undefined ? written : planOwnFilter(metadata, own, written)), ...last];
  }
  const { filter, forwarding } = observed.proxy;
  last.push(...planOwnServices(metadata, filter.services));
  const services = planFilterService(filter);
  const want = withNew(wantedForwarding(metadata, observed.addresses), nics);
  if (filter.rules === undefined || isPolicyWrong(filter)) {
    // ipfilter does not run, or is restarted: it loads the files, so they come first.
    const { first, before, after } = planForwarding(want, forwarding, filter.services, 'ipfilter');
    return [...first, ...network, ...before, ...written, ...services, ...last, ...after];
  }
  const natRules = planNatRules(filter);
  const disturbance = natRules.length > 0 ? 'nat' : 'none';
  const { first, before, after } = planForwarding(want, forwarding, filter.services, disturbance);
  // The files are installed once the kernel has taken their rules: until then the old ones are there to go back to.
  const rules = [...planFilterRules(filter), ...before, ...natRules];
  return [...first, ...network, ...rules, ...written, ...services, ...last, ...after];
}

/** What goes, goes first: a route of before would stay beside the one that DHCP brings. */
function planNetwork(nics: readonly Nic[], isHost: boolean, observed: ObservedZone): Plan {
  const families: readonly Family[] = isIpv6Ready(observed.services) ? ['inet', 'inet6'] : ['inet'];
  const addresses = families.map((family) => planAddresses(nics, observed.addresses, family));
  const { routes: table, recordedRoutes, addresses: have } = observed;
  const recorded = recordedRoutes === undefined ? {} : { recorded: recordedRoutes };
  const found = { table, ...recorded, unbound: unboundLinks(nics, have) };
  const routes = isHost ? { removals: [], additions: [] } : planRoutes(nics, found, families);
  return [
    ...addresses.flatMap(({ removals }) => removals),
    ...routes.removals,
    ...addresses.flatMap(({ additions }) => additions),
    ...planInterfaces(nics, observed.interfaces),
    ...planMtus(nics, observed.mtus),
    ...routes.additions,
  ];
}

/** The NICs whose links the zone has. */
export function presentNics({ nics }: Pick<ZoneMetadata, 'nics'>, { links }: Pick<ObservedZone, 'links'>): Nic[] {
  return nics.filter(({ link }) => links.has(link));
}

/** Whether a zone is told whom to ask for names. Whom a host asks is its own. */
export function hasResolver({ zone, resolver: { nameservers, domain, search } }: ZoneMetadata): boolean {
  return zone !== GLOBAL && (nameservers.length > 0 || domain !== undefined || search.length > 0);
}

/** Where forwarding is put on link by link, those that the plan gives an address are there by then. */
function withNew(want: WantedForwarding, nics: readonly Nic[]): WantedForwarding {
  if (want.only !== true) return want;
  const coming = nics.filter(({ addresses }) => addresses.length > 0).map(({ link }) => link);
  return { ...want, links: [...new Set([...want.links, ...coming])] };
}

/** A link is plumbed for both families at once, with its first address. */
export function wantedForwarding(
  metadata: Pick<ZoneMetadata, 'zone' | 'role' | 'nics'>,
  addresses: readonly AddressObject[],
): WantedForwarding {
  const links = metadata.nics.map(({ link }) => link);
  return {
    families: forwardedFamilies(metadata),
    links: links.filter((link) => addresses.some((one) => one.link === link)),
    ...(metadata.zone === GLOBAL ? { only: true } : {}),
  };
}
