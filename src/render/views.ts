import { type Address, familyOf } from '../domain/address.ts';
import type { Nic, ZoneMetadata } from '../domain/metadata.ts';
import { formatPrefix, networkOf } from '../domain/prefix.ts';

/** Ports and ICMP ids that NAT gives out: below the zone's own ephemeral ports, 32768 and up (§7.6). */
const NAT_PORTS = { first: 10000, last: 29999 } as const;

/** ipf.conf and ipf6.conf. A link without an IPv4 address is in neither list. */
export interface FilterView {
  /** Links to the hidden networks, each with the IPv4 prefix of its network. */
  readonly inside: readonly InsideLink[];
  readonly outside: readonly { readonly link: string }[];
}

interface InsideLink {
  readonly link: string;
  /** "10.2.0.0/24". */
  readonly network: string;
}

/** ipnat.conf: one entry for each hidden network behind each outside link. */
export interface NatView {
  readonly ports: { readonly first: number; readonly last: number };
  readonly maps: readonly {
    readonly link: string;
    readonly network: string;
    /** "203.0.113.5/32"; "0/32" (the link's address at the time) where it is not known beforehand. */
    readonly to: string;
  }[];
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
}

interface HostsEntry {
  readonly address: string;
  readonly names: string;
}

export interface NodeNameView {
  readonly zone: string;
}

export type View = FilterView | NatView | ResolverView | HostsView | NodeNameView;

/** The view of each template, by its file name. */
export const VIEWS: Readonly<Record<string, (metadata: ZoneMetadata) => View>> = {
  'ipf.conf.hbs': filterView,
  'ipf6.conf.hbs': filterView,
  'ipnat.conf.hbs': natView,
  'resolv.conf.hbs': resolverView,
  'hosts.hbs': hostsView,
  'nodename.hbs': ({ zone }): NodeNameView => ({ zone }),
};

function filterView({ nics }: ZoneMetadata): FilterView {
  return {
    inside: nics.filter(isInside).flatMap(insideLink),
    outside: nics.filter(isOutside).map(({ link }) => ({ link })),
  };
}

function natView({ nics }: ZoneMetadata): NatView {
  const inside = nics.filter(isInside).flatMap(insideLink);
  const maps = nics.filter(isOutside).flatMap((nic) => {
    // 0/32 would follow the address, but translates nothing while it is not up yet: the literal is safer (§7.6).
    const [address] = inetAddresses(nic);
    const to = address === undefined ? '0/32' : `${address.address}/32`;
    return inside.map(({ network }) => ({ link: nic.link, network, to }));
  });
  return { ports: NAT_PORTS, maps };
}

function resolverView({ resolver: { nameservers, domain, search } }: ZoneMetadata): ResolverView {
  if (search.length === 0) return { nameservers, ...(domain === undefined ? {} : { domain }) };
  // "domain" would be forgotten beside "search", and it is searched first.
  const names = new Set([...(domain === undefined ? [] : [domain]), ...search]);
  return { nameservers, search: [...names].join(' ') };
}

function hostsView({ zone, nics, resolver: { domain }, members }: ZoneMetadata): HostsView {
  const names = (name: string) => (domain === undefined ? name : `${name} ${name}.${domain}`);
  const entry = (name: string) => (address: Address) => ({ address, names: names(name) });
  return {
    addresses: nics.flatMap((nic) => nic.addresses.map(({ address }) => address)).map(entry(zone)),
    members: members.flatMap((member) => member.addresses.map(entry(member.zone))),
  };
}

const isInside = ({ side }: Nic) => side === 'inside';
const isOutside = ({ side }: Nic) => side === 'outside';
const inetAddresses = ({ addresses }: Nic) => addresses.filter(({ address }) => familyOf(address) === 'inet');

/** The IPv4 network that a link to the inside is on. Empty for a link without an IPv4 address. */
function insideLink(nic: Nic): InsideLink[] {
  const [address] = inetAddresses(nic);
  return address === undefined ? [] : [{ link: nic.link, network: formatPrefix(networkOf(address)) }];
}
