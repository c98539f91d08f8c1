// What tools of this kind have been seen to get wrong: names, numbers, and whose a thing is.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseZoneName } from '../../src/domain/names.ts';
import { createZone } from '../../src/host/create-zone.ts';
import { deleteZone } from '../../src/host/delete-zone.ts';
import { sync } from '../../src/host/sync.ts';
import type { FakeHost } from '../support/fake-host.ts';
import { hostWith, memberRequest, proxyRequest } from '../support/story.ts';

const test = suite('seen elsewhere');

const linksOf = (fake: FakeHost) => [...fake.links.keys()].sort();
const remove = (fake: FakeHost, name: string) => deleteZone(parseZoneName(name), false, fake.host);

test('names with dots, dashes, digits alone and 63 characters give links that are legal, and each its own', async () => {
  const fake = await hostWith('back', 'proxy');
  const names = ['a.b', 'axb', 'a-b', 'a_b', '7', '07', 'x'.repeat(63), `${'x'.repeat(62)}y`];
  const links: string[] = [];
  for (const name of names) {
    const { nics } = await createZone(memberRequest(name), fake.host);
    links.push(...nics.map(({ link }) => link));
  }
  assert.is(new Set(links).size, names.length);
  for (const link of links) assert.match(link, /^[a-z][a-z0-9_.]{1,29}[0-9]$/);
});

test('a zone "a.b" that is deleted takes nothing of "axb" along', async () => {
  const fake = await hostWith('back');
  await createZone(proxyRequest({ name: parseZoneName('a.b') }), fake.host);
  const { nics } = await createZone(memberRequest('axb'), fake.host);
  await createZone(memberRequest('a.bc'), fake.host);
  await remove(fake, 'a.bc');
  await remove(fake, 'axb').then(() => createZone(memberRequest('axb'), fake.host));
  const before = [fake.files.get('/etc/zonenet/zones/axb.ini'), fake.zones.get('axb')?.state];
  assert.ok(before[0]?.includes('zone = axb'));
  await createZone(memberRequest('axbc'), fake.host);
  await remove(fake, 'axbc');
  assert.equal([fake.files.get('/etc/zonenet/zones/axb.ini'), fake.zones.get('axb')?.state], before);
  assert.ok(nics.every(({ link }) => fake.links.has(link)));
});

test('numbers begin anew where they are free, and a VNIC of somebody else is neither taken nor pruned', async () => {
  const fake = await hostWith('back', 'proxy', 'web1');
  for (const name of ['web2', 'web3']) await createZone(memberRequest(name), fake.host);
  fake.links.set('znic9', { class: 'vnic', mtu: 1500, over: 'zstub0' });
  fake.links.set('znic4', { class: 'vnic', mtu: 1500, over: 'e1000g0' });
  await remove(fake, 'web2');
  const link = async (name: string) => (await createZone(memberRequest(name), fake.host)).nics.map((nic) => nic.link);
  assert.equal([await link('one'), await link('two')], [['znic2'], ['znic5']]);
  await sync(fake.host);
  for (const name of ['one', 'two', 'web1', 'web3', 'proxy']) await remove(fake, name);
  assert.equal(
    linksOf(fake).filter((name) => name.startsWith('znic')),
    ['znic4', 'znic9'],
  );
});

test('a zone that is down keeps its address and its link', async () => {
  const fake = await hostWith('back', 'proxy', 'web1');
  await fake.system.run({ program: '/usr/sbin/zoneadm', args: ['-z', 'web1', 'halt'] });
  const { nics } = await createZone(memberRequest('web2'), fake.host);
  assert.equal(
    nics.map(({ link, addresses }) => [link, addresses[0]?.address]),
    [['znic2', '10.2.0.3']],
  );
});

test.run();
