// Zones that get other addresses: what of records, links and proxies follows, what leads away from them, what is refused.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseAddresses, parseMembership, parseOutside, parseRoute } from '../../src/cli/link-options.ts';
import { parseAddress } from '../../src/domain/address.ts';
import { parseForward } from '../../src/domain/forward.ts';
import { parseNetworkName, parseZoneName } from '../../src/domain/names.ts';
import { parsePrefix } from '../../src/domain/prefix.ts';
import { createNetwork } from '../../src/host/create-network.ts';
import { createZone } from '../../src/host/create-zone.ts';
import { findDrift } from '../../src/host/drift.ts';
import { addForward } from '../../src/host/forwards.ts';
import { setNetwork } from '../../src/host/set-network.ts';
import { planSetZone, setZone, type ZoneSettings } from '../../src/host/set-zone.ts';
import { sync } from '../../src/host/sync.ts';
import { parseMetadata } from '../../src/ini/metadata.ts';
import { checkMetadata } from '../../src/ini/metadata-check.ts';
import { rejects } from '../support/assertions.ts';
import type { FakeHost } from '../support/fake-host.ts';
import { changes, hostWith, memberRequest, networkRequest, on, proxyRequest } from '../support/story.ts';

const test = suite('zones that get other addresses');

const settings = (zone: string, addresses: readonly string[], more: Partial<ZoneSettings> = {}): ZoneSettings => ({
  zone: parseZoneName(zone),
  add: [],
  remove: [],
  links: new Map(),
  addresses: new Map(addresses.map(parseAddresses)),
  routers: [],
  vars: {},
  unset: [],
  ...more,
});
const set = (fake: FakeHost, ...args: Parameters<typeof settings>) => setZone(settings(...args), fake.host);
const by = (...routers: readonly string[]) => ({ routers: routers.map(parseAddress) });
const forward = (fake: FakeHost, zone: string, text: string) =>
  addForward({ zone: parseZoneName(zone), ...parseForward(text) }, fake.host);

const file = (fake: FakeHost, path: string) => fake.files.get(path) ?? '';
const record = (fake: FakeHost, zone: string) => file(fake, `/etc/zonenet/zones/${zone}.ini`);
const metadata = (fake: FakeHost, zone: string) => file(fake, `/var/zonenet/zones/${zone}/metadata.ini`);
const lines = (text: string, key: string) =>
  text.split('\n').flatMap((line) => (line.startsWith(`${key}[] = `) ? [line.slice(key.length + 5)] : []));

async function inOrder(fake: FakeHost): Promise<void> {
  assert.equal(await findDrift(fake.host), []);
  for (const [path, text] of fake.files) {
    if (path.endsWith('/metadata.ini')) checkMetadata(parseMetadata(text, path), text, path);
  }
}

/** The story, with a network "inner" behind a proxy "deep" that is on back itself, and a zone "leaf" on that. */
async function nested(): Promise<FakeHost> {
  const fake = await hostWith('back', 'proxy', 'web1');
  const inner = { name: parseNetworkName('inner'), prefix: parsePrefix('10.9.0.0/24') };
  await createNetwork(networkRequest(inner), fake.host);
  const deep = { name: parseZoneName('deep'), routes: [inner.name], networks: [on('back')] };
  await createZone(proxyRequest({ ...deep, outside: [], routers: [] }), fake.host);
  await createZone(memberRequest('leaf', undefined, { networks: [on('inner')] }), fake.host);
  changes(fake);
  return fake;
}

