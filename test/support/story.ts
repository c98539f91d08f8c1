import { parseAddress } from '../../src/domain/address.ts';
import { parseLinkName, parseNetworkName, parseZoneName } from '../../src/domain/names.ts';
import { parseInterfaceAddress, parsePrefix } from '../../src/domain/prefix.ts';
import { createNetwork, type NetworkRequest } from '../../src/host/create-network.ts';
import { createZone } from '../../src/host/create-zone.ts';
import type { LinkRequest, MembershipRequest, ZoneRequest } from '../../src/host/zone-request.ts';
import { createFakeHost, type FakeHost } from './fake-host.ts';

/** The network of the story: back, 10.2.0.0/24. */
export function networkRequest(overrides: Partial<NetworkRequest> = {}): NetworkRequest {
  return {
    name: parseNetworkName('back'),
    prefix: parsePrefix('10.2.0.0/24'),
    routers: [],
    reservations: [],
    vars: {},
    ...overrides,
  };
}

/** What a request says when it says nothing. */
const PLAIN = {
  routes: [],
  outside: [],
  networks: [],
  routers: [],
  staticRoutes: [],
  extra: [],
  ipType: 'exclusive',
  autoboot: true,
  install: true,
  boot: true,
  groups: [],
  vars: {},
} as const;

/** The proxy of the story. */
export function proxyRequest(overrides: Partial<ZoneRequest> = {}): ZoneRequest {
  return {
    ...PLAIN,
    name: parseZoneName('proxy'),
    routes: [parseNetworkName('back')],
    ...outside('203.0.113.5/24', '203.0.113.1'),
    ...overrides,
  };
}

export function outside(
  address: string,
  router?: string,
  uplink = 'e1000g0',
): Pick<LinkRequest, 'outside' | 'routers'> {
  const addresses = [parseInterfaceAddress(address)];
  return {
    outside: [{ uplink: parseLinkName(uplink), addresses, dhcp: false, addrconf: false }],
    routers: router === undefined ? [] : [parseAddress(router)],
  };
}

/** A zone on the network of the story, at the next free address or a given one. */
export function memberRequest(name: string, address?: string, overrides: Partial<ZoneRequest> = {}): ZoneRequest {
  return {
    ...PLAIN,
    name: parseZoneName(name),
    networks: [on('back', ...(address === undefined ? [] : [address]))],
    ...overrides,
  };
}

/** Being on a network. */
export function on(network: string, ...addresses: string[]): MembershipRequest {
  return { network: parseNetworkName(network), addresses: addresses.map(parseAddress), bare: false };
}

/** A host on which the story was told up to there. */
export async function hostWith(...what: ('back' | 'proxy' | 'web1' | 'db1')[]) {
  const fake = createFakeHost();
  if (what.includes('back')) await createNetwork(networkRequest(), fake.host);
  if (what.includes('proxy')) await createZone(proxyRequest(), fake.host);
  for (const name of ['web1', 'db1'] as const) {
    if (what.includes(name)) await createZone(memberRequest(name), fake.host);
  }
  fake.changes.splice(0);
  return fake;
}

/** What was changed since the last question; the commands without their program. */
export function changes(fake: FakeHost): string[] {
  return fake.changes.splice(0).map((line) => line.replace(/^\/usr\/s?bin\//, ''));
}
