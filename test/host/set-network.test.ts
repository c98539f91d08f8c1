// A network that becomes another: what of it and of its zones changes, what follows when, what is refused.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseAddress } from '../../src/domain/address.ts';
import { parseDomainName, parseNetworkName, parseZoneName } from '../../src/domain/names.ts';
import { formatInterfaceAddress, parsePrefix } from '../../src/domain/prefix.ts';
import { parseReservation } from '../../src/domain/reservation.ts';
import { createNetwork } from '../../src/host/create-network.ts';
import { createZone } from '../../src/host/create-zone.ts';
import { findDrift } from '../../src/host/drift.ts';
import { type NetworkChange, planSetNetwork, setNetwork } from '../../src/host/set-network.ts';
import { readRecords } from '../../src/host/store.ts';
import { planSync, sync } from '../../src/host/sync.ts';
import type { Command } from '../../src/illumos/command.ts';
import { rejects } from '../support/assertions.ts';
import { createFakeHost, type FakeHost } from '../support/fake-host.ts';
import { hostWith, memberRequest, networkRequest, proxyRequest } from '../support/story.ts';

const test = suite('set-network');

const back = parseNetworkName('back');
const change = (what: Partial<NetworkChange>): NetworkChange => ({ routers: [], vars: {}, unset: [], ...what });
const set = (fake: FakeHost, what: Partial<NetworkChange>, name = back) => setNetwork(name, change(what), fake.host);
const metadata = (fake: FakeHost, zone: string) => fake.files.get(`/var/zonenet/zones/${zone}/metadata.ini`) ?? '';

/** "web1 znic1 10.2.0.2/24 by 10.2.0.1", a line each link. */
async function linksOf(fake: FakeHost): Promise<string[]> {
  const { zones } = await readRecords(fake.system);
  return zones.flatMap(({ name, nics }) =>
    nics
      .filter(({ network }) => network !== undefined)
      .map(({ link, addresses, routers, network }) =>
        [name, link, network, ...addresses.map(formatInterfaceAddress), 'by', ...routers].join(' '),
      ),
  );
}

async function inOrder(fake: FakeHost): Promise<void> {
  assert.equal(await planSync(fake.host), { plan: [], faults: [] });
}

test('a network that grows keeps every address; masks change, and zones that run follow at once', async () => {
  const fake = await hostWith('back', 'proxy', 'web1');
  await set(fake, { prefix: parsePrefix('10.2.0.0/23') });
  assert.equal(await linksOf(fake), ['proxy znic0 back 10.2.0.1/23 by', 'web1 znic1 back 10.2.0.2/23 by 10.2.0.1']);
  assert.match(metadata(fake, 'web1'), 'address[] = 10.2.0.2/23\n');
  assert.match(metadata(fake, 'proxy'), 'prefix[] = 10.2.0.0/23\n');
  await inOrder(fake);
});

test('a network that moves keeps the place of each zone; links are allowed the new address before zones are told', async () => {
  const fake = await hostWith('back', 'proxy', 'web1');
  fake.changes.splice(0);
  await set(fake, { prefix: parsePrefix('10.3.0.0/24') });
  assert.equal(await linksOf(fake), ['proxy znic0 back 10.3.0.1/24 by', 'web1 znic1 back 10.3.0.2/24 by 10.3.0.1']);
  const at = (text: string) => fake.changes.findIndex((line) => line.includes(text));
  assert.ok(at('/etc/zonenet/transaction.ini') >= 0 && at('/etc/zonenet/transaction.ini') < at('zones/web1.ini'));
  assert.ok(at('allowed-ips=10.3.0.2/32 znic1') < at('svcadm -z web1 refresh'), fake.changes.join('\n'));
  assert.not.ok([...fake.files.keys()].includes('/etc/zonenet/transaction.ini'));
  await inOrder(fake);
});

test('a rename leaves one record, and zones know the new name', async () => {
  const fake = await hostWith('back', 'proxy', 'web1');
  await set(fake, { name: parseNetworkName('front') });
  const { networks } = await readRecords(fake.system);
  assert.equal(
    networks.map(({ name, etherstub }) => [name, etherstub]),
    [['front', 'zstub0']],
  );
  assert.match(metadata(fake, 'proxy'), '[network.front]\n');
  assert.not.match(metadata(fake, 'web1'), 'network = back');
  assert.is((await rejects(() => set(fake, { name: back }))).code, 'NOT_FOUND');
  await inOrder(fake);
});

