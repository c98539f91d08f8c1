// The host itself as a proxy: its own addresses are followed, and what leads away from them.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseAddress } from '../../src/domain/address.ts';
import { parseForward } from '../../src/domain/forward.ts';
import { GLOBAL, parseLinkName as link, parseNetworkName as network } from '../../src/domain/names.ts';
import { parseInterfaceAddress as at } from '../../src/domain/prefix.ts';
import type { ZoneNic, ZoneRecord } from '../../src/domain/zone-record.ts';
import { createZone } from '../../src/host/create-zone.ts';
import { globalRecord } from '../../src/host/global-zone.ts';
import { setZone } from '../../src/host/set-zone.ts';
import { sync } from '../../src/host/sync.ts';
import { createWatch } from '../../src/host/watch.ts';
import { formatZoneRecord } from '../../src/ini/zone-record.ts';
import { rejects } from '../support/assertions.ts';
import type { FakeHost } from '../support/fake-host.ts';
import { changes, hostWith, memberRequest } from '../support/story.ts';

const test = suite('the host as a proxy');

const write = (fake: FakeHost, record: ZoneRecord) =>
  fake.files.set(`/etc/zonenet/zones/${record.name}.ini`, formatZoneRecord(record));
const record = (fake: FakeHost, zone: string) => fake.files.get(`/etc/zonenet/zones/${zone}.ini`) ?? '';
const metadata = (fake: FakeHost) => fake.files.get('/var/zonenet/zones/global/metadata.ini') ?? '';

/** A host with one public address that is a proxy itself. */
async function hostAsProxy(fake: FakeHost): Promise<FakeHost> {
  fake.addresses.splice(0, Number.POSITIVE_INFINITY, ['e1000g0/v4', '203.0.113.9/24']);
  const on = { mtu: 1500, dhcp: false, addrconf: false, routers: [], routes: [] };
  const nics: readonly ZoneNic[] = [
    {
      ...on,
      link: link('e1000g0'),
      over: link('e1000g0'),
      side: 'outside',
      host: true,
      addresses: [at('203.0.113.9/24')],
    },
    {
      ...on,
      link: link('znic0'),
      over: link('zstub0'),
      side: 'inside',
      network: network('back'),
      addresses: [at('10.2.0.1/24')],
    },
  ];
  const record: ZoneRecord = {
    ...globalRecord('7d2f6a52-0000-4000-8000-000000000001', { zones: new Map() }),
    state: 'ready',
    nics,
  };
  write(fake, record);
  await createWatch(fake.host).look();
  changes(fake);
  return fake;
}

test('a host that is a proxy itself is told of its own addresses, and of nothing else', async () => {
  const fake = await hostAsProxy(await hostWith('back'));
  const watch = createWatch(fake.host);
  await watch.look();
  assert.equal(changes(fake), []);
  fake.addresses.splice(0, 1, ['e1000g0/v4', '203.0.113.78/24']);
  await watch.look();
  assert.ok(record(fake, 'global').includes('203.0.113.78/24'));
  assert.ok(metadata(fake).includes('203.0.113.78/24'));
  assert.ok(changes(fake).includes('svcadm refresh svc:/network/zonenet:default'));
  assert.equal(fake.log, ['addresses of e1000g0 of the host are 203.0.113.78/24 now']);
  await watch.look();
  assert.equal(changes(fake), []);
  // One that has none for a moment will have it again.
  fake.addresses.splice(0, 1);
  await watch.look();
  assert.equal(changes(fake), []);
});

test('a watch that is killed while it tells the host is gone on with by the next', async () => {
  for (let kill = 1, killed = true; killed; kill += 1) {
    const fake = await hostAsProxy(await hostWith('back'));
    fake.addresses.splice(0, 1, ['e1000g0/v4', '203.0.113.78/24']);
    fake.killAt = kill;
    killed = await createWatch(fake.host)
      .look()
      .then(
        () => false,
        () => true,
      );
    fake.killAt = undefined;
    fake.locks.clear();
    await createWatch(fake.host).look();
    for (const path of ['/etc/zonenet/zones/global.ini', '/var/zonenet/zones/global/metadata.ini']) {
      assert.ok(fake.files.get(path)?.includes('203.0.113.78/24'), `killed before change ${kill}: ${path}`);
    }
    changes(fake);
    await createWatch(fake.host).look();
    assert.equal(changes(fake), []);
  }
});

/** The same, with a zone behind it to which a port of the host leads. */
async function withForward(): Promise<FakeHost> {
  const fake = await hostWith('back');
  const web1 = await createZone(memberRequest('web1'), fake.host);
  write(fake, { ...web1, forwards: [parseForward('tcp 203.0.113.9 80 8080')] });
  await hostAsProxy(fake);
  assert.match(metadata(fake), 'rdr[] = tcp 203.0.113.9 80 ');
  changes(fake);
  return fake;
}

for (const [what, follow] of [
  ['the watch', (fake) => createWatch(fake.host).look()],
  ['repair', (fake) => sync(fake.host)],
] as readonly (readonly [string, (fake: FakeHost) => Promise<unknown>])[]) {
  test(`what led away from an address of DHCP is led away from the next by ${what}, killed at any change`, async () => {
    for (let kill = 1, killed = true; killed; kill += 1) {
      const fake = await withForward();
      fake.addresses.splice(0, 1, ['e1000g0/dhcp', '203.0.113.78/24']);
      fake.killAt = kill;
      killed = await follow(fake).then(
        () => false,
        () => true,
      );
      fake.killAt = undefined;
      fake.locks.clear();
      await follow(fake);
      const told = `killed before change ${kill}`;
      assert.match(record(fake, 'web1'), 'tcp 203.0.113.78 80 8080', told);
      assert.match(metadata(fake), 'rdr[] = tcp 203.0.113.78 80 ', told);
      assert.not.match(metadata(fake), '203.0.113.9', told);
    }
  });
}

test('what a person has set otherwise is followed by nothing: a static address, or one of several', async () => {
  for (const addresses of [
    [['e1000g0/v4', '203.0.113.78/24']],
    [
      ['e1000g0/dhcp', '203.0.113.78/24'],
      ['e1000g0/v4', '203.0.113.79/24'],
    ],
  ] as [string, string][][]) {
    const fake = await withForward();
    fake.addresses.splice(0, 1, ...addresses);
    await createWatch(fake.host).look();
    assert.match(record(fake, 'web1'), 'tcp 203.0.113.9 80 8080');
  }
});

test('addresses, routers and shares of its own links are its own', async () => {
  const fake = await hostAsProxy(await hostWith('back'));
  const none = { add: [], remove: [], links: new Map(), addresses: new Map(), routers: [], vars: {}, unset: [] };
  const asked = { addresses: [], dhcp: true, addrconf: false };
  for (const [what, code] of [
    [{ addresses: new Map([[link('e1000g0'), asked]]) }, 'NOT_OURS'],
    [{ links: new Map([[link('e1000g0'), { bandwidth: 50 }]]) }, 'NOT_OURS'],
    [{ routers: [parseAddress('203.0.113.1')] }, 'NOT_OURS'],
    [{ routes: [] }, 'NOT_OURS'],
    [{ addresses: new Map([[link('znic0'), asked]]) }, 'VALUE_INVALID'],
  ] as const) {
    const error = await rejects(() => setZone({ ...none, zone: GLOBAL, ...what }, fake.host));
    assert.is(error.code, code, error.message);
  }
  assert.equal(changes(fake), []);
});

test.run();
