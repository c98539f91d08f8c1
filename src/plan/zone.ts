import type { Address } from '../domain/address.ts';
import type { RenderedFile } from '../domain/managed-file.ts';
import type { ZoneMetadata } from '../domain/metadata.ts';
import type { AddressObject } from '../illumos/ipadm.ts';
import { planAddresses } from './addresses.ts';
import { type ObservedFile, planFiles } from './files.ts';
import { isPolicyWrong, type ObservedFilter, planFilterRules, planFilterService, planNatRules } from './filter.ts';
import { type ObservedForwarding, planForwarding } from './forwarding.ts';
import { planRoutes, planRoutingDaemon } from './routes.ts';
import type { Plan } from './step.ts';

/** What a zone is to be. */
export interface DesiredZone {
  readonly metadata: ZoneMetadata;
  readonly files: readonly RenderedFile[];
}

/** What a zone is. */
export interface ObservedZone {
  readonly addresses: readonly AddressObject[];
  /** Gateways of all IPv4 default routes. */
  readonly defaultRouters: readonly Address[];
  /** Whether it is settled that in.routed stays off. */
  readonly routingDecided: boolean;
  /** By path. */
  readonly files: ReadonlyMap<string, ObservedFile>;
  /** Of a proxy only. */
  readonly proxy?: { readonly filter: ObservedFilter; readonly forwarding: ObservedForwarding };
}

/**
 * All steps that make the zone as its metadata says, in the order in which no packet passes unfiltered or untranslated:
 * addresses, routes, filter and NAT with their files, forwarding. Empty when nothing is out of order.
 */
export function planZone({ metadata: { nics }, files }: DesiredZone, observed: ObservedZone): Plan {
  const network = [...planAddresses(nics, observed.addresses), ...planRoutes(nics, observed.defaultRouters)];
  const last = planRoutingDaemon(observed.routingDecided);
  const written = planFiles(files, observed.files);
  if (observed.proxy === undefined) return [...network, ...written, ...last];
  const { filter, forwarding } = observed.proxy;
  const services = planFilterService(filter);
  if (filter.rules === undefined || isPolicyWrong(filter)) {
    // ipfilter does not run, or is restarted: it loads the files, so they come first.
    const { first, before, after } = planForwarding(nics, forwarding, filter.services, 'ipfilter');
    return [...first, ...network, ...before, ...written, ...services, ...last, ...after];
  }
  const natRules = planNatRules(filter);
  const disturbance = natRules.length > 0 ? 'nat' : 'none';
  const { first, before, after } = planForwarding(nics, forwarding, filter.services, disturbance);
  // The files are installed once the kernel has taken their rules: until then the old ones are there to go back to.
  const rules = [...planFilterRules(filter), ...before, ...natRules];
  return [...first, ...network, ...rules, ...written, ...services, ...last, ...after];
}
