import { type Address, familyOf } from '../domain/address.ts';
import type { ZoneMetadata } from '../domain/metadata.ts';
import { addressesOf, isLearnt } from '../domain/nic.ts';
import { certificateFile } from '../domain/served.ts';
import { type Backend, HTTP, portsOf, type ServedSite } from '../domain/site.ts';
import type { Vars } from '../domain/vars.ts';

/** nginx.conf and haproxy.cfg: what one program serves. All lists are empty where it serves nothing. */
export interface WebView {
  /** The account of its workers. Without: that of whoever starts it. */
  readonly user?: string;
  /** Whether clients are other proxies, which tell whom they ask for: then it is believed and passed on. */
  readonly behind: boolean;
  readonly listens: readonly WebListen[];
  readonly pools: readonly WebPool[];
}

/** One port outside. */
export interface WebListen {
  readonly port: number;
  readonly tls: boolean;
  readonly pass: boolean;
  /** Certificates of its names, each once. */
  readonly certificates: readonly string[];
  readonly hosts: readonly WebHost[];
  /** At the port of http: the names that are led to TLS, since http itself is not served for them. */
  readonly redirects: readonly WebRedirect[];
}

interface WebRedirect {
  readonly host: string;
  /** "https://www.example.org", with its port where that does not go without saying. */
  readonly to: string;
}

interface WebHost {
  readonly host: string;
  /** A path of the file; missing where there is no TLS. */
  readonly certificate?: string;
  /** Whether "/" is among its places. */
  readonly whole: boolean;
  /** Longest path first. */
  readonly places: readonly WebPlace[];
}

interface WebPlace {
  /** "/api"; of the whole site it is missing. */
  readonly path?: string;
  readonly pool: string;
  /** Whether any zone of it is up. */
  readonly open: boolean;
}

/** Zones that are asked in turn. */
export interface WebPool {
  /** A word: "http_80_1". */
  readonly name: string;
  readonly pass: boolean;
  readonly check?: string;
  /** "http://www.example.org/", for readers. */
  readonly site: string;
  /** Those that are up. */
  readonly servers: readonly { readonly name: string; readonly address: string }[];
}

interface Placed {
  readonly zone: string;
  readonly site: ServedSite;
}

export function webView(metadata: ZoneMetadata, vars: Vars, backend: Backend): WebView {
  const sites = metadata.sites
    .flatMap(({ zone, sites: served }) => served.map((site): Placed => ({ zone, site })))
    .filter(({ site }) => site.backend === backend);
  const groups = grouped(sites, ({ site }) => `${site.listen} ${site.host} ${site.path}`);
  const pools = new Map(groups.map((members, index) => [members, poolOf(members, index)]));
  const wanted = redirectsOf(sites);
  const ports = grouped(groups, ([first]) => `${first?.site.listen}`);
  const listens = ports.map((members) => listenOf(members, pools, wanted));
  // A port of its own, where no site has it.
  if (wanted.length > 0 && listens.every(({ port }) => port !== HTTP)) listens.push(redirectsAlone(wanted));
  const user = userOf(vars, backend);
  return {
    ...(user === undefined ? {} : { user }),
    behind: vars['web_behind_proxy'] === 'yes',
    listens: listens.sort((a, b) => a.port - b.port),
    pools: [...pools.values()],
  };
}

const HTTPS = 443;

const redirectsAlone = (redirects: readonly WebRedirect[]): WebListen => ({
  port: HTTP,
  tls: false,
  pass: false,
  certificates: [],
  hosts: [],
  redirects,
});

/**
 * "webservd", or what the site says with the value "web_user"; "root" for one that has no other account: haproxy is then told
 * none, nginx would take the one that it was built with.
 */
function userOf({ web_user: user }: Vars, backend: Backend): string | undefined {
  const name = typeof user === 'string' && /^[a-z_][a-z0-9_-]{0,31}$/.test(user) ? user : 'webservd';
  return name === 'root' && backend === 'haproxy' ? undefined : name;
}

function grouped<T>(all: readonly T[], keyOf: (one: T) => string): T[][] {
  const groups = new Map<string, T[]>();
  for (const one of all) {
    const group = groups.get(keyOf(one));
    if (group === undefined) groups.set(keyOf(one), [one]);
    else group.push(one);
  }
  return [...groups.values()];
}

