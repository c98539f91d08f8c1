import { OperatorError } from '../domain/errors.ts';
import { describeForward } from '../domain/forward.ts';
import { outsideAddresses, proxiesOf } from '../domain/forward-way.ts';
import { GLOBAL, type ZoneName } from '../domain/names.ts';
import { formatPortRange, NAT_PORTS } from '../domain/port.ts';
import {
  type Backend,
  checkSite,
  describeSite,
  formatSite,
  HTTP,
  isSameSite,
  portsOf,
  type Site,
} from '../domain/site.ts';
import { servingProxies, siteAddress, sitesOf } from '../domain/site-way.ts';
import { routedNetworks, type ZoneRecord, zonesBehind } from '../domain/zone-record.ts';

/** A site as it is asked for. */
export interface SiteRequest extends Omit<Site, 'backend'> {
  readonly zone: ZoneName;
  /** Missing: what serves its port already, or anything of that proxy, or haproxy. */
  readonly backend?: Backend;
}

/**
 * Decides on a site of a zone. Pure. Gives what its record has already when that is the same.
 *
 * @throws {OperatorError} NOT_FOUND without a proxy that can serve it, VALUE_INVALID for what its kind or program cannot do,
 * IN_USE naming who has the port or the name in another way
 */
export function decideSite(request: SiteRequest, zone: ZoneRecord, zones: readonly ZoneRecord[]): Site {
  const { zone: _, backend: wanted, ...rest } = request;
  const proxies = proxiesFor(zone, zones);
  const others = proxies.flatMap((proxy) => sitesOf(proxy, zones));
  const backend =
    wanted ??
    others.find(({ site }) => site.listen === rest.listen)?.site.backend ??
    others[0]?.site.backend ??
    'haproxy';
  const site = checkSite({ ...rest, backend });
  const refuse = (why: string, hint: readonly string[]) => refusal('IN_USE', site, zone, why, hint);
  for (const { zone: other, site: met } of others) {
    const isOwn = other.name === zone.name && isSameSite(met, site);
    if (isOwn && formatSite(met) === formatSite(site)) return met;
    if (isOwn) {
      throw refuse(`it is published otherwise: ${formatSite(met)}`, [
        `to free it:   znetadm unpublish ${zone.name} ${met.host}`,
      ]);
    }
    const why = isSameSite(met, site) ? contradiction(met, site) : clash(met, site);
    if (why !== undefined) throw refuse(`${why} (zone "${other.name}")`, []);
  }
  for (const proxy of proxies) refusePorts(site, zone, proxy, zones);
  return site;
}

function proxiesFor(zone: ZoneRecord, zones: readonly ZoneRecord[]): ZoneRecord[] {
  const fail = (why: string, hint: string) =>
    new OperatorError('NOT_FOUND', `Cannot publish zone "${zone.name}": ${why}`, { hint });
  const proxies = servingProxies(zone, zones);
  if (proxies.length === 0 && proxiesOf(zone, zones).some(({ name }) => name === GLOBAL)) {
    throw fail(
      'its proxy is the host itself, whose web server is its own',
      'Lead the port to the zone: znetadm add-forward',
    );
  }
  if (proxies.length === 0) {
    throw fail('it is behind no proxy', 'Sites are served by the proxy of a network: create-zone -R NETWORK');
  }
  const usable = proxies.filter((proxy) => isOutside(proxy) && siteAddress(zone, proxy) !== undefined);
  const [first] = proxies;
  if (usable.length === 0 && first !== undefined) {
    throw fail(
      isOutside(first)
        ? `it has no address on a network of "${first.name}"`
        : `proxy "${first.name}" has no address outside`,
      'See: znetadm show-zone',
    );
  }
  return usable;
}

const isOutside = (proxy: ZoneRecord) =>
  outsideAddresses(proxy).length > 0 ||
  proxy.nics.some(({ side, dhcp, addrconf }) => side === 'outside' && (dhcp || addrconf));

/** What the zones of one site must have in common. */
function contradiction(met: Site, site: Site): string | undefined {
  const [a, b] = [met, site].map(({ kind, backend, certificate, check, plain }) =>
    [kind, backend, certificate ?? '', check ?? '', plain ?? ''].join(' '),
  );
  return a === b ? undefined : `its other zones serve it otherwise: ${formatSite(met)}`;
}

/** Why two sites cannot be beside each other: a port is of one program, and of one kind. */
function clash(met: Site, site: Site): string | undefined {
  if (met.listen === site.listen) {
    if (met.backend !== site.backend) return `port ${met.listen} is of ${met.backend}`;
    if (met.kind !== site.kind) return `port ${met.listen} is of sites of another kind: ${describeSite(met)}`;
    if (met.host === site.host && met.certificate !== site.certificate)
      return `${met.host} has another certificate there`;
    return undefined;
  }
  const leads = (one: Site) => one.kind === 'tls' && one.plain !== true;
  if (met.backend === site.backend) return undefined;
  const taken = [leads(met) ? HTTP : met.listen, leads(site) ? HTTP : site.listen];
  return taken[0] === HTTP && taken[1] === HTTP
    ? `port ${HTTP} is of ${met.backend}; take that, or --no-redirect`
    : undefined;
}

function refusePorts(site: Site, zone: ZoneRecord, proxy: ZoneRecord, zones: readonly ZoneRecord[]): void {
  const own = outsideAddresses(proxy).map(({ address }) => address);
  for (const port of portsOf(site)) {
    for (const other of zonesBehind(proxy, zones)) {
      const met = other.forwards.find(
        ({ protocol, outside, ports }) =>
          protocol === 'tcp' && own.includes(outside) && ports.first <= port && port <= ports.last,
      );
      if (met === undefined) continue;
      throw refusal('IN_USE', site, zone, `${describeForward(met)} leads to zone "${other.name}"`, [
        `to free it:   znetadm delete-forward -a ${met.outside} tcp/${formatPortRange(met.ports)}`,
      ]);
    }
    if (port >= NAT_PORTS.first && port <= NAT_PORTS.last && routedNetworks(proxy).length > 0) {
      throw refusal(
        'IN_USE',
        site,
        zone,
        `ports ${formatPortRange(NAT_PORTS)} are given out by NAT of proxy "${proxy.name}"`,
        [`Take a port below ${NAT_PORTS.first} or above ${NAT_PORTS.last}`],
      );
    }
  }
}

function refusal(
  code: 'IN_USE' | 'NOT_FOUND',
  site: Site,
  zone: ZoneRecord,
  why: string,
  hint: readonly string[],
): OperatorError {
  const message = `Cannot publish ${describeSite(site)} from zone "${zone.name}": ${why}`;
  return new OperatorError(code, message, hint.length === 0 ? {} : { hint: hint.join('\n') });
}
