import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseAddress } from '../../src/domain/address.ts';
import type { Nic } from '../../src/domain/metadata.ts';
import { parseLinkName } from '../../src/domain/names.ts';
import { parseInterfaceAddress, parsePrefix } from '../../src/domain/prefix.ts';
import { parseStaticRoute } from '../../src/domain/static-route.ts';
import type { TableRoute } from '../../src/illumos/netstat.ts';
import { formatRoutes, parseRoutes } from '../../src/plan/route-record.ts';
import { planRoutes, planRoutingDaemon, ROUTE_RECORD } from '../../src/plan/routes.ts';
import { formatStep } from '../../src/plan/step.ts';
import { nic } from '../support/metadata.ts';

const test = suite('planRoutes');

const OUT = parseLinkName('pnic0');

/** "10.9.0.0/16 10.2.0.7", and the link behind it when the table says. */
function route(text: string): TableRoute {
  const [to = '', router = '', link] = text.split(' ');
  const destination = to === 'default' ? (router.includes(':') ? '::/0' : '0.0.0.0/0') : to;
  return { to: parsePrefix(destination), router: parseAddress(router), ...(link === undefined ? {} : { link }) };
}

function plan(
  nics: readonly Nic[],
  table: readonly string[],
  { recorded, unbound = [] }: { recorded?: readonly string[]; unbound?: readonly string[] } = {},
) {
  const noted = recorded === undefined ? {} : { recorded: recorded.map(route) };
  const { removals, additions } = planRoutes(nics, { table: table.map(route), ...noted, unbound }, ['inet', 'inet6']);
  return [...removals, ...additions].map(formatStep).map((line) => line.replace('/usr/sbin/route -n ', ''));
}

const routed = (...routers: string[]) => [nic({ routers: routers.map(parseAddress) })];
const withRoutes = (...routes: string[]) => [nic({ routers: [], routes: routes.map(parseStaticRoute) })];

for (const [what, routers, table, steps] of [
  ['adds what is missing', ['10.2.0.1'], [], ['add default 10.2.0.1']],
  ['plans nothing when it is there', ['10.2.0.1'], ['default 10.2.0.1 znic1'], []],
  ['replaces another', ['10.2.0.1'], ['default 10.2.0.9'], ['delete default 10.2.0.9', 'add default 10.2.0.1']],
  ['takes a second one away', ['10.2.0.1'], ['default 10.2.0.9', 'default 10.2.0.1'], ['delete default 10.2.0.9']],
  [
    'takes one that is there twice away once',
    ['10.2.0.1'],
    ['default 10.2.0.1', 'default 10.2.0.1'],
    ['delete default 10.2.0.1'],
  ],
  ['leaves none when none is wanted', [], ['default 10.2.0.1'], ['delete default 10.2.0.1']],
  ['has one of each family', ['10.2.0.1', 'fd00::1'], ['default 10.2.0.1'], ['add -inet6 default fd00::1']],
  [
    'names the interface of a link-local router',
    ['fe80::1'],
    ['default fe80::2 znic1'],
    ['delete -inet6 default fe80::2 -ifp znic1', 'add -inet6 default fe80::1 -ifp znic1'],
  ],
  [
    'tells a link-local router on one link from the same on another',
    ['fe80::1'],
    ['default fe80::1 pnic0'],
    ['delete -inet6 default fe80::1 -ifp pnic0', 'add -inet6 default fe80::1 -ifp znic1'],
  ],
] as const) {
  test(what, () => assert.equal(plan(routed(...routers), table), [...steps]));
}

test('keeps the first default route on a link with a lease, and no other', () => {
  const nics = [nic({ link: OUT, dhcp: true, addresses: [], routers: [] })];
  const table = ['default 203.0.113.1 pnic0', 'default 203.0.113.2 pnic0', 'default 10.2.0.1 znic1'];
  assert.equal(plan(nics, table), ['delete default 203.0.113.2', 'delete default 10.2.0.1']);
});

test('a default route on a link whose lease has not come is of before', () => {
  const nics = [nic({ link: OUT, dhcp: true, addresses: [], routers: [] })];
  assert.equal(plan(nics, ['default 203.0.113.1 pnic0'], { unbound: ['pnic0'] }), ['delete default 203.0.113.1']);
});

