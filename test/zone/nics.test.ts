// The method and everything a NIC can be: DHCP, IPv6, static routes, links that are missing.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseAddress } from '../../src/domain/address.ts';
import type { Nic, ZoneMetadata } from '../../src/domain/metadata.ts';
import { parseLinkName, parseNetworkName } from '../../src/domain/names.ts';
import { parseInterfaceAddress, parsePrefix } from '../../src/domain/prefix.ts';
import { parseStaticRoute } from '../../src/domain/static-route.ts';
import { formatMetadata } from '../../src/ini/metadata.ts';
import { metadataFor } from '../../src/plan/zone-paths.ts';
import type { Occasion } from '../../src/zone/apply.ts';
import { startForwarding } from '../../src/zone/forward.ts';
import { setUp } from '../../src/zone/set-up.ts';
import { createFakeZone, type FakeZone, FORWARDING, IPV6, Killed, NDP } from '../support/fake-zone.ts';
import { memberMetadata, nic, proxyMetadata } from '../support/metadata.ts';

const METADATA = metadataFor('proxy');

const test = suite('setUp of NICs');

function zoneWith(metadata: ZoneMetadata): FakeZone {
  const zone = createFakeZone();
  zone.tentative = false;
  zone.files.set(METADATA, formatMetadata(metadata));
  return zone;
}

/** Runs the method; gives its exit status and what it changed beside its own files and status. */
async function method(zone: FakeZone, occasion: Occasion, name = 'web1') {
  zone.changes.splice(0);
  zone.log.splice(0);
  const status = await setUp({ zone: name, occasion, now: 1_800_000_000, system: zone.system });
  const own = /status|last-good|name-service-cache|nodename|inet\/hosts|routeadm/;
  const changes = zone.changes.filter((change) => !own.test(change)).map((change) => change.replace('/usr/sbin/', ''));
  return { status, changes };
}

const addresses = (...texts: string[]) => texts.map(parseInterfaceAddress);
const member = (...nics: Partial<Nic>[]) => memberMetadata({ nics: nics.map((one) => nic(one)) });
const dual = member({
  addresses: addresses('10.2.0.2/24', 'fd00:1::2/64'),
  routers: ['10.2.0.1', 'fd00:1::1'].map(parseAddress),
});
const leased = member({ link: parseLinkName('pnic0'), dhcp: true, addresses: [], routers: [] });

test('IPv6 follows when in.ndpd runs, by a service of its own', async () => {
  const zone = zoneWith(dual);
  const first = await method(zone, 'start');
  assert.is(first.status, 0);
  assert.equal(first.changes, [
    'ipadm create-addr -t -T static -a 10.2.0.2/24 znic1/v4',
    'route -n add default 10.2.0.1',
    `svcadm enable -t ${IPV6}`,
  ]);
  // Nothing is vouched for before both halves are done.
  assert.is(zone.properties.get('status/verified'), undefined);
  zone.services.set(NDP, 'online');
  const second = await method(zone, 'ipv6');
  assert.is(second.status, 0);
  assert.equal(second.changes, [
    'ipadm create-addr -t -T addrconf -p stateful=no,stateless=no znic1/ll',
    'ipadm create-addr -t -T static -a fd00:1::2/64 znic1/v6',
    'route -n add -inet6 default fd00:1::1',
  ]);
  assert.is(zone.properties.get('status/verified'), 'true');
  assert.equal((await method(zone, 'refresh')).changes, []);
});

test('IPv6 that goes away takes its addresses and routes along', async () => {
  const zone = zoneWith(dual);
  zone.services.set(NDP, 'online');
  await method(zone, 'start');
  zone.files.set(METADATA, formatMetadata({ ...memberMetadata(), generation: 2 }));
  assert.equal((await method(zone, 'refresh')).changes, [
    'ipadm delete-addr znic1/v6',
    'ipadm delete-addr znic1/ll',
    'route -n delete -inet6 default fd00:1::1',
  ]);
  assert.equal((await method(zone, 'refresh')).changes, []);
});

test('on refresh IPv6 without in.ndpd is a complaint, and IPv4 is as it should be', async () => {
  const zone = zoneWith(dual);
  await method(zone, 'start');
  zone.services.set(NDP, 'maintenance');
  assert.is((await method(zone, 'refresh')).status, 0);
  assert.match(zone.log.join('\n'), /IPv6 is not configured: svc:\/network\/routing\/ndp:default is maintenance/);
  assert.is(zone.properties.get('status/verified'), 'false');
});

test('DHCP brings address and default route', async () => {
  const zone = zoneWith(leased);
  zone.leases.set('pnic0', { addr: '203.0.113.9/24', router: '203.0.113.1' });
  const { status, changes } = await method(zone, 'start');
  assert.is(status, 0);
  assert.equal(changes, ['ipadm create-addr -t -T dhcp -w 60 pnic0/dhcp']);
  assert.is(zone.properties.get('status/verified'), 'true');
  assert.equal((await method(zone, 'refresh')).changes, []);
});

