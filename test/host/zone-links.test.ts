// The links of zones: several networks and ways out, VLAN, DHCP, routes, shares, zones behind zones behind zones.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseMembership, parseOutside } from '../../src/cli/link-options.ts';
import { parseAddress } from '../../src/domain/address.ts';
import { parseNetworkName, parseZoneName } from '../../src/domain/names.ts';
import { formatInterfaceAddress, parsePrefix } from '../../src/domain/prefix.ts';
import { parseReservation } from '../../src/domain/reservation.ts';
import { parseStaticRoute } from '../../src/domain/static-route.ts';
import type { ZoneRecord } from '../../src/domain/zone-record.ts';
import { createNetwork } from '../../src/host/create-network.ts';
import { createZone } from '../../src/host/create-zone.ts';
import { deleteZone, planDeleteZone } from '../../src/host/delete-zone.ts';
import { planSync, sync } from '../../src/host/sync.ts';
import type { ZoneRequest } from '../../src/host/zone-request.ts';
import { parseMetadata } from '../../src/ini/metadata.ts';
import { checkMetadata } from '../../src/ini/metadata-check.ts';
import { rejects } from '../support/assertions.ts';
import { createFakeHost, type FakeHost } from '../support/fake-host.ts';
import { memberRequest, networkRequest, on, proxyRequest } from '../support/story.ts';

const test = suite('links of zones');

const names = (...all: string[]) => all.map(parseNetworkName);

/** A host with the networks back (10.2, fd00:2), front (10.3) and far (10.4). */
async function host(): Promise<FakeHost> {
  const fake = createFakeHost();
  const make = (name: string, prefix: string, more: Parameters<typeof networkRequest>[0] = {}) =>
    createNetwork(networkRequest({ name: parseNetworkName(name), prefix: parsePrefix(prefix), ...more }), fake.host);
  await make('back', '10.2.0.0/24', {
    inet6: parsePrefix('fd00:2::/64'),
    reservations: ['10.2.0.2-10.2.0.9', '10.2.0.50 db1'].map(parseReservation),
  });
  await make('front', '10.3.0.0/24');
  await make('far', '10.4.0.0/24');
  fake.links.set('e1000g1', { class: 'phys', mtu: 1500 });
  fake.changes.splice(0);
  return fake;
}

const member = (name: string, ...networks: string[]) =>
  memberRequest(name, undefined, { networks: networks.map(parseMembership) });
const proxy = (name: string, routes: string[], overrides: Partial<ZoneRequest>) =>
  proxyRequest({ name: parseZoneName(name), routes: names(...routes), outside: [], routers: [], ...overrides });

const shown = ({ nics }: ZoneRecord) =>
  nics.map(({ link, over, side, network = '', addresses, routers }) =>
    [link, over, side, network, addresses.map(formatInterfaceAddress).join(), routers.join()].join(' '),
  );

/** What was made is in order, and what is published fits together. */
async function checkAll(fake: FakeHost): Promise<void> {
  assert.equal(await planSync(fake.host), { plan: [], faults: [] });
  for (const [path, text] of fake.files) {
    if (path.endsWith('/metadata.ini')) checkMetadata(parseMetadata(text, path), text, path);
  }
}

test('a member on two networks has one default router a family', async () => {
  const fake = await host();
  const record = await createZone(member('web1', 'front', 'back'), fake.host);
  assert.equal(shown(record), [
    'znic0 zstub1 inside front 10.3.0.2/24 10.3.0.1',
    'znic1 zstub0 inside back 10.2.0.10/24,fd00:2::2/64 fd00:2::1',
  ]);
  await checkAll(fake);
});

test('addresses are requested a family each, reserved for a zone, or the lowest that are not reserved', async () => {
  const fake = await host();
  const first = async (request: ZoneRequest) =>
    (await createZone(request, fake.host)).nics[0]?.addresses.map(formatInterfaceAddress).join();
  assert.is(await first(member('a', 'back=10.2.0.5')), '10.2.0.5/24,fd00:2::2/64');
  assert.is(await first(member('b', 'back=fd00:2::7')), '10.2.0.10/24,fd00:2::7/64');
  assert.is(await first(member('c', 'back=fd00:2:0::8,10.2.0.12')), '10.2.0.12/24,fd00:2::8/64');
  assert.is(await first(member('db1', 'back')), '10.2.0.50/24,fd00:2::3/64');
  const error = await rejects(() => createZone(member('d', 'back=FD00:2:0:0:0:0:0:7'), fake.host));
  assert.equal([error.code, error.message], ['ADDRESS_TAKEN', 'Cannot give fd00:2::7 to zone "d": zone "b" has it']);
});

