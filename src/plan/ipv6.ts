import type { Nic } from '../domain/metadata.ts';
import { hasFamily } from '../domain/nic.ts';
import { NEIGHBOUR_DISCOVERY, ZONENET_IPV6 } from '../illumos/smf.ts';
import { clearService, enableService } from '../illumos/svcadm.ts';
import { isRunning, type ServiceState } from '../illumos/svcs.ts';
import { run, type Step } from './step.ts';

/** Whether a zone wants anything of IPv6. */
export function wantsIpv6(nics: readonly Nic[]): boolean {
  return nics.some((nic) => hasFamily(nic, 'inet6'));
}

/**
 * Whether IPv6 can be configured now. in.ndpd makes the link-local addresses, and starts behind routing-setup, which
 * waits for set-up (§2.3, §2.7): so at boot it comes later, by zonenet-ipv6 (docs/decisions/0008).
 */
export function isIpv6Ready(services: ReadonlyMap<string, ServiceState>): boolean {
  return isRunning(services.get(NEIGHBOUR_DISCOVERY));
}

/** The step that lets the second half of set-up follow, or try again after a failure that is mended. */
export function planIpv6Service(nics: readonly Nic[], services: ReadonlyMap<string, ServiceState>): Step[] {
  const service = services.get(ZONENET_IPV6);
  if (!wantsIpv6(nics) || service === undefined || service.moving) return [];
  if (service.state === 'maintenance') return [run('zonenet-ipv6 may try again', clearService(ZONENET_IPV6))];
  if (service.state !== 'disabled' || isIpv6Ready(services)) return [];
  return [run('IPv6 follows when in.ndpd runs', enableService(ZONENET_IPV6, 'temporary'))];
}
