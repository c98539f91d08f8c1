// What zones are told of names, and of the leases of zones that cannot run our method.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { readNameService } from '../../src/domain/name-service.ts';
import { parseNetworkName, parseZoneName } from '../../src/domain/names.ts';
import { createNetwork } from '../../src/host/create-network.ts';
import { createZone } from '../../src/host/create-zone.ts';
import { deleteZone } from '../../src/host/delete-zone.ts';
import { planSync } from '../../src/host/sync.ts';
import { rejects } from '../support/assertions.ts';
import { createFakeHost, type FakeHost } from '../support/fake-host.ts';
import { memberRequest, networkRequest, proxyRequest } from '../support/story.ts';

const test = suite('names of zones');

async function hostNaming(how: string): Promise<FakeHost> {
  const fake = createFakeHost();
  const names = readNameService(how, parseNetworkName('back'));
  await createNetwork(networkRequest(names === undefined ? {} : { names }), fake.host);
  await createZone(proxyRequest(), fake.host);
  return fake;
}

const metadata = (fake: FakeHost, zone: string) => fake.files.get(`/var/zonenet/zones/${zone}/metadata.ini`) ?? '';
const generation = (fake: FakeHost, zone: string) => Number(/^generation = (\d+)$/m.exec(metadata(fake, zone))?.[1]);

test('with DNS a member asks its proxy, which is told the domain; siblings are not told of each other', async () => {
  const fake = await hostNaming('dns');
  await createZone(memberRequest('web1'), fake.host);
  const before = generation(fake, 'web1');
  await createZone(memberRequest('web2'), fake.host);
  assert.match(metadata(fake, 'proxy'), '[network.back]\nprefix[] = 10.2.0.0/24\ndomain = back.internal\n');
  assert.match(metadata(fake, 'web1'), '[resolver]\nnameserver[] = 10.2.0.1\ndomain = back.internal\n');
  assert.not.match(metadata(fake, 'web2'), 'sibling');
  assert.is(generation(fake, 'web1'), before);
  assert.equal(await planSync(fake.host), { plan: [], faults: [] });
});

test('with hosts every zone of the network knows the others, those that come and those that go', async () => {
  const fake = await hostNaming('hosts');
  await createZone(memberRequest('web1'), fake.host);
  await createZone(memberRequest('web2'), fake.host);
  assert.match(metadata(fake, 'web1'), '[sibling.proxy]\naddress[] = 10.2.0.1\n');
  assert.match(metadata(fake, 'web1'), '[sibling.web2]\naddress[] = 10.2.0.3\n');
  assert.match(metadata(fake, 'web2'), '[sibling.web1]\naddress[] = 10.2.0.2\n');
  assert.not.match(metadata(fake, 'web1'), 'sibling.web1');
  assert.not.match(metadata(fake, 'proxy'), 'sibling');
  assert.equal(await planSync(fake.host), { plan: [], faults: [] });
  await deleteZone(parseZoneName('web2'), false, fake.host);
  assert.not.match(metadata(fake, 'web1'), 'web2');
  assert.equal(await planSync(fake.host), { plan: [], faults: [] });
});

test('without names nobody is told of anybody', async () => {
  const fake = await hostNaming('none');
  await createZone(memberRequest('web1'), fake.host);
  await createZone(memberRequest('web2'), fake.host);
  assert.not.match(metadata(fake, 'web1'), 'sibling');
  assert.not.match(metadata(fake, 'proxy'), 'domain');
});

test('a guest has an Ethernet address of its own, and its proxy a lease for it', async () => {
  const fake = await hostNaming('dns');
  const record = await createZone(memberRequest('guest', undefined, { brand: 'bhyve' }), fake.host);
  const [nic] = record.nics;
  assert.match(nic?.mac ?? '', /^02:08:20(:[0-9a-f]{2}){3}$/);
  assert.ok(fake.changes.includes(`/usr/sbin/dladm create-vnic -l zstub0 -m ${nic?.mac} znic1`));
  assert.match(metadata(fake, 'proxy'), `[member.guest]\naddress[] = 10.2.0.2\nlease[] = ${nic?.mac} 10.2.0.2\n`);
  assert.equal(await planSync(fake.host), { plan: [], faults: [] });
});

test('without DNS a guest has no lease', async () => {
  const fake = await hostNaming('hosts');
  await createZone(memberRequest('guest', undefined, { brand: 'lx' }), fake.host);
  assert.not.match(metadata(fake, 'proxy'), 'lease');
});

for (const [zone, code] of [
  ['WEB1', 'EXISTS'],
  ['web.', 'NAME_INVALID'],
  ['a..b', 'NAME_INVALID'],
] as const) {
  test(`a zone "${zone}" beside web1 is refused where names are in DNS, and only there`, async () => {
    const fake = await hostNaming('dns');
    await createZone(memberRequest('web1'), fake.host);
    assert.is((await rejects(() => createZone(memberRequest(zone), fake.host))).code, code);
    const other = await hostNaming('hosts');
    await createZone(memberRequest('web1'), other.host);
    await createZone(memberRequest(zone), other.host);
  });
}

test('a proxy that gives leases may answer for others', async () => {
  const types = async (how: string) =>
    (await hostNaming(how)).changes.filter((change) => /protection=.*znic0$/.test(change));
  assert.equal(await types('dns'), ['/usr/sbin/dladm set-linkprop -t -p protection=mac-nospoof,restricted znic0']);
  assert.equal(await types('none'), [
    '/usr/sbin/dladm set-linkprop -t -p protection=mac-nospoof,restricted,dhcp-nospoof znic0',
  ]);
});

test.run();
