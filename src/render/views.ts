import { ADDRESS_BITS, type Address, type Family } from '../domain/address.ts';
import type { Nic, ZoneMetadata } from '../domain/metadata.ts';
import { GLOBAL } from '../domain/names.ts';
import { hostPrefix } from '../domain/network.ts';
import { addressesOf, hasFamily } from '../domain/nic.ts';
import { NAT_PORTS } from '../domain/port.ts';
import { formatPrefix, networkOf } from '../domain/prefix.ts';
import { isUniqueLocal } from '../domain/ula.ts';
import type { Vars } from '../domain/vars.ts';
import { factsOf } from './facts.ts';
import { type FilterForward, filterForwards, type NatForward, natForwards } from './forward-views.ts';
import { type NamesView, namesView } from './names-view.ts';
import { type FilterRule, filterRules, ownLines } from './rule-views.ts';
import { type WebOpening, type WebView, webOpenings, webView } from './web-view.ts';

/** ipf.conf and ipf6.conf, each of its family. */
export interface FilterView {
  /** Links to the hidden networks, each with the prefix of its network. A link without an address of the family is left out. */
  readonly inside: readonly InsideLink[];
  /** Links out, for IPv6 those that have it. */
  readonly outside: readonly { readonly link: string }[];
  /** What leaves by a link out, from the inside and by itself; "any" of a zone that is a router alone. */
  readonly leaving: readonly { readonly link: string; readonly from: string }[];
  /** Of the global zone: its own links, and the addresses that it speaks from there. Empty for others. */
  readonly host: readonly { readonly link: string; readonly addresses: readonly string[] }[];
  /** Links whose network gets leases from here, with this zone's address there. Of IPv4. */
  readonly leasing: readonly { readonly link: string; readonly router: string }[];
  /** Ports by which the outside asks for sites. */
  readonly web: readonly WebOpening[];
  /** What NAT leads to the inside, as the filter sees it behind NAT. */
  readonly forwards: readonly FilterForward[];
  /** Rules of the operator. */
  readonly rules: readonly FilterRule[];
  /** Of a member, which passes nothing on: what is let through besides. Empty for a proxy, which closes. */
  readonly own: readonly string[];
  /** All links, whatever their addresses: where neighbours are discovered. */
  readonly neighbours: Readonly<Record<'inside' | 'outside', readonly { readonly link: string }[]>>;
}

interface InsideLink {
  readonly link: string;
  /** "10.2.0.0/24", "fd12:3456:789a:1::/64". */
  readonly network: string;
}

/** ipnat.conf: one entry for each hidden network behind each outside link. */
export interface NatView {
  readonly ports: { readonly first: number; readonly last: number };
  /** Of IPv4. */
  readonly maps: readonly NatMap[];
  /** Of IPv6, for unique local networks (RFC 4193): others are known outside, and are forwarded as they are. */
  readonly maps6: readonly NatMap[];
  /** Of both families. */
  readonly forwards: readonly NatForward[];
}

interface NatMap {
  readonly link: string;
  readonly network: string;
  /** "203.0.113.5/32"; "0/32" or "0/128" (the link's address at the time) where it is not known beforehand. */
  readonly to: string;
}

/** resolv.conf, whose "domain" and "search" exclude each other (§9). */
export interface ResolverView {
  readonly nameservers: readonly string[];
  readonly domain?: string;
  /** Names parted by blanks. */
  readonly search?: string;
}

/** hosts. `names` are parted by blanks, the zone's name first. */
export interface HostsView {
  readonly addresses: readonly HostsEntry[];
  readonly members: readonly HostsEntry[];
  /** Other zones on its networks, where names are in /etc/hosts. */
  readonly siblings: readonly HostsEntry[];
}

interface HostsEntry {
  readonly address: string;
  readonly names: string;
}

export interface NodeNameView {
  readonly zone: string;
}

export type View = FilterView | NatView | ResolverView | HostsView | NodeNameView | NamesView | WebView;

/** The view of each template, by its file name. */
export const VIEWS: Readonly<Record<string, (metadata: ZoneMetadata, vars: Vars) => View>> = {
  'ipf.conf.hbs': (metadata) => filterView(metadata, 'inet'),
  'ipf6.conf.hbs': (metadata) => filterView(metadata, 'inet6'),
  'ipnat.conf.hbs': natView,
  'resolv.conf.hbs': resolverView,
  'hosts.hbs': hostsView,
  'dnsmasq.conf.hbs': namesView,
  'dnsmasq.hosts.hbs': namesView,
  'dnsmasq.leases.hbs': namesView,
  'dnsmasq.servers.hbs': namesView,
  'nginx.conf.hbs': (metadata, vars) => webView(metadata, vars, 'nginx'),
  'haproxy.cfg.hbs': (metadata, vars) => webView(metadata, vars, 'haproxy'),
  'nodename.hbs': ({ zone }): NodeNameView => ({ zone }),
};

/** A template and all that it is given. `template` names it, for its header. */
export function viewOf(template: string, metadata: ZoneMetadata, vars: Vars): object {
  const own = VIEWS[template]?.(metadata, vars) ?? {};
  return { ...own, facts: factsOf(metadata), vars };
}

