import type { Nic } from '../domain/metadata.ts';
import type { Command } from '../illumos/command.ts';
import { parseLinks, showLinks } from '../illumos/dladm.ts';
import {
  type AddressObject,
  parseAddresses,
  parseForwarding,
  parseForwardingDefault,
  parseInterfaces,
  parseMtu,
  showAddresses,
  showForwarding,
  showForwardingDefault,
  showInterfaces,
  showMtu,
} from '../illumos/ipadm.ts';
import { parseFilterRules, printFilterRules, showFilterRules } from '../illumos/ipf.ts';
import { parseNatRules, printNatRules, showNatRules } from '../illumos/ipnat.ts';
import { parseRouteTable, showRouteTable } from '../illumos/netstat.ts';
import { ROUTING_DECIDED, ROUTING_SETUP } from '../illumos/routeadm.ts';
import {
  IDENTITY_DOMAIN,
  IPFILTER,
  NEIGHBOUR_DISCOVERY,
  OWN_PROGRAMS,
  ZONENET_FORWARDING,
  ZONENET_IPV6,
} from '../illumos/smf.ts';
import { parseProperties, showProperties } from '../illumos/svcprop.ts';
import { isRunning } from '../illumos/svcs.ts';
import { FILTER_FILES, type ObservedFilter, type ObservedRules, type Rules } from '../plan/filter.ts';
import type { ObservedForwarding } from '../plan/forwarding.ts';
import { isBare, type ObservedMtus } from '../plan/interfaces.ts';
import { wantsIpv6 } from '../plan/ipv6.ts';
import { NAME_SERVICE_SWITCH } from '../plan/name-service.ts';
import { FILTER_RECORD, type ObservedOwnFilter } from '../plan/own-filter.ts';
import { parseRoutes } from '../plan/route-record.ts';
import { ROUTE_RECORD } from '../plan/routes.ts';
import { type DesiredZone, hasResolver, type ObservedZone } from '../plan/zone.ts';
import { ask } from '../system/ask.ts';
import type { System } from '../system/system.ts';
import { type AskServices, askTogether } from './ask-services.ts';
import type { Readable } from './candidates.ts';
import { observeFiles } from './observe-files.ts';

/** Status 1: routeadm has never been asked, so the property is not there. */
const showRouting = () => showProperties(ROUTING_SETUP, ROUTING_DECIDED, 'edited');

/** What is asked of every zone, whatever its metadata say. */
export const ASKED_ALWAYS: readonly Command[] = [showLinks(), showAddresses(), showRouteTable(), showRouting()];

const showPolicy = () => showProperties(IPFILTER, 'firewall_config_default', 'running');

/** What is asked of every proxy whose packet filter runs. */
export const ASKED_OF_PROXIES: readonly Command[] = [
  showForwardingDefault('inet'),
  showForwardingDefault('inet6'),
  showForwarding(),
  showPolicy(),
  showFilterRules('inet'),
  showFilterRules('inet6'),
  showNatRules(),
];

/** What the zone has of all that is wanted. `readable` says where the wanted filter files can be read. */
export async function observeZone(
  { metadata, files }: DesiredZone,
  readable: Readable,
  system: System,
): Promise<ObservedZone> {
  const { nics, role, rules } = metadata;
  const askServices = askTogether(system);
  const [links, addresses, interfaces, routes, recorded, routing, observedFiles, nameServices, proxy, own] =
    await Promise.all([
      observeLinks(nics, system),
      observeAddresses(nics, askServices, system),
      nics.some(isBare) ? ask(showInterfaces(), system) : '',
      ask(showRouteTable(), system),
      system.readFile(ROUTE_RECORD),
      ask(showRouting(), system, { tolerates: [1] }),
      observeFiles(files, system, askServices),
      hasResolver(metadata) ? system.readFile(NAME_SERVICE_SWITCH) : undefined,
      role === 'proxy' ? observeProxy(readable, askServices, system) : undefined,
      role === 'member' ? observeOwnFilter(rules.length > 0, readable, askServices, system) : undefined,
    ]);
  return {
    ...links,
    ...addresses,
    interfaces: parseInterfaces(interfaces),
    routes: parseRouteTable(routes),
    ...(recorded === undefined ? {} : { recordedRoutes: parseRoutes(recorded) }),
    routingDecided: routing.trim() === 'true',
    files: observedFiles,
    ...(nameServices === undefined ? {} : { nameServices }),
    ...(proxy === undefined ? {} : { proxy }),
    ...(own === undefined ? {} : { own }),
  };
}

/** What has become of files and services; all else is as it was seen before. */
export async function observeFilesAgain(
  { files }: DesiredZone,
  before: ObservedZone,
  system: System,
): Promise<ObservedZone> {
  const askServices = askTogether(system);
  const filter = before.proxy?.filter ?? before.own?.filter;
  const [observed, services] = await Promise.all([
    observeFiles(files, system, askServices),
    askServices(filter === undefined ? [] : FILTER_SERVICES),
  ]);
  return {
    ...before,
    files: observed,
    ...(before.proxy === undefined ? {} : { proxy: { ...before.proxy, filter: { ...before.proxy.filter, services } } }),
    ...(before.own === undefined ? {} : { own: { ...before.own, filter: { ...before.own.filter, services } } }),
  };
}