test('a zone gets the address that is asked for: its link may send from it before it is told, and its proxy leads there', async () => {
  const fake = await hostWith('back', 'proxy', 'web1');
  await forward(fake, 'web1', 'tcp 203.0.113.5 443 8443');
  changes(fake);
  await set(fake, 'web1', ['znic1=10.2.0.50']);
  const done = changes(fake);
  const at = (text: string) => done.findIndex((line) => line.includes(text));
  assert.ok(
    at('write /etc/zonenet/zones/web1.ini') === 0 && at('allowed-ips=10.2.0.50/32 znic1') === 1,
    done.join('\n'),
  );
  assert.ok(at('allowed-ips') < at('svcadm -z web1 refresh') && at('svcadm -z proxy refresh') > 0, done.join('\n'));
  assert.equal(lines(record(fake, 'web1'), 'address'), ['10.2.0.50/24']);
  assert.match(metadata(fake, 'proxy'), 'tcp 203.0.113.5 443 10.2.0.50 8443');
  await inOrder(fake);
  // The one that it had is free again, and asked for twice nothing is done.
  changes(fake);
  await set(fake, 'web1', ['znic1=10.2.0.50']);
  assert.equal(changes(fake), []);
  const { nics } = await createZone(memberRequest('db1', '10.2.0.2'), fake.host);
  assert.is(nics[0]?.addresses[0]?.address, '10.2.0.2');
});

test('a proxy gets another address outside, and what led away from the old one leads away from the new one', async () => {
  const fake = await nested();
  await forward(fake, 'web1', 'tcp 203.0.113.5 443 8443');
  await set(fake, 'proxy', ['pnic0=198.51.100.7/28'], by('198.51.100.1'));
  assert.equal(lines(record(fake, 'web1'), 'forward'), ['tcp 198.51.100.7 443 8443']);
  assert.equal(
    [lines(record(fake, 'proxy'), 'address'), lines(record(fake, 'proxy'), 'router')],
    [['198.51.100.7/28', '10.2.0.1/24'], ['198.51.100.1']],
  );
  assert.match(metadata(fake, 'proxy'), 'tcp 198.51.100.7 443 10.2.0.2 8443');
  assert.equal(lines(record(fake, 'web1'), 'address'), ['10.2.0.2/24']);
  await inOrder(fake);
});

test('a proxy whose way out is a hidden network: forwards follow its own address there, and that of its network', async () => {
  const fake = await nested();
  await forward(fake, 'leaf', 'tcp 10.2.0.3 80 8080');
  await set(fake, 'deep', ['znic2=10.2.0.33']);
  assert.equal(lines(record(fake, 'leaf'), 'forward'), ['tcp 10.2.0.33 80 8080']);
  await inOrder(fake);
  const change = { prefix: parsePrefix('10.7.0.0/24'), routers: [], vars: {}, unset: [] };
  await setNetwork(parseNetworkName('back'), change, fake.host);
  assert.equal(lines(record(fake, 'leaf'), 'forward'), ['tcp 10.7.0.33 80 8080']);
  assert.match(metadata(fake, 'deep'), 'tcp 10.7.0.33 80 10.9.0.2 8080');
  await inOrder(fake);
});

test('an outside becomes one by DHCP, and a static one again, with its router', async () => {
  const fake = await hostWith('back', 'proxy', 'web1');
  await set(fake, 'proxy', ['pnic0=dhcp']);
  assert.match(record(fake, 'proxy'), 'dhcp = yes');
  assert.equal(lines(record(fake, 'proxy'), 'router'), []);
  await inOrder(fake);
  const error = await rejects(() => set(fake, 'proxy', ['pnic0=203.0.113.8/24']));
  assert.match(error.message, 'its router came with what it learnt');
  await set(fake, 'proxy', ['pnic0=203.0.113.8/24'], by('203.0.113.1'));
  assert.equal(lines(record(fake, 'proxy'), 'router'), ['203.0.113.1']);
  assert.not.match(record(fake, 'proxy'), 'dhcp');
  await inOrder(fake);
});

