import { describeSite } from '../domain/site.ts';
import { isUp, servingProxies, siteAddress } from '../domain/site-way.ts';
import type { ZoneRecord } from '../domain/zone-record.ts';
import type { System } from '../system/system.ts';
import { observeHost } from './observe.ts';

export const SITE_FIELDS = [
  'site',
  'zone',
  'address',
  'port',
  'proxy',
  'backend',
  'certificate',
  'check',
  'state',
] as const;

export type SiteRow = Readonly<Record<(typeof SITE_FIELDS)[number], string>>;

/** A row for each site and each proxy that serves it. "up" is a zone that runs; whether it answers, its proxy finds out. */
export async function siteRows(
  chosen: readonly ZoneRecord[],
  zones: readonly ZoneRecord[],
  system: System,
): Promise<SiteRow[]> {
  const observed = await observeHost(system);
  const rows = chosen.flatMap((zone) =>
    zone.sites.flatMap((site): SiteRow[] => {
      const proxies = servingProxies(zone, zones);
      const up = isUp(zone, observed.zones.get(zone.name)?.state === 'running');
      const row = (proxy: ZoneRecord | undefined): SiteRow => ({
        site: describeSite(site),
        zone: zone.name,
        address: (proxy && siteAddress(zone, proxy)) ?? '',
        port: `${site.port}`,
        proxy: proxy?.name ?? '',
        backend: site.backend,
        certificate: site.certificate ?? '',
        check: site.check ?? '',
        state: proxy === undefined ? 'served by nobody' : up ? 'up' : 'down',
      });
      return proxies.length === 0 ? [row(undefined)] : proxies.map(row);
    }),
  );
  return rows.sort((a, b) => (a.site === b.site ? a.zone.localeCompare(b.zone) : a.site < b.site ? -1 : 1));
}