/** A member's own filter: what its rules do not decide passes, and what it asks for is answered. */
function memberFilterView({ nics, rules }: ZoneMetadata, family: Family): FilterView {
  const lines = filterRules(rules, family);
  const neighbours = { inside: [], outside: nics.map(({ link }) => ({ link })) };
  return {
    inside: [],
    outside: [],
    leaving: [],
    host: [],
    leasing: [],
    web: [],
    forwards: [],
    rules: lines,
    own: ownLines(lines, family),
    neighbours,
  };
}

function filterView(metadata: ZoneMetadata, family: Family): FilterView {
  const { zone, nics, networks, forwards, rules, role } = metadata;
  if (role === 'member') return memberFilterView(metadata, family);
  const isServed = ({ network }: Nic) => networks.some(({ name, domain }) => name === network && domain !== undefined);
  const name = ({ link }: Nic) => ({ link });
  const inside = nics.filter(isInside).flatMap((nic) => insideLinks(nic, family));
  const isOut = (nic: Nic) => isOutside(nic) && (family === 'inet' || hasFamily(nic, family));
  // Whatever it has: nothing that is only on its way leaves by the host's own link.
  const isHosts = (nic: Nic) => isOutside(nic) && nic.host === true;
  return {
    inside,
    outside: nics.filter((nic) => isOut(nic) || isHosts(nic)).map(name),
    leaving: nics.filter(isOut).flatMap((nic) => leaving(nic, inside)),
    host: nics.filter(isHosts).map((nic) => hostLink(nic, family)),
    leasing: nics
      .filter((nic) => family === 'inet' && isInside(nic) && isServed(nic))
      .flatMap((nic) => addressesOf(nic, 'inet').map(({ address }) => ({ link: nic.link, router: address }))),
    web: webOpenings(metadata, family),
    forwards: filterForwards(nics, forwards, family),
    rules: filterRules(rules, family),
    own: zone === GLOBAL ? ['pass in quick all', 'pass out quick all'] : [],
    neighbours: { inside: nics.filter(isInside).map(name), outside: nics.filter(isOutside).map(name) },
  };
}

/** The host is no router for its neighbours: what leaves by its link comes from the inside, or from itself. */
function leaving({ link, host }: Nic, inside: readonly InsideLink[]) {
  return host === true ? inside.map(({ network }) => ({ link, from: network })) : [{ link, from: 'any' }];
}

/** Also from no address yet, and from link-local ones. */
function hostLink(nic: Nic, family: Family) {
  const own = addressesOf(nic, family).map(({ address }) => formatPrefix(hostPrefix(address)));
  return { link: nic.link, addresses: [...own, ...(family === 'inet' ? ['0.0.0.0/32'] : ['::/128', 'fe80::/10'])] };
}

function natView({ nics, forwards }: ZoneMetadata): NatView {
  const local = (nic: Nic) => addressesOf(nic, 'inet6').every(({ address }) => isUniqueLocal(address));
  return {
    ports: NAT_PORTS,
    maps: natMaps(nics, nics.filter(isInside), 'inet'),
    maps6: natMaps(nics, nics.filter(isInside).filter(local), 'inet6'),
    forwards: natForwards(nics, forwards),
  };
}

function natMaps(nics: readonly Nic[], inside: readonly Nic[], family: Family): NatMap[] {
  return nics.filter(isOutside).flatMap((nic) => {
    // 0/32 would follow the address, but translates nothing while it is not up yet: the literal is safer (§7.6).
    const [own] = addressesOf(nic, family);
    const to = `${own?.address ?? '0'}/${ADDRESS_BITS[family]}`;
    return inside.flatMap((one) => insideLinks(one, family)).map(({ network }) => ({ link: nic.link, network, to }));
  });
}

function resolverView({ resolver: { nameservers, domain, search } }: ZoneMetadata): ResolverView {
  if (search.length === 0) return { nameservers, ...(domain === undefined ? {} : { domain }) };
  // "domain" would be forgotten beside "search", and it is searched first.
  const names = new Set([...(domain === undefined ? [] : [domain]), ...search]);
  return { nameservers, search: [...names].join(' ') };
}

function hostsView({ zone, nics, resolver: { domain }, members, siblings }: ZoneMetadata): HostsView {
  const names = (name: string) => (domain === undefined ? name : `${name} ${name}.${domain}`);
  const entry = (name: string) => (address: Address) => ({ address, names: names(name) });
  return {
    addresses: nics.flatMap((nic) => nic.addresses.map(({ address }) => address)).map(entry(zone)),
    members: members.flatMap((member) => member.addresses.map(entry(member.zone))),
    siblings: siblings.flatMap((sibling) => sibling.addresses.map(entry(sibling.zone))),
  };
}

const isInside = ({ side }: Nic) => side === 'inside';
const isOutside = ({ side }: Nic) => side === 'outside';

/** The network of a family that a link to the inside is on. Empty for a link without an address of it. */
function insideLinks(nic: Nic, family: Family): InsideLink[] {
  const [address] = addressesOf(nic, family);
  return address === undefined ? [] : [{ link: nic.link, network: formatPrefix(networkOf(address)) }];
}