test('a family that is not named keeps its address, and one that comes gets the router of the network', async () => {
  const fake = await hostWith();
  await createNetwork(networkRequest({ inet6: parsePrefix('fd00:2::/64') }), fake.host);
  await createZone(proxyRequest(), fake.host);
  await createZone(memberRequest('web1', undefined, { networks: [parseMembership('back')] }), fake.host);
  await set(fake, 'web1', ['znic1=fd00:2::50']);
  assert.equal(lines(record(fake, 'web1'), 'address'), ['10.2.0.2/24', 'fd00:2::50/64']);
  await set(fake, 'web1', ['znic1=none']);
  assert.equal([lines(record(fake, 'web1'), 'address'), lines(record(fake, 'web1'), 'router')], [[], []]);
  await inOrder(fake);
  await set(fake, 'web1', ['znic1=10.2.0.9']);
  assert.equal(
    [lines(record(fake, 'web1'), 'address'), lines(record(fake, 'web1'), 'router')],
    [
      ['10.2.0.9/24', 'fd00:2::2/64'],
      ['10.2.0.1', 'fd00:2::1'],
    ],
  );
  await inOrder(fake);
});

test('a router, and routes, become others alone', async () => {
  const fake = await hostWith('back', 'proxy', 'web1');
  await set(fake, 'proxy', [], { ...by('203.0.113.2'), routes: ['198.51.100.0/24=203.0.113.9'].map(parseRoute) });
  assert.equal(lines(record(fake, 'proxy'), 'router'), ['203.0.113.2']);
  assert.equal(lines(record(fake, 'proxy'), 'route'), ['198.51.100.0/24 203.0.113.9']);
  await inOrder(fake);
  const moved = ['pnic0=192.0.2.77/28'];
  const error = await rejects(() => set(fake, 'proxy', moved, by('192.0.2.65')));
  assert.match(error.message, 'the router of its route "198.51.100.0/24 203.0.113.9"');
  await set(fake, 'proxy', moved, { ...by('192.0.2.65'), routes: [] });
  assert.equal(lines(record(fake, 'proxy'), 'route'), []);
  await inOrder(fake);
});

test('killed before any change, the same again or repair ends at the same', async () => {
  const start = async () => {
    const fake = await hostWith('back', 'proxy', 'web1', 'db1');
    await forward(fake, 'web1', 'tcp 203.0.113.5 443 8443');
    await forward(fake, 'db1', 'tcp 203.0.113.5 444 8443');
    changes(fake);
    return fake;
  };
  const change = settings('proxy', ['pnic0=203.0.113.77/24']);
  const whole = await start();
  await setZone(change, whole.host);
  const count = changes(whole).length;
  assert.ok(count >= 7, `${count} changes`);
  const known = (fake: FakeHost) => ['proxy', 'web1', 'db1'].map((zone) => record(fake, zone));
  const [untouched, done] = [known(await start()), known(whole)];
  for (let nth = 1; nth <= count; nth++) {
    for (const again of ['set-zone', 'repair'] as const) {
      const fake = await start();
      fake.killAt = nth;
      await setZone(change, fake.host).then(
        () => assert.unreachable('it was killed'),
        () => undefined,
      );
      fake.killAt = undefined;
      fake.locks.clear();
      // A transaction that was cut off is finished first.
      await sync(fake.host);
      if (again === 'set-zone') await setZone(change, fake.host);
      const isDone = again === 'set-zone' || record(fake, 'proxy').includes('203.0.113.77');
      assert.equal(known(fake), isDone ? done : untouched, `${again} after change ${nth}`);
      await inOrder(fake);
    }
  }
});

