import type { ZoneMetadata } from '../domain/metadata.ts';
import { NEIGHBOUR_DISCOVERY, ZONENET_IPV6 } from '../illumos/smf.ts';
import { unboundLinks } from './addresses.ts';
import { isIpv6Ready, wantsIpv6 } from './ipv6.ts';
import { ownTroubles } from './own-services.ts';
import type { Trouble } from './trouble.ts';
import { type ObservedZone, presentNics } from './zone.ts';

/** What of a zone's network cannot be configured. The rest of it works, and the service is degraded. */
export function troublesOf(metadata: ZoneMetadata, observed: ObservedZone): Trouble[] {
  const nics = presentNics(metadata, observed);
  const missing = metadata.nics.filter((nic) => !nics.includes(nic));
  const narrow = nics.filter(({ link, mtu }) => (observed.links.get(link) ?? mtu) < mtu);
  return [
    ...missing.map(({ link }) => ({
      message: `${link} is missing: the zone has no such link`,
      hint: `On the host: zonecfg -z ${metadata.zone} info net, dladm show-link ${link}; a boot of the zone gives it its links`,
    })),
    ...narrow.map(({ link, mtu }) => ({
      message: `${link} has an MTU of ${observed.links.get(link)}, the metadata say ${mtu}`,
      hint: `On the host: dladm set-linkprop -p mtu=${mtu} ${link}, while the zone is down`,
    })),
    ...unboundLinks(nics, observed.addresses).map((link) => ({
      message: `${link} has no lease: no DHCP server has answered`,
      hint: 'The DHCP agent goes on asking; when a lease has come: svcadm refresh svc:/network/zonenet:default',
    })),
    ...(observed.proxy === undefined ? [] : ownTroubles(metadata, observed.proxy.filter.services)),
  ];
}

/** What keeps IPv6 from being configured now; undefined when nothing does. */
export function ipv6Trouble(metadata: ZoneMetadata, observed: ObservedZone): Trouble | undefined {
  if (!isIpv6Pending(metadata, observed)) return undefined;
  const state = observed.services.get(NEIGHBOUR_DISCOVERY)?.state ?? 'missing';
  return {
    message: `IPv6 is not configured: ${NEIGHBOUR_DISCOVERY} is ${state}`,
    hint: `See why: svcs -xv ${NEIGHBOUR_DISCOVERY} ${ZONENET_IPV6}`,
  };
}

/** Whether IPv6 is wanted and has to wait. */
export function isIpv6Pending(metadata: ZoneMetadata, observed: ObservedZone): boolean {
  return wantsIpv6(presentNics(metadata, observed)) && !isIpv6Ready(observed.services);
}

/** Whether zonenet-ipv6 can follow; a zone made by an older zonenet does not have it. */
export function hasIpv6Service({ services }: ObservedZone): boolean {
  return services.has(ZONENET_IPV6);
}
