import { OperatorError } from '../domain/errors.ts';
import type { ZoneName } from '../domain/names.ts';
import { describeSite, formatSite, type Site } from '../domain/site.ts';
import { servingProxies } from '../domain/site-way.ts';
import type { ZoneRecord } from '../domain/zone-record.ts';
import { carryOutChange, planZoneChange, readReady, type ZoneChange } from './change-zone.ts';
import { decideSite, type SiteRequest } from './decide-site.ts';
import { finishingTelling } from './finish-telling.ts';
import type { Host } from './host.ts';
import type { Records } from './store.ts';

/** Sites that come or go, and what tells the proxies. */
export interface SiteChange extends ZoneChange {
  readonly sites: readonly Site[];
  readonly proxies: readonly ZoneRecord[];
}

/** Which sites of a zone are meant. */
export interface SiteKey {
  readonly zone: ZoneName;
  /** Missing: all of them. */
  readonly host?: string;
  readonly listen?: number;
  readonly path?: string;
}

/**
 * Plans that a zone is published. Changes nothing.
 *
 * @throws {OperatorError} as `decideSite`; EXISTS when it is published and served, NOT_FOUND, IN_USE for a zone that is not
 * made yet or goes, RECORD_INVALID, TEMPLATE_INVALID
 */
export async function planPublish(request: SiteRequest, host: Host): Promise<SiteChange> {
  const { records, before } = await readReady(request.zone, `publish zone "${request.zone}"`, host);
  const site = decideSite(request, before, records.zones);
  const isThere = before.sites.includes(site);
  const after = isThere ? before : { ...before, sites: [...before.sites, site] };
  const told = servingProxies(after, records.zones);
  const change = await planZoneChange({ before, after, told, note: `site ${formatSite(site)}` }, records, host);
  if (isThere && change.plan.length === 0) {
    throw new OperatorError('EXISTS', `Cannot publish zone "${before.name}": ${describeSite(site)} is there`, {
      hint: 'See: znetadm show-site',
    });
  }
  return { ...change, sites: [site], proxies: told };
}

/**
 * Plans that sites of a zone are published no more. Changes nothing.
 *
 * @throws {OperatorError} NOT_FOUND, IN_USE, RECORD_INVALID, TEMPLATE_INVALID
 */
export async function planUnpublish(key: SiteKey, host: Host): Promise<SiteChange> {
  const { records, before } = await readReady(key.zone, `unpublish zone "${key.zone}"`, host);
  const isMeant = ({ host: name, listen, path }: Site) =>
    (key.host ?? name) === name && (key.listen ?? listen) === listen && (key.path ?? path) === path;
  const sites = before.sites.filter(isMeant);
  if (sites.length === 0) {
    throw new OperatorError('NOT_FOUND', `Cannot unpublish zone "${key.zone}": it has no such site`, {
      hint: `Those it has: znetadm show-site ${key.zone}`,
    });
  }
  const after = { ...before, sites: before.sites.filter((site) => !sites.includes(site)) };
  const told = servingProxies(after, records.zones);
  const note = sites.map((site) => `without site ${formatSite(site)}`).join(', ');
  const change = await planZoneChange({ before, after, told, note }, records, host);
  return { ...change, sites, proxies: told };
}

/** Publishes a zone, and waits until running proxies serve it. @throws {OperatorError} as `planPublish`, and NOT_APPLIED */
export async function publish(request: SiteRequest, host: Host): Promise<SiteChange> {
  return await carryOutChange(request.zone, () => planPublish(request, host), host);
}

/** Takes sites back, likewise. @throws {OperatorError} as `planUnpublish`, and NOT_APPLIED */
export async function unpublish(key: SiteKey, host: Host): Promise<SiteChange> {
  const concerned = ({ zones }: Records) => {
    const zone = zones.find(({ name }) => name === key.zone);
    return zone === undefined ? [] : servingProxies(zone, zones);
  };
  return await finishingTelling(concerned, host, () => carryOutChange(key.zone, () => planUnpublish(key, host), host));
}