/** The links, and the MTU of IP on those that take more than the metadata say. One that is not plumbed has none yet. */
async function observeLinks(nics: readonly Nic[], system: System) {
  const links = new Map(parseLinks(await ask(showLinks(), system)).map(({ name, mtu }) => [name, mtu]));
  const wide = nics.filter(({ link, mtu }) => (links.get(link) ?? 0) > mtu);
  const mtus = wide.map(
    async ({ link }): Promise<[string, ReturnType<typeof parseMtu>]> => [
      link,
      parseMtu(await ask(showMtu(link), system, { tolerates: [1] })),
    ],
  );
  const observed: ObservedMtus = new Map(await Promise.all(mtus));
  return { links, mtus: observed };
}

/** The addresses, and the services that IPv6 waits for where there is any of it, wanted or left over. */
async function observeAddresses(nics: readonly Nic[], askServices: AskServices, system: System) {
  const fmris = [NEIGHBOUR_DISCOVERY, ZONENET_IPV6];
  const [text, wanted] = await Promise.all([ask(showAddresses(), system), askServices(wantsIpv6(nics) ? fmris : [])]);
  const addresses = parseAddresses(text);
  const isLeftOver = ({ family, link }: AddressObject) => family === 'inet6' && nics.some((nic) => nic.link === link);
  const isAsked = wantsIpv6(nics) || !addresses.some(isLeftOver);
  return { addresses, services: isAsked ? wanted : await askServices(fmris) };
}

async function observeProxy(readable: Readable, askServices: AskServices, system: System) {
  const [filter, forwarding] = await Promise.all([
    observeFilter(readable, system, { askServices }),
    observeForwarding(system),
  ]);
  return { filter, forwarding };
}

/** Of a member. Nothing is asked where it neither filters nor did. */
async function observeOwnFilter(
  isWanted: boolean,
  readable: Readable,
  askServices: AskServices,
  system: System,
): Promise<ObservedOwnFilter | undefined> {
  const noted = (await system.readFile(FILTER_RECORD)) !== undefined;
  if (!isWanted && !noted) return undefined;
  const kinds = isWanted ? (['inet', 'inet6'] as const) : [];
  return { filter: await observeFilter(readable, system, { kinds, askServices }), noted };
}

const ALL_RULES = ['inet', 'inet6', 'nat'] as const;

/** Which one matters that is not there is said by the plan. */
const FILTER_SERVICES = [IPFILTER, IDENTITY_DOMAIN, ZONENET_FORWARDING, ...OWN_PROGRAMS];

/** `kinds` are the rules that matter; of others none are asked for. */
export async function observeFilter(
  readable: Readable,
  system: System,
  {
    kinds = ALL_RULES,
    askServices = askTogether(system),
  }: { kinds?: readonly (keyof Rules)[]; askServices?: AskServices } = {},
): Promise<ObservedFilter> {
  const [services, policy] = await Promise.all([
    askServices(FILTER_SERVICES),
    ask(showPolicy(), system, { tolerates: [1] }),
  ]);
  const ipfilter = services.get(IPFILTER);
  return {
    services,
    policy: parseProperties(policy),
    ...(isRunning(ipfilter) && ipfilter?.moving === false
      ? { rules: await observeRules(readable, system, kinds) }
      : {}),
  };
}

async function observeRules(
  readable: Readable,
  system: System,
  kinds: readonly (keyof Rules)[],
): Promise<ObservedRules> {
  const at = (path: string) => readable.get(path) ?? path;
  const files = { inet: at(FILTER_FILES.inet), inet6: at(FILTER_FILES.inet6), nat: at(FILTER_FILES.nat) };
  const reason = 'to compare the rules wanted with the rules loaded';
  const asked = (kind: keyof Rules, command: Command) => (kinds.includes(kind) ? ask(command, system, { reason }) : '');
  const [inet, inet6, nat, haveInet, haveInet6, haveNat] = await Promise.all([
    asked('inet', printFilterRules(files.inet, 'inet')),
    asked('inet6', printFilterRules(files.inet6, 'inet6')),
    asked('nat', printNatRules(files.nat)),
    asked('inet', showFilterRules('inet')),
    asked('inet6', showFilterRules('inet6')),
    asked('nat', showNatRules()),
  ]);
  return {
    files,
    want: { inet: parseFilterRules(inet), inet6: parseFilterRules(inet6), nat: parseNatRules(nat) },
    have: { inet: parseFilterRules(haveInet), inet6: parseFilterRules(haveInet6), nat: parseNatRules(haveNat) },
  };
}

export async function observeForwarding(system: System): Promise<ObservedForwarding> {
  const [inet, inet6, all] = await Promise.all([
    ask(showForwardingDefault('inet'), system),
    ask(showForwardingDefault('inet6'), system),
    ask(showForwarding(), system),
  ]);
  // lo0 follows the default and forwards nothing.
  const links = (family: 'inet' | 'inet6') => parseForwarding(all, family).filter((link) => link !== 'lo0');
  return {
    inet: { byDefault: parseForwardingDefault(inet), links: links('inet') },
    inet6: { byDefault: parseForwardingDefault(inet6), links: links('inet6') },
  };
}