test('a stopped zone keeps its addresses, and numbers go on where the lowest is free', async () => {
  const fake = await host();
  for (const name of ['a', 'b', 'c']) await createZone(member(name, 'front'), fake.host);
  const b = fake.zones.get('b');
  if (b !== undefined) b.state = 'installed';
  fake.links.set('znic4', { class: 'vnic', mtu: 1500, over: 'e1000g1' });
  assert.equal(shown(await createZone(member('d', 'front', 'far'), fake.host)), [
    'znic3 zstub1 inside front 10.3.0.5/24 10.3.0.1',
    'znic5 zstub2 inside far 10.4.0.2/24 ',
  ]);
  await deleteZone(parseZoneName('a'), false, fake.host);
  assert.equal(shown(await createZone(member('e', 'front'), fake.host)), [
    'znic0 zstub1 inside front 10.3.0.2/24 10.3.0.1',
  ]);
  assert.ok(fake.links.has('znic4'), 'what somebody else named so stays');
});

test('a proxy has several networks, and ways out that are static, by DHCP and tagged', async () => {
  const fake = await host();
  const record = await createZone(
    proxy('proxy', ['back', 'front'], {
      outside: ['e1000g0=203.0.113.5/24', 'e1000g1:12=dhcp,addrconf,maxbw=100M'].map(parseOutside),
      staticRoutes: [parseStaticRoute('198.51.100.0/24 203.0.113.9')],
    }),
    fake.host,
  );
  assert.equal(shown(record), [
    'pnic0 e1000g0 outside  203.0.113.5/24 ',
    'pnic1 e1000g1 outside   ',
    'znic0 zstub0 inside back 10.2.0.1/24,fd00:2::1/64 ',
    'znic1 zstub1 inside front 10.3.0.1/24 ',
  ]);
  assert.ok(fake.changes.includes('/usr/sbin/dladm create-vnic -l e1000g1 -v 12 pnic1'));
  assert.ok(fake.changes.includes('/usr/sbin/dladm set-linkprop -p maxbw=100M pnic1'));
  const text = fake.files.get('/var/zonenet/zones/proxy/metadata.ini') ?? '';
  assert.ok(text.includes('route[] = 198.51.100.0/24 203.0.113.9\n'), text);
  assert.ok(text.includes('[nic.pnic1]\nside = outside\nmtu = 1500\ndhcp = yes\naddrconf = yes\n'), text);
  assert.ok(text.includes('[network.back]\nprefix[] = 10.2.0.0/24\nprefix[] = fd00:2::/64\n'), text);
  await checkAll(fake);
});

test('facts that a zone would refuse are refused before anything is made', async () => {
  const fake = await host();
  const outside = ['e1000g0=203.0.113.5/24', 'e1000g1=dhcp'].map(parseOutside);
  const request = proxy('proxy', ['back'], { outside, routers: [parseAddress('203.0.113.1')] });
  const error = await rejects(() => createZone(request, fake.host));
  assert.equal(
    [error.code, error.message],
    [
      'METADATA_INVALID',
      'Cannot configure zone "proxy" so: [nic.pnic0] router: 203.0.113.1 is a second default router beside that of DHCP on pnic1',
    ],
  );
  assert.equal(fake.changes, []);
  // With routes in place of the default one both are fine.
  const routed = proxy('proxy', ['back'], { outside, staticRoutes: [parseStaticRoute('198.51.100.0/24 203.0.113.1')] });
  await createZone(routed, fake.host);
  await checkAll(fake);
});

test('check tells of a record that says what its zone would refuse, and repair leaves what it was told', async () => {
  const fake = await host();
  await createZone(member('web1', 'front'), fake.host);
  const [record, metadata] = ['/etc/zonenet/zones/web1.ini', '/var/zonenet/zones/web1/metadata.ini'];
  const told = fake.files.get(metadata);
  fake.files.set(record, (fake.files.get(record) ?? '').replace('router[] = 10.3.0.1', 'router[] = 10.9.9.9'));
  const { plan, faults } = await planSync(fake.host);
  assert.equal(
    [plan, faults.map(({ message }) => message)],
    [[], ['Cannot configure zone "web1" so: [nic.znic0] router: 10.9.9.9 is on no network of znic0']],
  );
  await sync(fake.host);
  assert.is(fake.files.get(metadata), told);
});

test('bandwidth and priority are put back when somebody changed them', async () => {
  const fake = await host();
  await createZone(member('web1', 'front,maxbw=2G,priority=low'), fake.host);
  assert.equal([fake.links.get('znic0')?.maxbw, fake.links.get('znic0')?.priority], [' 2000', 'low']);
  await checkAll(fake);
  Object.assign(fake.links.get('znic0') ?? {}, { maxbw: '   50' });
  assert.equal(
    (await planSync(fake.host)).plan.map(({ what, note }) => [what, note]),
    [['/usr/sbin/dladm set-linkprop -p maxbw=2000M znic0', 'znic0 has 50M']],
  );
});

test('a VNIC in another VLAN is not the recorded one', async () => {
  const fake = await host();
  await createZone(proxy('proxy', ['back'], { outside: [parseOutside('e1000g1:12=dhcp')] }), fake.host);
  fake.links.set('pnic0', { class: 'vnic', mtu: 1500, over: 'e1000g1', vlan: 13 });
  const { faults } = await planSync(fake.host);
  assert.is(faults[0]?.code, 'NOT_OURS');
  assert.match(
    faults[0]?.message ?? '',
    /a VNIC over e1000g1 in VLAN 12 of zone "proxy", but is a vnic over e1000g1 in VLAN 13/,
  );
});

