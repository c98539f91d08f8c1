import { parseAddress } from '../../src/domain/address.ts';
import type { Nic, ZoneMetadata } from '../../src/domain/metadata.ts';
import { parseDomainName, parseLinkName, parseNetworkName, parseZoneName } from '../../src/domain/names.ts';
import { parseInterfaceAddress, parsePrefix } from '../../src/domain/prefix.ts';

/** A NIC on the hidden network "back"; what is not given is web1's of the story. */
export function nic(overrides: Partial<Nic> = {}): Nic {
  return {
    link: parseLinkName('znic1'),
    side: 'inside',
    network: parseNetworkName('back'),
    mtu: 1500,
    dhcp: false,
    addrconf: false,
    addresses: [parseInterfaceAddress('10.2.0.2/24')],
    routers: [parseAddress('10.2.0.1')],
    routes: [],
    ...overrides,
  };
}

/** Metadata of web1 of the story. */
export function memberMetadata(overrides: Partial<ZoneMetadata> = {}): ZoneMetadata {
  return {
    generation: 1,
    zone: parseZoneName('web1'),
    role: 'member',
    nics: [nic()],
    resolver: { nameservers: [], search: [] },
    networks: [],
    members: [],
    forwards: [],
    sites: [],
    rules: [],
    siblings: [],
    vars: {},
    ...overrides,
  };
}

/** Metadata of the proxy of the story, with web1 behind it. */
export function proxyMetadata(overrides: Partial<ZoneMetadata> = {}): ZoneMetadata {
  const none = { dhcp: false, addrconf: false, routes: [] };
  const outside = { link: parseLinkName('pnic0'), side: 'outside', mtu: 1500, ...none } as const;
  return {
    generation: 1,
    zone: parseZoneName('proxy'),
    role: 'proxy',
    nics: [
      { ...outside, addresses: [parseInterfaceAddress('203.0.113.5/24')], routers: [parseAddress('203.0.113.1')] },
      nic({ link: parseLinkName('znic0'), addresses: [parseInterfaceAddress('10.2.0.1/24')], routers: [] }),
    ],
    resolver: { nameservers: [parseAddress('203.0.113.1')], domain: parseDomainName('back.internal'), search: [] },
    networks: [{ name: parseNetworkName('back'), prefixes: [parsePrefix('10.2.0.0/24')] }],
    members: [{ zone: parseZoneName('web1'), addresses: [parseAddress('10.2.0.2')], leases: [] }],
    forwards: [],
    sites: [],
    rules: [],
    siblings: [],
    vars: {},
    ...overrides,
  };
}