for (const [zone, address, more, code, why] of [
  ['web1', 'znic1=10.2.0.1', {}, 'ADDRESS_TAKEN', 'the router of network "back" has it'],
  ['web1', 'znic1=10.2.0.3', {}, 'ADDRESS_TAKEN', 'zone "db1" has it'],
  ['web1', 'znic1=10.2.0.255', {}, 'ADDRESS_OUTSIDE', 'broadcast'],
  ['web1', 'znic1=10.3.0.7', {}, 'ADDRESS_OUTSIDE', 'it is outside 10.2.0.0/24'],
  ['web1', 'znic1=fd00::7', {}, 'ADDRESS_OUTSIDE', 'no prefix of that family'],
  ['web1', 'znic1=10.2.0.7,10.2.0.8', {}, 'VALUE_INVALID', 'one address a family'],
  ['web1', 'znic1=10.2.0.7/25', {}, 'VALUE_INVALID', '/25 is not the length'],
  ['web1', 'znic1=dhcp', {}, 'VALUE_INVALID', 'is recorded'],
  ['web1', 'znic1=none', {}, 'IN_USE', 'would lead nowhere'],
  ['web1', 'znic9=10.2.0.7', {}, 'NOT_FOUND', 'no such link'],
  ['proxy', 'znic0=10.2.0.7', {}, 'VALUE_INVALID', 'is the router of network "back" there'],
  ['proxy', 'pnic0=203.0.113.7', {}, 'PREFIX_INVALID', 'the length of its prefix is missing'],
  ['proxy', 'pnic0=10.2.0.77/24', by('10.2.0.1'), 'PREFIX_OVERLAPS', 'the prefix of network "back"'],
  ['proxy', 'pnic0=192.0.2.10/24', by('192.0.2.1'), 'ADDRESS_TAKEN', 'this host'],
  ['proxy', 'pnic0=198.51.100.7/28', {}, 'ADDRESS_OUTSIDE', 'its router 203.0.113.1 is on none'],
  ['proxy', 'pnic0=203.0.113.5/24', by('203.0.113.5'), 'ADDRESS_TAKEN', 'is its own address'],
  ['proxy', 'pnic0=203.0.113.5/24', by('198.51.100.1'), 'ADDRESS_OUTSIDE', 'outside 203.0.113.0/24'],
  ['proxy', 'pnic0=dhcp', {}, 'IN_USE', 'tcp 203.0.113.5 port 443 would lead nowhere'],
  ['proxy', 'pnic0=none', {}, 'IN_USE', 'would lead nowhere'],
] as const) {
  test(`${zone}: ${address} is refused, and changes nothing`, async () => {
    const fake = await hostWith('back', 'proxy', 'web1', 'db1');
    await forward(fake, 'web1', 'tcp 203.0.113.5 443 8443');
    changes(fake);
    const error = await rejects(() => set(fake, zone, [address], more));
    assert.is(error.code, code);
    assert.ok(error.message.includes(why), error.message);
    assert.equal(changes(fake), []);
  });
}

test('a zone that shares the stack of the host has its address in its configuration', async () => {
  const fake = await hostWith('back', 'proxy');
  await createZone(memberRequest('web1', undefined, { ipType: 'shared' }), fake.host);
  const error = await rejects(() => set(fake, 'web1', ['znic1=10.2.0.50']));
  assert.equal([error.code, error.message.includes('in its configuration')], ['IN_USE', true]);
});

test('a link in a VLAN stays there', async () => {
  const fake = await hostWith('back');
  await createZone(proxyRequest({ outside: [parseOutside('e1000g0:12=203.0.113.5/24')] }), fake.host);
  await set(fake, 'proxy', ['pnic0=203.0.113.6/24']);
  assert.match(record(fake, 'proxy'), 'vlan = 12');
  assert.equal((await planSetZone(settings('proxy', ['pnic0=203.0.113.6/24']), fake.host)).plan, []);
  await inOrder(fake);
});

test('two links of a zone do not get the same address; they may swap theirs', async () => {
  const fake = await hostWith('back');
  const outside = ['e1000g0=203.0.113.5/24', 'e1000g0=203.0.113.6/24'].map(parseOutside);
  await createZone(proxyRequest({ outside }), fake.host);
  changes(fake);
  const error = await rejects(() => set(fake, 'proxy', ['pnic1=203.0.113.5/24']));
  assert.is(error.code, 'ADDRESS_TAKEN');
  assert.match(error.message, 'pnic0 and pnic1 would both have 203.0.113.5');
  assert.equal(changes(fake), []);
  await set(fake, 'proxy', ['pnic0=203.0.113.6/24', 'pnic1=203.0.113.5/24']);
  assert.equal(lines(record(fake, 'proxy'), 'address'), ['203.0.113.6/24', '203.0.113.5/24', '10.2.0.1/24']);
  await inOrder(fake);
});

test.run();