test('zones behind zones behind zones: the way out of a proxy is a hidden network', async () => {
  const fake = await host();
  await createZone(proxyRequest({ routes: names('front') }), fake.host);
  const middle = await createZone(proxy('middle', ['far'], { networks: [on('front')] }), fake.host);
  assert.is(middle.role, 'proxy');
  assert.equal(shown(middle), [
    'znic1 zstub1 outside front 10.3.0.2/24 10.3.0.1',
    'znic2 zstub2 inside far 10.4.0.1/24 ',
  ]);
  const inner = await createZone(proxy('inner', ['back'], { networks: [on('far')] }), fake.host);
  assert.is(inner.nics[0]?.routers.join(), '10.4.0.1');
  await createZone(member('web1', 'back'), fake.host);
  const members = parseMetadata(fake.files.get('/var/zonenet/zones/proxy/metadata.ini') ?? '', 'proxy').members;
  assert.equal(members, [{ zone: 'middle', addresses: ['10.3.0.2'], leases: [] }]);
  await checkAll(fake);
  const order = (await planDeleteZone(parseZoneName('proxy'), true, fake.host)).map(({ record }) => record.name);
  assert.equal(order, ['web1', 'inner', 'middle', 'proxy']);
  const error = await rejects(() => deleteZone(parseZoneName('middle'), false, fake.host));
  assert.is(error.code, 'IN_USE');
});

test('a way out that leads back is refused', async () => {
  const fake = await host();
  await createZone(proxy('one', ['front'], { networks: [on('far')] }), fake.host);
  const before = JSON.stringify(fake.snapshot());
  for (const [request, message] of [
    [proxy('two', ['far'], { networks: [on('front')] }), 'leads back into "front", from there into "far"'],
    [proxy('three', ['back'], { networks: [on('back')] }), 'leads back into "back"'],
  ] as const) {
    const error = await rejects(() => createZone(request, fake.host));
    assert.is(error.code, 'VALUE_INVALID');
    assert.ok(error.message.includes(message), error.message);
  }
  assert.is(JSON.stringify(fake.snapshot()), before);
});

test('a link without any address', async () => {
  const fake = await host();
  assert.equal(shown(await createZone(member('web1', 'front=none', 'far'), fake.host)), [
    'znic0 zstub1 inside front  ',
    'znic1 zstub2 inside far 10.4.0.2/24 10.4.0.1',
  ]);
  await checkAll(fake);
});

const REFUSED: [what: string, request: () => ZoneRequest, code: string, message: string][] = [
  ['two addresses of a family', () => member('a', 'back=10.2.0.7,10.2.0.8'), 'VALUE_INVALID', 'one address a family'],
  [
    'an address of a family it has not',
    () => member('a', 'front=fd00:2::9'),
    'ADDRESS_OUTSIDE',
    'no prefix of that family',
  ],
  ['an address reserved for another', () => member('a', 'back=10.2.0.50'), 'ADDRESS_TAKEN', 'reserved for zone "db1"'],
  [
    'a second default router',
    () =>
      proxy('p', ['front'], {
        outside: ['e1000g0=203.0.113.5/24', 'e1000g1=198.51.100.5/24'].map(parseOutside),
        routers: ['203.0.113.1', '198.51.100.1'].map(parseAddress),
      }),
    'VALUE_INVALID',
    'a second default router',
  ],
  [
    'a default router where DHCP gives one',
    () => proxy('p', ['front'], { outside: [parseOutside('e1000g0=dhcp')], routers: [parseAddress('203.0.113.1')] }),
    'ADDRESS_OUTSIDE',
    'outside every network known beforehand',
  ],
  [
    'a route by a router elsewhere',
    () =>
      proxy('p', ['front'], {
        outside: [parseOutside('e1000g0=203.0.113.5/24')],
        staticRoutes: [parseStaticRoute('10.9.0.0/16 192.0.2.9')],
      }),
    'ADDRESS_OUTSIDE',
    'the route "10.9.0.0/16 192.0.2.9"',
  ],
  [
    'the same outside twice',
    () => proxy('p', ['front'], { outside: ['e1000g0=203.0.113.5/24', 'e1000g1=203.0.113.5/24'].map(parseOutside) }),
    'ADDRESS_TAKEN',
    'zone "p" has the address',
  ],
  [
    'a proxy that shares the stack of the host',
    () => proxy('p', ['front'], { outside: [parseOutside('e1000g0=203.0.113.5/24')], ipType: 'shared' }),
    'VALUE_INVALID',
    'shares the IP stack',
  ],
];

for (const [what, request, code, message] of REFUSED) {
  test(`refuses ${what}`, async () => {
    const fake = await host();
    const error = await rejects(() => createZone(request(), fake.host));
    assert.is(error.code, code, error.message);
    assert.ok(error.message.includes(message), error.message);
    assert.ok(error.hint);
    assert.equal(fake.changes, []);
  });
}

test.run();