test('leaves default routes that routers advertise to in.ndpd, and only those', () => {
  const nics = [nic({ addrconf: true, addresses: [], routers: [] })];
  const table = ['default fe80::1 znic1', 'default fe80::2 znic1', 'default fd00::9 znic1', 'default fe80::3 pnic0'];
  assert.equal(plan(nics, table), ['delete -inet6 default fd00::9', 'delete -inet6 default fe80::3 -ifp pnic0']);
});

test('notes a static route, and adds it', () => {
  assert.equal(plan(withRoutes('10.9.0.0/16 10.2.0.7', 'fd09::/48 fe80::7'), []), [
    'mkdir /var/zonenet',
    `write ${ROUTE_RECORD}`,
    'add 10.9.0.0/16 10.2.0.7',
    'add -inet6 fd09::/48 fe80::7 -ifp znic1',
  ]);
});

test('plans nothing for static routes that are there and noted', () => {
  const nics = withRoutes('10.9.0.0/16 10.2.0.7');
  assert.equal(plan(nics, ['10.9.0.0/16 10.2.0.7'], { recorded: ['10.9.0.0/16 10.2.0.7'] }), []);
});

test('takes away the routes it noted, and leaves those of others alone', () => {
  const table = ['10.9.0.0/16 10.2.0.7', '10.8.0.0/16 10.2.0.7'];
  assert.equal(plan(withRoutes(), table, { recorded: ['10.9.0.0/16 10.2.0.7'] }), [
    'delete 10.9.0.0/16 10.2.0.7',
    `remove ${ROUTE_RECORD}`,
  ]);
  assert.equal(plan(withRoutes(), table), []);
});

test('a network that is named has one router, whoever added the other', () => {
  const nics = withRoutes('10.9.0.0/16 10.2.0.7');
  assert.equal(plan(nics, ['10.9.0.0/16 10.2.0.66', '10.9.0.0/24 10.2.0.66'], { recorded: ['10.9.0.0/16 10.2.0.7'] }), [
    'delete 10.9.0.0/16 10.2.0.66',
    'add 10.9.0.0/16 10.2.0.7',
  ]);
});

test('another router: what is added is noted before, what is gone is forgotten after', () => {
  const nics = withRoutes('10.9.0.0/16 10.2.0.8');
  assert.equal(plan(nics, ['10.9.0.0/16 10.2.0.7'], { recorded: ['10.9.0.0/16 10.2.0.7'] }), [
    'delete 10.9.0.0/16 10.2.0.7',
    'mkdir /var/zonenet',
    `write ${ROUTE_RECORD}`,
    'add 10.9.0.0/16 10.2.0.8',
    'mkdir /var/zonenet',
    `write ${ROUTE_RECORD}`,
  ]);
});

test('a route by a link without a lease waits for it', () => {
  const nics = [
    nic({ link: OUT, dhcp: true, addresses: [], routers: [], routes: [parseStaticRoute('10.9.0.0/16 203.0.113.7')] }),
  ];
  const noted = { recorded: ['10.9.0.0/16 203.0.113.7'] };
  assert.equal(plan(nics, [], { ...noted, unbound: ['pnic0'] }), []);
  assert.equal(plan(nics, [], noted), ['add 10.9.0.0/16 203.0.113.7']);
});

test('without IPv6 its routes are left alone', () => {
  const nics = [nic({ addresses: [parseInterfaceAddress('10.2.0.2/24')], routers: [] })];
  const { removals, additions } = planRoutes(nics, { table: [route('default fe80::1 znic1')], unbound: [] }, ['inet']);
  assert.equal([...removals, ...additions], []);
});

test('the record reads back as it was written, without lines that are no routes', () => {
  const routes = ['fd09::/48 fe80::7 znic1', '10.9.0.0/16 10.2.0.7'].map(route);
  const text = formatRoutes([...routes, ...routes]);
  assert.is(text, '10.9.0.0/16 10.2.0.7\nfd09::/48 fe80::7 znic1\n');
  assert.equal(parseRoutes(`${text}0.0.0.0/0 10.2.0.1\nnonsense\n`), [...routes].reverse());
});

test('the routing daemon is decided about once', () => {
  assert.equal(planRoutingDaemon(true), []);
  assert.equal(planRoutingDaemon(false).map(formatStep), ['/usr/sbin/routeadm -d ipv4-routing -u']);
});

test.run();