test('IPv6 comes and goes, for every zone that has an address', async () => {
  const fake = await hostWith('back', 'proxy', 'web1', 'db1');
  await set(fake, { inet6: parsePrefix('fd00:1::/64') });
  assert.equal(await linksOf(fake), [
    'db1 znic2 back 10.2.0.3/24 fd00:1::2/64 by 10.2.0.1 fd00:1::1',
    'proxy znic0 back 10.2.0.1/24 fd00:1::1/64 by',
    'web1 znic1 back 10.2.0.2/24 fd00:1::3/64 by 10.2.0.1 fd00:1::1',
  ]);
  await inOrder(fake);
  await set(fake, { inet6: 'none' });
  assert.equal((await linksOf(fake))[2], 'web1 znic1 back 10.2.0.2/24 by 10.2.0.1');
  await inOrder(fake);
});

test('the same again changes nothing', async () => {
  const fake = await hostWith('back', 'proxy', 'web1');
  const what = { prefix: parsePrefix('10.3.0.0/24'), vars: { a: 'b' } };
  await set(fake, what);
  fake.changes.splice(0);
  assert.equal((await set(fake, what)).plan, []);
  assert.equal(fake.changes, []);
});

test('a zone that is down follows at its next boot, and the plan says so', async () => {
  const fake = await hostWith('back', 'proxy');
  await createZone(memberRequest('web1', undefined, { boot: false }), fake.host);
  const { later } = await planSetNetwork(back, change({ prefix: parsePrefix('10.3.0.0/24') }), fake.host);
  assert.equal(
    later.map(({ zone, when }) => `${zone.name} ${when}`),
    ['web1 at its next boot (it is installed)'],
  );
  await set(fake, { prefix: parsePrefix('10.3.0.0/24') });
  assert.match(metadata(fake, 'web1'), 'address[] = 10.3.0.2/24\n');
  await inOrder(fake);
});

test('reservations keep their places, or are given anew', async () => {
  const fake = createFakeHost();
  await createNetwork(networkRequest({ reservations: [parseReservation('10.2.0.50-10.2.0.59')] }), fake.host);
  const moved = await set(fake, { prefix: parsePrefix('10.3.0.0/24') });
  assert.equal(moved.network.reservations, [parseReservation('10.3.0.50-10.3.0.59')]);
  assert.equal((await set(fake, { reservations: [] })).network.reservations, []);
});

test('values are set and taken away one by one; names and protection are switched', async () => {
  const fake = await hostWith('back', 'proxy', 'web1');
  await set(fake, { vars: { a: '1', b: '2' } });
  const { network } = await set(fake, { vars: { c: '3' }, unset: ['a'], names: { by: 'hosts' }, isProtected: false });
  assert.equal([network.vars, network.names, network.unprotected], [{ b: '2', c: '3' }, { by: 'hosts' }, true]);
  assert.match(metadata(fake, 'web1'), '[sibling.proxy]');
  const back2 = (await set(fake, { names: 'none', isProtected: true })).network;
  assert.equal([back2.names, back2.unprotected], [undefined, undefined]);
  await inOrder(fake);
});

for (const [what, wanted, code] of [
  ['a prefix too small for a zone', { prefix: parsePrefix('10.2.0.0/30') }, 'ADDRESS_OUTSIDE'],
  ['the prefix of another network', { prefix: parsePrefix('10.9.0.0/16') }, 'PREFIX_OVERLAPS'],
  ['a prefix around another network', { prefix: parsePrefix('10.0.0.0/8') }, 'PREFIX_OVERLAPS'],
  ['the outside of its proxy', { prefix: parsePrefix('203.0.113.0/24') }, 'PREFIX_OVERLAPS'],
  ['a router outside', { routers: [parseAddress('10.3.0.1')] }, 'ADDRESS_OUTSIDE'],
  ['the address of a zone for its router', { routers: [parseAddress('10.2.0.9')] }, 'ADDRESS_TAKEN'],
  ['an MTU while zones run', { mtu: 1400 }, 'IN_USE'],
  ['a name that is taken', { name: parseNetworkName('other') }, 'EXISTS'],
] as const) {
  test(`${what} is refused, and nothing is changed`, async () => {
    const fake = await hostWith('back', 'proxy');
    await createNetwork(
      networkRequest({ name: parseNetworkName('other'), prefix: parsePrefix('10.9.0.0/24') }),
      fake.host,
    );
    await createZone(memberRequest('web9', '10.2.0.9'), fake.host);
    fake.changes.splice(0);
    assert.is((await rejects(() => set(fake, wanted))).code, code);
    assert.equal(fake.changes, []);
  });
}

