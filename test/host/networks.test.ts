// What networks take: prefixes of both families, routers, MTU, reservations.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseAddress } from '../../src/domain/address.ts';
import { parseNetworkName, parseZoneName } from '../../src/domain/names.ts';
import { formatPrefix, parsePrefix } from '../../src/domain/prefix.ts';
import { createNetwork, type NetworkRequest } from '../../src/host/create-network.ts';
import { createZone } from '../../src/host/create-zone.ts';
import { deleteNetwork, planDeleteNetworkAndZones } from '../../src/host/delete-network.ts';
import { deleteZone } from '../../src/host/delete-zone.ts';
import { planSync } from '../../src/host/sync.ts';
import { rejects } from '../support/assertions.ts';
import { createFakeHost } from '../support/fake-host.ts';
import { changes, hostWith, memberRequest, networkRequest, on } from '../support/story.ts';
import { znetadm } from '../support/znetadm.ts';

const test = suite('networks');

const request = (name: string, overrides: Partial<NetworkRequest>) => {
  const { prefix: _, ...rest } = networkRequest({ name: parseNetworkName(name) });
  return { ...rest, ...overrides };
};

test('IPv6 prefixes come from a random one that the host keeps', async () => {
  const fake = createFakeHost();
  const one = await createNetwork(request('one', { inet6: 'auto' }), fake.host);
  // The last ten digits of the first id.
  assert.equal(one.prefixes.map(formatPrefix), ['10.64.0.0/24', 'fd00:0:1::/64']);
  assert.equal(one.routers, ['10.64.0.1', 'fd00:0:1::1']);
  assert.ok(fake.files.get('/etc/zonenet/ula.ini')?.includes('prefix = fd00:0:1::/48'));
  await createNetwork(request('two', { inet6: parsePrefix('fd00:0:1:1::/64') }), fake.host);
  const three = await createNetwork(request('three', { inet6: 'auto' }), fake.host);
  assert.equal(three.prefixes.map(formatPrefix), ['10.64.2.0/24', 'fd00:0:1:2::/64']);
  for (const { name } of [one, three]) await deleteNetwork(name, fake.host);
  const four = await createNetwork(request('four', { inet6: 'auto' }), fake.host);
  assert.equal(four.prefixes.map(formatPrefix), ['10.64.0.0/24', 'fd00:0:1::/64']);
  assert.equal((await planSync(fake.host)).plan, []);
});

test('routers and MTU are as asked for', async () => {
  const fake = createFakeHost();
  const network = await createNetwork(
    request('back', {
      prefix: parsePrefix('10.2.0.0/16'),
      inet6: parsePrefix('fd00:7::/64'),
      routers: ['fd00:7::ffff', '10.2.255.254'].map(parseAddress),
      mtu: 9000,
    }),
    fake.host,
  );
  assert.equal([network.routers, network.mtu], [['10.2.255.254', 'fd00:7::ffff'], 9000]);
});

for (const prefix of ['10.0.0.0/8', '172.16.0.0/12', '10.2.0.0/23', '10.2.0.4/30']) {
  test(`${prefix} can be a network`, async () => {
    const network = await createNetwork(request('back', { prefix: parsePrefix(prefix) }), createFakeHost().host);
    assert.equal(network.prefixes.map(formatPrefix), [prefix]);
  });
}

test('a network does not take a zone along that is on others too, nor those behind it', async () => {
  const fake = await hostWith('back', 'proxy', 'web1');
  const inner = await createNetwork(request('inner', { prefix: parsePrefix('10.3.0.0/24') }), fake.host);
  const nested = { routes: [inner.name], networks: [on('back')] };
  await createZone(memberRequest('deep', undefined, nested), fake.host);
  await createZone(memberRequest('leaf', undefined, { networks: [on('inner')] }), fake.host);
  for (const [network, other, ...commands] of [
    ['back', 'inner', 'delete-zone leaf', 'delete-zone deep', 'delete-zone web1', 'delete-zone proxy'],
    ['inner', 'back', 'delete-zone leaf', 'detach-zone -N inner deep'],
  ] as const) {
    const error = await rejects(() => planDeleteNetworkAndZones(parseNetworkName(network), fake.host));
    assert.is(error.code, 'IN_USE');
    assert.ok(error.message.endsWith(`: zone "deep" is on ${other} too`), error.message);
    assert.equal(
      error.hint?.split('\n').map((line) => line.replace(/^.* {3}znetadm /, '')),
      commands,
    );
  }
  await deleteZone(parseZoneName('deep'), true, fake.host);
  const { zones } = await planDeleteNetworkAndZones(parseNetworkName('back'), fake.host);
  assert.equal(
    zones.map(({ record }) => record.name),
    ['web1', 'proxy'],
  );
});

test('who gives a prefix that is taken is told what is free, and of leaving it out only where that helps', async () => {
  const fake = await hostWith('back');
  await createNetwork(request('inner', { prefix: parsePrefix('10.3.0.0/24') }), fake.host);
  const free = 'free in the pool 10.64.0.0/10: 10.64.0.0/24 and on';
  const ofCreate = await rejects(() => znetadm('create-network -a 10.2.0.0/16 more', fake.host));
  assert.is(ofCreate.hint, `${free}; leave out -a to take the next`);
  const ofSet = await rejects(() => znetadm('set-network -a 10.2.0.0/16 inner', fake.host));
  assert.is(ofSet.hint, free);
});

test('what somebody else made is not deleted with a network, and nothing else is either', async () => {
  const fake = await hostWith('back', 'proxy', 'web1');
  const config = ['create -b', 'set zonepath=/zones/mail', 'set brand=ipkg', 'set ip-type=exclusive'];
  fake.zones.set('mail', { state: 'installed', config, generation: 0 });
  await znetadm('attach-zone -N back mail', fake.host);
  changes(fake);
  for (const line of ['delete-network -r back', 'delete-network -n -r back', 'delete-zone -r proxy']) {
    const error = await rejects(() => znetadm(line, fake.host));
    assert.is(error.code, 'NOT_OURS', line);
    assert.match(error.hint ?? '', /znetadm detach-zone mail$/);
  }
  for (const [line, last] of [
    ['delete-network back', 'znetadm delete-zone proxy'],
    ['delete-zone proxy', 'znetadm delete-zone web1'],
  ] as const) {
    const hint = (await rejects(() => znetadm(line, fake.host))).hint ?? '';
    assert.match(hint, /znetadm detach-zone mail\n/);
    assert.ok(hint.endsWith(last), hint);
  }
  assert.equal(changes(fake), []);
});

test.run();
