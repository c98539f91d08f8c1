import { type Address, familyOf } from './address.ts';
import { insideAddresses, proxiesOf } from './forward-way.ts';
import { GLOBAL } from './names.ts';
import type { Site } from './site.ts';
import { type ZoneRecord, zonesBehind } from './zone-record.ts';

// Which proxies serve a site, and where they find the zone.

/** The address by which a proxy reaches a zone behind it: of IPv4, or where it has none of IPv6. Undefined: it has none. */
export function siteAddress(zone: ZoneRecord, proxy: ZoneRecord): Address | undefined {
  const addresses = insideAddresses(zone, proxy);
  return addresses.find((address) => familyOf(address) === 'inet') ?? addresses[0];
}

/** The proxies that serve a zone's sites: those in front of it, but the host itself, whose web server is its own. */
export function servingProxies(zone: ZoneRecord, zones: readonly ZoneRecord[]): ZoneRecord[] {
  return proxiesOf(zone, zones).filter(({ name }) => name !== GLOBAL);
}

/** All sites that a proxy serves, each with its zone. */
export function sitesOf(
  proxy: ZoneRecord,
  zones: readonly ZoneRecord[],
): { readonly zone: ZoneRecord; readonly site: Site }[] {
  if (proxy.name === GLOBAL) return [];
  return zonesBehind(proxy, zones)
    .filter(({ state }) => state !== 'deleting')
    .flatMap((zone) => zone.sites.map((site) => ({ zone, site })));
}

/** Whether a zone is to be asked: it is made, has booted for the first time, and runs. */
export function isUp({ state, bootPending }: ZoneRecord, running: boolean): boolean {
  return state === 'ready' && !bootPending && running;
}