test('a network behind a network moves with its proxy outside staying', async () => {
  const fake = await hostWith('back', 'proxy');
  await createNetwork(
    networkRequest({ name: parseNetworkName('deep'), prefix: parsePrefix('10.4.0.0/24') }),
    fake.host,
  );
  const {
    outside: _,
    routers: __,
    ...rest
  } = proxyRequest({
    name: parseZoneName('inner'),
    routes: [parseNetworkName('deep')],
  });
  await createZone(
    { ...rest, outside: [], routers: [], networks: [{ network: back, addresses: [], bare: false }] },
    fake.host,
  );
  await set(fake, { prefix: parsePrefix('10.3.0.0/24') });
  assert.equal(
    (await linksOf(fake)).filter((line) => line.startsWith('inner')),
    ['inner znic1 back 10.3.0.2/24 by 10.3.0.1', 'inner znic2 deep 10.4.0.1/24 by'],
  );
  await inOrder(fake);
});

test('killed after any step, repair ends at all or at nothing', async () => {
  const wanted = { prefix: parsePrefix('10.3.0.0/24'), name: parseNetworkName('front') };
  const whole = await hostWith('back', 'proxy', 'web1');
  await set(whole, wanted);
  const steps = whole.changes.length;
  const ends = new Set<string>();
  const start = await linksOf(await hostWith('back', 'proxy', 'web1'));
  for (let at = 1; at <= steps; at++) {
    const fake = await hostWith('back', 'proxy', 'web1');
    const before = fake.changes.length;
    fake.killAt = before + at;
    const killed = await set(fake, wanted).then(
      () => false,
      () => true,
    );
    fake.killAt = undefined;
    await sync(fake.host);
    const end = (await linksOf(fake)).join('; ');
    ends.add(end);
    assert.ok(end === start.join('; ') || end === (await linksOf(whole)).join('; '), `at ${at}: ${end}`);
    await inOrder(fake);
    if (!killed) break;
  }
  assert.is(ends.size, 2);
});

test('what links may do follows at once from what the network becomes, where no record of a zone changes', async () => {
  const fake = await hostWith('back', 'proxy', 'web1');
  const held = () => ['znic0', 'znic1'].map((link) => fake.links.get(link)?.protection);
  const before = held();
  assert.match(before[0] ?? '', 'dhcp-nospoof');
  // A proxy that gives leases answers as a DHCP server does.
  await set(fake, { names: { by: 'dns', domain: parseDomainName('back.internal') } });
  assert.equal([held()[0], held()[1]], ['mac-nospoof,restricted', before[1]]);
  await set(fake, { names: 'none' });
  assert.equal(held(), before);
  // Of a network that is not protected they are left as they are.
  await set(fake, { isProtected: false });
  assert.equal(held(), before);
  for (const link of ['znic0', 'znic1']) Object.assign(fake.links.get(link) ?? {}, { protection: '', allowedIps: '' });
  await set(fake, { isProtected: true });
  assert.equal(held(), before);
  await inOrder(fake);
});

for (const [when, isThen] of [
  ['before it boots', (line: string) => /dladm show-linkprop .*protection/.test(line)],
  ['while it boots', (line: string) => line.startsWith('/usr/sbin/zoneadm -z web1 boot')],
] as const) {
  test(`a network that moves under a zone that is being made, ${when}: its record, its link and it itself follow`, async () => {
    const fake = await hostWith('back', 'proxy');
    let moved = false;
    const run = async (command: Command) => {
      const result = await fake.system.run(command);
      if (!moved && isThen([command.program, ...command.args].join(' '))) {
        moved = true;
        await set(fake, { prefix: parsePrefix('10.3.0.0/24'), name: parseNetworkName('front') });
      }
      return result;
    };
    const made = await createZone(memberRequest('web1'), { ...fake.host, system: { ...fake.system, run } });
    assert.ok(moved);
    assert.equal(
      made.nics.flatMap(({ addresses }) => addresses.map(formatInterfaceAddress)),
      ['10.3.0.2/24'],
    );
    assert.is((await linksOf(fake)).at(-1), 'web1 znic1 front 10.3.0.2/24 by 10.3.0.1');
    assert.is(fake.links.get('znic1')?.allowedIps, '10.3.0.2/32');
    assert.equal(await findDrift(fake.host), []);
  });
}

test.run();
