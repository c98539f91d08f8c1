import {
  parseAddresses,
  parseForwarding,
  parseForwardingDefault,
  showAddresses,
  showForwarding,
  showForwardingDefault,
} from '../illumos/ipadm.ts';
import { parseFilterRules, printFilterRules, showFilterRules } from '../illumos/ipf.ts';
import { parseNatRules, printNatRules, showNatRules } from '../illumos/ipnat.ts';
import { parseDefaultRouters, showRoutes } from '../illumos/netstat.ts';
import { ROUTING_DECIDED, ROUTING_SETUP } from '../illumos/routeadm.ts';
import { IDENTITY_DOMAIN, IPFILTER, ZONENET_FORWARDING } from '../illumos/smf.ts';
import { parseProperties, showProperties } from '../illumos/svcprop.ts';
import { isRunning, parseServices, showServices } from '../illumos/svcs.ts';
import { FILTER_FILES, type ObservedFilter, type ObservedRules } from '../plan/filter.ts';
import type { ObservedForwarding } from '../plan/forwarding.ts';
import type { DesiredZone, ObservedZone } from '../plan/zone.ts';
import { ask } from '../system/ask.ts';
import type { System } from '../system/system.ts';
import type { Readable } from './candidates.ts';
import { observeFiles } from './observe-files.ts';

/** What the zone has of all that is wanted. `readable` says where the wanted filter files can be read. */
export async function observeZone(
  { metadata: { role }, files }: DesiredZone,
  readable: Readable,
  system: System,
): Promise<ObservedZone> {
  const [addresses, routes, routing, observedFiles, proxy] = await Promise.all([
    ask(showAddresses(), system),
    ask(showRoutes(), system),
    // Status 1: routeadm has never been asked, so the property is not there.
    ask(showProperties(ROUTING_SETUP, ROUTING_DECIDED, 'edited'), system, { tolerates: [1] }),
    observeFiles(files, system),
    role === 'proxy' ? observeProxy(readable, system) : undefined,
  ]);
  return {
    addresses: parseAddresses(addresses),
    defaultRouters: parseDefaultRouters(routes),
    routingDecided: routing.trim() === 'true',
    files: observedFiles,
    ...(proxy === undefined ? {} : { proxy }),
  };
}

async function observeProxy(readable: Readable, system: System) {
  const [filter, forwarding] = await Promise.all([observeFilter(readable, system), observeForwarding(system)]);
  return { filter, forwarding };
}

export async function observeFilter(readable: Readable, system: System): Promise<ObservedFilter> {
  const fmris = [IPFILTER, IDENTITY_DOMAIN, ZONENET_FORWARDING];
  const [states, policy] = await Promise.all([
    // Status 1: one of them is not there. Which one matters is said by the plan.
    ask(showServices(fmris), system, { tolerates: [1] }),
    ask(showProperties(IPFILTER, 'firewall_config_default', 'running'), system, { tolerates: [1] }),
  ]);
  const services = parseServices(states);
  const ipfilter = services.get(IPFILTER);
  return {
    services,
    policy: parseProperties(policy),
    ...(isRunning(ipfilter) && ipfilter?.moving === false ? { rules: await observeRules(readable, system) } : {}),
  };
}

async function observeRules(readable: Readable, system: System): Promise<ObservedRules> {
  const at = (path: string) => readable.get(path) ?? path;
  const files = { inet: at(FILTER_FILES.inet), inet6: at(FILTER_FILES.inet6), nat: at(FILTER_FILES.nat) };
  const reason = 'to compare the rules wanted with the rules loaded';
  const [inet, inet6, nat, haveInet, haveInet6, haveNat] = await Promise.all([
    ask(printFilterRules(files.inet, 'inet'), system, { reason }),
    ask(printFilterRules(files.inet6, 'inet6'), system, { reason }),
    ask(printNatRules(files.nat), system, { reason }),
    ask(showFilterRules('inet'), system, { reason }),
    ask(showFilterRules('inet6'), system, { reason }),
    ask(showNatRules(), system, { reason }),
  ]);
  return {
    files,
    want: { inet: parseFilterRules(inet), inet6: parseFilterRules(inet6), nat: parseNatRules(nat) },
    have: { inet: parseFilterRules(haveInet), inet6: parseFilterRules(haveInet6), nat: parseNatRules(haveNat) },
  };
}

export async function observeForwarding(system: System): Promise<ObservedForwarding> {
  const [byDefault, links] = await Promise.all([ask(showForwardingDefault(), system), ask(showForwarding(), system)]);
  return {
    byDefault: parseForwardingDefault(byDefault),
    // lo0 follows the default and forwards nothing.
    links: parseForwarding(links).filter((link) => link !== 'lo0'),
  };
}