test('from a static address to DHCP: one default route, that of the lease', async () => {
  const link = parseLinkName('pnic0');
  const zone = zoneWith(
    member({ link, addresses: addresses('203.0.113.5/24'), routers: [parseAddress('203.0.113.1')] }),
  );
  await method(zone, 'start');
  zone.leases.set('pnic0', { addr: '203.0.113.9/24', router: '203.0.113.1' });
  zone.files.set(METADATA, formatMetadata({ ...leased, generation: 2 }));
  assert.equal((await method(zone, 'refresh')).changes, [
    'ipadm delete-addr pnic0/v4',
    'route -n delete default 203.0.113.1',
    'ipadm create-addr -t -T dhcp -w 60 pnic0/dhcp',
  ]);
  assert.equal(zone.routes, [{ to: 'default', router: '203.0.113.1', link: 'pnic0' }]);
  assert.equal((await method(zone, 'refresh')).changes, []);
});

test('from DHCP back to a static address: the default route that went with the lease comes again', async () => {
  const zone = zoneWith(leased);
  zone.leases.set('pnic0', { addr: '203.0.113.9/24', router: '203.0.113.1' });
  await method(zone, 'start');
  const link = parseLinkName('pnic0');
  const fixed = member({ link, addresses: addresses('203.0.113.5/24'), routers: [parseAddress('203.0.113.1')] });
  zone.files.set(METADATA, formatMetadata({ ...fixed, generation: 2 }));
  await method(zone, 'refresh');
  assert.equal(
    zone.routes.map(({ router }) => router),
    ['203.0.113.1'],
  );
  assert.equal((await method(zone, 'refresh')).changes, []);
});

test('a route by a leased network is added when the lease is there', async () => {
  const [one] = leased.nics;
  if (one === undefined) throw new Error('it has one');
  const zone = zoneWith({ ...leased, nics: [{ ...one, routes: [parseStaticRoute('10.9.0.0/16 203.0.113.7')] }] });
  zone.leases.set('pnic0', { addr: '203.0.113.9/24' });
  const { status, changes } = await method(zone, 'start');
  assert.is(status, 0);
  assert.equal(changes.slice(-1), ['route -n add 10.9.0.0/16 203.0.113.7']);
});

test('without a lease the rest comes up, and the state is degraded and says why', async () => {
  const [one] = leased.nics;
  if (one === undefined) throw new Error('it has one');
  const zone = zoneWith({ ...leased, nics: [one, nic({ routers: [] })] });
  const { status } = await method(zone, 'start');
  assert.is(status, 97);
  assert.ok(zone.addresses.some(({ object }) => object === 'znic1/v4'));
  assert.is(zone.properties.get('status/verified'), 'false');
  assert.is(zone.properties.get('status/message'), 'pnic0 has no lease: no DHCP server has answered');
});

test('one NIC of three is missing: the others come up, and the state is degraded and says why', async () => {
  const zone = zoneWith(
    member(
      {},
      { link: parseLinkName('znic2'), addresses: addresses('10.3.0.2/24'), routers: [] },
      { link: parseLinkName('znic7'), addresses: addresses('10.4.0.2/24'), routers: [] },
    ),
  );
  zone.mtus.delete('znic2');
  const { status, changes } = await method(zone, 'start');
  assert.is(status, 97);
  assert.equal(changes, [
    'ipadm create-addr -t -T static -a 10.2.0.2/24 znic1/v4',
    'ipadm create-addr -t -T static -a 10.4.0.2/24 znic7/v4',
    'route -n add default 10.2.0.1',
  ]);
  assert.match(zone.log.join('\n'), /znic2 is missing: the zone has no such link\n.*zonecfg -z web1 info net/);
  assert.is(zone.properties.get('status/message'), 'znic2 is missing: the zone has no such link');
  zone.mtus.set('znic2', 1500);
  assert.is((await method(zone, 'refresh')).status, 0);
  assert.is(zone.properties.get('status/verified'), 'true');
  assert.is(zone.properties.get('status/message'), '');
});

test('a NIC without an address is plumbed, and a link that takes more than the metadata say is held back', async () => {
  const zone = zoneWith(member({ mtu: 1400 }, { link: parseLinkName('znic2'), addresses: [], routers: [] }));
  const { changes } = await method(zone, 'start');
  assert.equal(changes.slice(0, 2), [
    'ipadm create-addr -t -T static -a 10.2.0.2/24 znic1/v4',
    'ipadm create-if -t znic2',
  ]);
  await method(zone, 'refresh');
  assert.is(zone.ipMtus.get('znic1'), 1400);
  assert.equal((await method(zone, 'refresh')).changes, []);
});

test('a link that takes less is said, since the host sets it', async () => {
  const zone = zoneWith(member({ mtu: 9000 }));
  assert.is((await method(zone, 'start')).status, 97);
  assert.is(zone.properties.get('status/message'), 'znic1 has an MTU of 1500, the metadata say 9000');
});

