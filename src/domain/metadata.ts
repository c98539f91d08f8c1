import type { Address } from './address.ts';
import type { Redirect } from './forward.ts';
import type { Lease } from './lease.ts';
import type { DomainName, LinkName, NetworkName, ZoneName } from './names.ts';
import type { InterfaceAddress, Prefix } from './prefix.ts';
import type { ResolvedRule } from './resolved-rule.ts';
import type { ServedSite } from './site.ts';
import type { StaticRoute } from './static-route.ts';
import type { Vars } from './vars.ts';

/** The newest format of metadata that this software reads and the only one it writes. */
export const METADATA_FORMAT = 1;

/** What a zone is on its networks: a proxy stands in front of hidden networks, a member is behind one. */
export type Role = 'proxy' | 'member';

/** The facts of one zone: all that its boot method is told. Lists are empty, never missing. */
export interface ZoneMetadata {
  /** Grows with every change of content, from 1. */
  readonly generation: number;
  readonly zone: ZoneName;
  readonly role: Role;
  readonly nics: readonly Nic[];
  readonly resolver: Resolver;
  /** The hidden networks behind a proxy. Empty for a member. */
  readonly networks: readonly HiddenNetwork[];
  /** The zones behind a proxy. Empty for a member. */
  readonly members: readonly Member[];
  /** What of a proxy's outside addresses leads to zones behind it. Empty for a member. */
  readonly forwards: readonly ZoneForwards[];
  /** What is served here by name for zones behind a proxy. Empty for a member. */
  readonly sites: readonly ZoneSites[];
  /** Rules of its packet filter, over what it would let pass by itself; the first that matches decides. */
  readonly rules: readonly ResolvedRule[];
  /** The zones it finds on its networks by /etc/hosts. Empty where they have no names, or DNS has them. */
  readonly siblings: readonly Sibling[];
  /** Values of the site for its templates; the zone's own local.ini comes over them. */
  readonly vars: Vars;
  /** SHA-256 over the templates that the host publishes with this; missing: it publishes none. */
  readonly templates?: string;
}

/** A link of the zone and what is configured on it. */
export interface Nic {
  readonly link: LinkName;
  /** Which way it looks: to a hidden network, or out of it. A member's only NICs are inside. */
  readonly side: 'inside' | 'outside';
  /** The hidden network it is on; missing on an uplink. */
  readonly network?: NetworkName;
  /** Bytes; of the link, so set by the host. */
  readonly mtu: number;
  /** Whether its IPv4 address and default router come by DHCP: then `addresses` and `routers` hold none of IPv4. */
  readonly dhcp: boolean;
  /** Whether IPv6 addresses and routers are taken from router advertisements. Static addresses may stand beside them. */
  readonly addrconf: boolean;
  /** Static ones of both families. Empty, with `dhcp` and `addrconf` off: the zone gets the link and no address. */
  readonly addresses: readonly InterfaceAddress[];
  /** Default routers reached by this NIC, at most one a family in the whole zone. */
  readonly routers: readonly Address[];
  /** Networks that are reached by other routers on this NIC. */
  readonly routes: readonly StaticRoute[];
  /**
   * Of the global zone: the host configures this link itself. Its addresses are known, for filter and NAT, and nothing of
   * it is changed.
   */
  readonly host?: true;
}

export interface Resolver {
  readonly nameservers: readonly Address[];
  readonly domain?: DomainName;
  readonly search: readonly DomainName[];
}

export interface HiddenNetwork {
  readonly name: NetworkName;
  /** One prefix a family, IPv4 first; a network may have either alone. */
  readonly prefixes: readonly Prefix[];
  /** The proxy serves the names of its zones in this domain. Missing: it serves none. */
  readonly domain?: DomainName;
}

export interface Sibling {
  readonly zone: ZoneName;
  readonly addresses: readonly Address[];
}

/** The redirects to one zone. */
export interface ZoneForwards {
  readonly zone: ZoneName;
  readonly redirects: readonly Redirect[];
}

/** The sites of one zone. */
export interface ZoneSites {
  readonly zone: ZoneName;
  readonly sites: readonly ServedSite[];
}

export interface Member extends Sibling {
  /** Addresses that it is to be given by DHCP. Empty for a zone that configures itself. */
  readonly leases: readonly Lease[];
}
