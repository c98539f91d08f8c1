import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseAddress } from '../../src/domain/address.ts';
import type { Nic } from '../../src/domain/metadata.ts';
import { parseLinkName } from '../../src/domain/names.ts';
import { parseInterfaceAddress } from '../../src/domain/prefix.ts';
import { parseStaticRoute } from '../../src/domain/static-route.ts';
import { sourceTowards, wayTowards } from '../../src/plan/way.ts';
import { nic } from '../support/metadata.ts';

const test = suite('wayTowards');

/** "pnic0 203.0.113.5/24": a link and its addresses. */
function link(text: string, more: Partial<Nic> = {}) {
  const [name = '', ...addresses] = text.split(' ');
  const own = { link: parseLinkName(name), addresses: addresses.map(parseInterfaceAddress), routers: [], ...more };
  return { ...nic(own), over: parseLinkName('e1000g0') };
}

const PROXY = [
  link('pnic0 203.0.113.5/24 198.51.100.7/28 2001:db8::5/64', {
    routers: ['198.51.100.1', '2001:db8::1'].map(parseAddress),
    routes: ['192.0.2.0/24 203.0.113.9', '10.2.0.128/25 203.0.113.8'].map(parseStaticRoute),
  }),
  link('znic0 10.2.0.1/24 fd00:1::1/64', { routes: [parseStaticRoute('192.0.2.64/26 10.2.0.9')] }),
];
const HOST = [link('e1000g0 203.0.113.5/24', { host: true })];
const LEARNING = [link('znic0 10.2.0.1/24'), link('pnic0', { dhcp: true })];

for (const [what, nics, target, way, source] of [
  ['on a network of its own', PROXY, '10.2.0.2', 'znic0', '10.2.0.1'],
  ['in the other family', PROXY, 'fd00:1::2', 'znic0', 'fd00:1::1'],
  ['by a route that is about less than a network', PROXY, '10.2.0.200', 'pnic0 203.0.113.8', '203.0.113.5'],
  ['by a route', PROXY, '192.0.2.1', 'pnic0 203.0.113.9', '203.0.113.5'],
  ['by the route that is about the least', PROXY, '192.0.2.65', 'znic0 10.2.0.9', '10.2.0.1'],
  ['by the default router, from its network', PROXY, '8.8.8.8', 'pnic0 198.51.100.1', '198.51.100.7'],
  ['by the default router of the family', PROXY, '2001:db8:9::1', 'pnic0 2001:db8::1', '2001:db8::5'],
  ['by one that DHCP tells', LEARNING, '8.8.8.8', 'pnic0 learnt', undefined],
  ['by the routes of the host', HOST, '8.8.8.8', 'e1000g0 learnt', '203.0.113.5'],
  ['nowhere from a host without that family', HOST, '2001:db8::1', undefined, undefined],
  ['nowhere', LEARNING, '2001:db8::1', undefined, undefined],
] as const) {
  test(`${what}: ${target} by ${way}, from ${source}`, () => {
    const zone = { nics };
    const found = wayTowards(zone, parseAddress(target));
    assert.is(found === undefined ? undefined : [found.nic.link, found.via].filter(Boolean).join(' '), way);
    assert.is(sourceTowards(zone, parseAddress(target)), source);
  });
}

test.run();