function poolOf(members: readonly Placed[], index: number): WebPool {
  const [first] = members;
  if (first === undefined) throw new Error('a group has a member');
  const { kind, host, listen, path, check } = first.site;
  return {
    name: `${kind}_${listen}_${index + 1}`,
    pass: kind === 'pass',
    ...(check === undefined ? {} : { check }),
    site: `${host}:${listen}${path}`,
    servers: members
      .filter(({ site }) => site.up)
      .map(({ zone, site }, at) => ({
        name: `${zone.replace(/[^A-Za-z0-9_.-]/g, '_')}_${at + 1}`,
        address: socketAddress(site.to as Address, site.port),
      })),
  };
}

const socketAddress = (address: Address, port: number) =>
  familyOf(address) === 'inet' ? `${address}:${port}` : `[${address}]:${port}`;

/** Of the names that have TLS and no site by http: where they are led. */
function redirectsOf(sites: readonly Placed[]): WebRedirect[] {
  const plain = new Set(
    sites.filter(({ site }) => site.kind === 'http' && site.listen === HTTP).map(({ site }) => site.host),
  );
  const led = sites.filter(({ site }) => site.kind === 'tls' && site.plain !== true && !plain.has(site.host));
  const to = ({ host, listen }: ServedSite) => `https://${host}${listen === HTTPS ? '' : `:${listen}`}`;
  return [
    ...new Map(led.map(({ site }) => [site.host as string, { host: site.host as string, to: to(site) }])).values(),
  ];
}

function listenOf(
  groups: readonly Placed[][],
  pools: ReadonlyMap<Placed[], WebPool>,
  redirects: readonly WebRedirect[],
): WebListen {
  const all = groups.flat();
  const [first] = all;
  if (first === undefined) throw new Error('a port has a site');
  const { kind, listen } = first.site;
  const certificates = all.flatMap(({ site }) =>
    site.certificate === undefined ? [] : [certificateFile(site.certificate)],
  );
  return {
    port: listen,
    tls: kind === 'tls',
    pass: kind === 'pass',
    certificates: [...new Set(certificates)],
    hosts: grouped(groups, ([one]) => `${one?.site.host}`).map((members) => hostOf(members, pools)),
    redirects: listen === HTTP && kind === 'http' ? redirects : [],
  };
}

function hostOf(groups: readonly Placed[][], pools: ReadonlyMap<Placed[], WebPool>): WebHost {
  const [site] = groups.flat().map((one) => one.site);
  if (site === undefined) throw new Error('a name has a site');
  const places = groups
    .map((members): WebPlace => {
      const pool = pools.get(members);
      const path = members[0]?.site.path ?? '/';
      return { ...(path === '/' ? {} : { path }), pool: pool?.name ?? '', open: (pool?.servers.length ?? 0) > 0 };
    })
    .sort((a, b) => (b.path ?? '').length - (a.path ?? '').length);
  return {
    host: site.host,
    ...(site.certificate === undefined ? {} : { certificate: certificateFile(site.certificate) }),
    whole: places.some(({ path }) => path === undefined),
    places,
  };
}

/** A rule of the filter that lets the outside ask for sites. */
export interface WebOpening {
  readonly link: string;
  /** "203.0.113.5/32"; "any" where the address is not known beforehand. */
  readonly to: string;
  readonly port: number;
}

/** The ports of sites, and 80 where it leads to TLS: on each link to the outside, at its own addresses of a family. */
export function webOpenings({ nics, sites }: ZoneMetadata, family: 'inet' | 'inet6'): WebOpening[] {
  const all = sites.flatMap(({ sites: served }) => served);
  const ports = [...new Set(all.flatMap(portsOf))].sort((a, b) => a - b);
  const length = family === 'inet' ? 32 : 128;
  return nics
    .filter(({ side }) => side === 'outside')
    .flatMap((nic) => {
      const own = addressesOf(nic, family).map(({ address }) => `${address}/${length}`);
      const given = isLearnt(nic, family);
      const targets = own.length > 0 ? own : given ? ['any'] : [];
      return targets.flatMap((to) => ports.map((port) => ({ link: nic.link, to, port })));
    });
}