test('killed anywhere while static routes change, the next run leaves exactly those of the metadata', async () => {
  const routed = (generation: number, ...routes: string[]) => ({
    ...member({ routes: routes.map(parseStaticRoute) }),
    generation,
  });
  for (let at = 1; ; at++) {
    const zone = zoneWith(routed(1, '10.8.0.0/16 10.2.0.7', '10.9.0.0/16 10.2.0.7'));
    await method(zone, 'start');
    zone.routes.push({ to: '10.77.0.0/16', router: '10.2.0.7', link: 'znic1' });
    zone.files.set(METADATA, formatMetadata(routed(2, '10.9.0.0/16 10.2.0.8')));
    zone.kill = { at, when: 'after' };
    let killed = false;
    try {
      await method(zone, 'refresh');
    } catch (error) {
      if (!(error instanceof Killed)) throw error;
      killed = true;
    }
    zone.kill = undefined;
    zone.files.set(METADATA, formatMetadata(routed(3, '10.6.0.0/16 10.2.0.8')));
    await method(zone, 'refresh');
    assert.equal(
      zone.routes.map(({ to, router }) => `${to} ${router}`).sort(),
      ['10.6.0.0/16 10.2.0.8', '10.77.0.0/16 10.2.0.7', 'default 10.2.0.1'],
      `killed after change ${at}`,
    );
    if (!killed) break;
  }
});

test('metadata older than what was applied are refused, and the zone keeps what it has', async () => {
  const zone = zoneWith(memberMetadata({ generation: 5 }));
  await method(zone, 'start');
  zone.files.set(METADATA, formatMetadata(memberMetadata({ generation: 4, nics: [] })));
  for (const occasion of ['refresh', 'start'] as const) {
    const { status, changes } = await method(zone, occasion);
    assert.is(status, 0);
    assert.equal(changes, []);
    assert.match(zone.log.join('\n'), /metadata of generation 4: generation 5 has been applied\n.*znetadm sync web1/);
  }
  assert.is(zone.properties.get('status/generation'), '5');
});

test('a resolver: names are looked up in DNS, and the cache forgets', async () => {
  const zone = zoneWith(memberMetadata({ resolver: { nameservers: [parseAddress('203.0.113.1')], search: [] } }));
  zone.files.set('/etc/nsswitch.conf', 'passwd: files\nhosts: files\nipnodes: files\n');
  await method(zone, 'start');
  assert.is(zone.files.get('/etc/nsswitch.conf'), 'passwd: files\nhosts: files dns\nipnodes: files dns\n');
  assert.ok(zone.changes.some((change) => change.endsWith('refresh svc:/system/name-service-cache:default')));
  await method(zone, 'refresh');
  assert.equal(zone.changes, []);
});

function dualProxy(): ZoneMetadata {
  const [outside, inside] = proxyMetadata().nics;
  if (outside === undefined || inside === undefined) throw new Error('the story has two');
  return proxyMetadata({
    nics: [
      {
        ...outside,
        addresses: addresses('203.0.113.5/24', '2001:db8::5/64'),
        routers: ['203.0.113.1', '2001:db8::1'].map(parseAddress),
      },
      { ...inside, addresses: addresses('10.2.0.1/24', 'fd00:1::1/64') },
    ],
    networks: [{ name: parseNetworkName('back'), prefixes: [parsePrefix('10.2.0.0/24'), parsePrefix('fd00:1::/64')] }],
  });
}

test('a proxy of both families forwards both, once the rules of both are proved', async () => {
  const zone = zoneWith(dualProxy());
  await method(zone, 'start', 'proxy');
  zone.startIpfilter();
  zone.services.set(NDP, 'online');
  assert.is((await method(zone, 'ipv6', 'proxy')).status, 0, zone.log.join('\n'));
  assert.equal([zone.kernel.forwarding, zone.kernel.forwarding6], [false, false]);
  assert.is(await startForwarding('proxy', zone.system), 0, zone.log.join('\n'));
  zone.services.set(FORWARDING, 'online');
  assert.equal([zone.kernel.forwarding, zone.kernel.forwarding6], [true, true]);
  assert.ok(zone.kernel.nat.includes('map pnic0 fd00:1::/64 -> 2001:db8::5/128'));
  assert.equal((await method(zone, 'refresh', 'proxy')).changes, []);
  zone.kernel.nat.splice(0, 1);
  assert.equal((await method(zone, 'refresh', 'proxy')).changes, [
    'ipadm set-prop -t -p forwarding=off ipv4',
    'ipadm set-prop -t -p forwarding=off ipv6',
    'ipnat -C -f /etc/ipf/ipnat.conf',
    'ipadm set-prop -t -p forwarding=on ipv4',
    'ipadm set-prop -t -p forwarding=on ipv6',
  ]);
});

test('rules of IPv6 that are not those of the file keep both families from being forwarded', async () => {
  const zone = zoneWith(dualProxy());
  await method(zone, 'start', 'proxy');
  zone.startIpfilter();
  zone.kernel.active.inet6.splice(2, 1);
  assert.is(await startForwarding('proxy', zone.system), 95);
  assert.equal([zone.kernel.forwarding, zone.kernel.forwarding6], [false, false]);
});

test.run();
