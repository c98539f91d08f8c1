import type { ZoneMetadata } from '../domain/metadata.ts';
import { formatPortRange } from '../domain/port.ts';
import { formatInterfaceAddress, formatPrefix } from '../domain/prefix.ts';
import { formatResolvedRule } from '../domain/resolved-rule.ts';
import { formatSite } from '../domain/site.ts';
import { formatStaticRoute } from '../domain/static-route.ts';

/** What every template is given as "facts": the metadata in texts. Lists are empty, never missing. */
export interface Facts {
  readonly zone: string;
  readonly role: string;
  readonly nics: readonly {
    readonly link: string;
    readonly side: string;
    readonly network?: string;
    readonly mtu: number;
    readonly dhcp: boolean;
    readonly addrconf: boolean;
    /** "10.2.0.7/24". */
    readonly addresses: readonly string[];
    readonly routers: readonly string[];
    readonly routes: readonly string[];
  }[];
  readonly resolver: {
    readonly nameservers: readonly string[];
    readonly domain?: string;
    readonly search: readonly string[];
  };
  readonly networks: readonly {
    readonly name: string;
    readonly prefixes: readonly string[];
    readonly domain?: string;
  }[];
  readonly members: readonly {
    readonly zone: string;
    readonly addresses: readonly string[];
    readonly leases: readonly { readonly mac: string; readonly address: string }[];
  }[];
  /** "allow in tcp from any to 10.2.0.2/32 port 22". */
  readonly rules: readonly string[];
  readonly forwards: readonly {
    readonly zone: string;
    readonly redirects: readonly {
      readonly protocol: string;
      readonly outside: string;
      /** "443", "8000-8010". */
      readonly ports: string;
      readonly to: string;
      readonly port: number;
      readonly toOne: boolean;
    }[];
  }[];
  /** "http www.example.org 80 / 8080 nginx", with the zone and where it is. */
  readonly sites: readonly {
    readonly zone: string;
    readonly served: readonly { readonly site: string; readonly to: string; readonly up: boolean }[];
  }[];
  readonly siblings: readonly { readonly zone: string; readonly addresses: readonly string[] }[];
}

/** Made once for all templates of a zone. */
const made = new WeakMap<ZoneMetadata, Facts>();

export function factsOf(metadata: ZoneMetadata): Facts {
  const facts = made.get(metadata) ?? makeFacts(metadata);
  made.set(metadata, facts);
  return facts;
}

function makeFacts({
  zone,
  role,
  nics,
  resolver,
  networks,
  members,
  forwards,
  sites,
  rules,
  siblings,
}: ZoneMetadata): Facts {
  return {
    zone,
    role,
    nics: nics.map(({ link, side, network, mtu, dhcp, addrconf, addresses, routers, routes }) => ({
      link,
      side,
      ...(network === undefined ? {} : { network }),
      mtu,
      dhcp,
      addrconf,
      addresses: addresses.map(formatInterfaceAddress),
      routers,
      routes: routes.map(formatStaticRoute),
    })),
    resolver,
    networks: networks.map(({ name, prefixes, domain }) => ({
      name,
      prefixes: prefixes.map(formatPrefix),
      ...(domain === undefined ? {} : { domain }),
    })),
    members,
    rules: rules.map(formatResolvedRule),
    forwards: forwards.map(({ zone: target, redirects }) => ({
      zone: target,
      redirects: redirects.map(({ protocol, outside, ports, to, port, toOne = false }) => ({
        protocol,
        outside,
        ports: formatPortRange(ports),
        to,
        port,
        toOne,
      })),
    })),
    sites: sites.map(({ zone: server, sites: served }) => ({
      zone: server,
      served: served.map((site) => ({ site: formatSite(site), to: site.to, up: site.up })),
    })),
    siblings,
  };
}
