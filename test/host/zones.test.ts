// The story on a host that remembers: what is made, that a second plan is empty, and that nothing is left.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseNetworkName, parseZoneName } from '../../src/domain/names.ts';
import { createZone, planCreateZones } from '../../src/host/create-zone.ts';
import { deleteNetwork } from '../../src/host/delete-network.ts';
import { deleteZone, planDeleteZone, removalPlan } from '../../src/host/delete-zone.ts';
import { planOfCreations } from '../../src/host/plan-zones.ts';
import { planSync, sync } from '../../src/host/sync.ts';
import { parseMetadata } from '../../src/ini/metadata.ts';
import { createFakeHost, type FakeHost } from '../support/fake-host.ts';
import { hostWith, memberRequest, proxyRequest } from '../support/story.ts';

const test = suite('zones of a host');

const metadataOf = (fake: FakeHost, zone: string) =>
  parseMetadata(fake.files.get(`/var/zonenet/zones/${zone}/metadata.ini`) ?? '', zone);

test('a proxy gets a link outside and one inside, and is booted when all of it is there', async () => {
  const fake = await hostWith('back');
  const record = await createZone(proxyRequest(), fake.host);
  assert.equal(
    record.nics.map(({ link, over, side, addresses, routers, mtu }) => [
      link,
      over,
      side,
      addresses[0]?.address,
      routers,
      mtu,
    ]),
    [
      ['pnic0', 'e1000g0', 'outside', '203.0.113.5', ['203.0.113.1'], 1500],
      ['znic0', 'zstub0', 'inside', '10.2.0.1', [], 1500],
    ],
  );
  // The configuration is made beside the links.
  const config = '/usr/sbin/zonecfg -z proxy -f /var/run/zonenet/proxy.zonecfg';
  const changes = fake.changes.filter((change) => change.startsWith('/'));
  assert.ok([0, 1, 2, 3].includes(changes.indexOf(config)), changes.join('\n'));
  assert.equal(
    changes.filter((change) => change !== config),
    [
      '/usr/sbin/dladm create-vnic -l e1000g0 pnic0',
      '/usr/sbin/dladm create-vnic -l zstub0 znic0',
      '/usr/sbin/dladm set-linkprop -p mtu=1500 znic0',
      '/usr/sbin/zoneadm -z proxy install',
      '/usr/sbin/svccfg import /opt/zonenet/smf-manifests/zonenet.xml',
      '/usr/sbin/svccfg import /opt/zonenet/smf-manifests/zonenet-ipv6.xml',
      '/usr/sbin/svccfg import /opt/zonenet/smf-manifests/zonenet-forwarding.xml',
      '/usr/sbin/svccfg import /opt/zonenet/smf-manifests/zonenet-names.xml',
      '/usr/sbin/svccfg import /opt/zonenet/smf-manifests/zonenet-web.xml',
      '/usr/sbin/dladm set-linkprop -t -p protection=mac-nospoof,restricted pnic0',
      '/usr/sbin/dladm set-linkprop -t -p protection=mac-nospoof,restricted,dhcp-nospoof znic0',
      '/usr/sbin/zoneadm -z proxy boot',
    ],
  );
});

test('a member takes the lowest free address, and the proxy is told of it', async () => {
  const fake = await hostWith('back', 'proxy', 'web1');
  assert.is(metadataOf(fake, 'proxy').generation, 2);
  const record = await createZone(memberRequest('db1'), fake.host);
  assert.equal(
    record.nics.map(({ link, addresses, routers }) => [link, addresses[0]?.address, routers]),
    [['znic2', '10.2.0.3', ['10.2.0.1']]],
  );
  const { generation, members } = metadataOf(fake, 'proxy');
  assert.equal(
    [generation, members],
    [
      3,
      [
        { zone: 'db1', addresses: ['10.2.0.3'], leases: [] },
        { zone: 'web1', addresses: ['10.2.0.2'], leases: [] },
      ],
    ],
  );
  assert.ok(fake.changes.includes('/usr/sbin/svcadm -z proxy refresh svc:/network/zonenet:default'));
  assert.is(fake.zones.get('proxy')?.generation, 3);
});

test('the configuration says whose the zone is, and mounts metadata and software read-only', async () => {
  const fake = await hostWith('back', 'web1');
  assert.equal(fake.zones.get('web1')?.config, [
    'add attr',
    'set name="zonenet-id"',
    'set type="string"',
    'set value="00000000-0000-4000-8000-000000000001"',
    'end',
    'set brand="ipkg"',
    'set zonepath="/zones/web1"',
    'set autoboot=true',
    'set ip-type=exclusive',
    'add fs',
    'set dir="/etc/zonenet/host"',
    'set special="/var/zonenet/zones/web1"',
    'set type="lofs"',
    'add options [ro,nodevices]',
    'end',
    'add fs',
    'set dir="/opt/zonenet"',
    'set special="/opt/zonenet"',
    'set type="lofs"',
    'add options [ro,nodevices]',
    'end',
    'add net',
    'set physical="znic0"',
    'end',
    'add attr',
    'set name="zonenet-role"',
    'set type="string"',
    'set value="member"',
    'end',
  ]);
});

test('what was created needs no sync, and sync changes nothing', async () => {
  const fake = await hostWith('back', 'proxy', 'web1', 'db1');
  assert.equal(await planSync(fake.host), { plan: [], faults: [] });
  await sync(fake.host);
  assert.equal(fake.changes, []);
});

test('a dry run changes nothing', async () => {
  const fake = await hostWith('back', 'proxy', 'web1');
  const plan = await planOfCreations(await planCreateZones([memberRequest('db1')], fake.host));
  assert.equal(
    plan.map(({ sign, about, what, note }) => `${sign} ${about} ${what} | ${note}`),
    [
      '+ record /etc/zonenet/zones/db1.ini | db1 takes 10.2.0.3, znic2',
      '+ link /usr/sbin/dladm create-vnic -l zstub0 znic2 | znic2 is missing',
      '+ link /usr/sbin/dladm set-linkprop -p mtu=1500 znic2 | a VNIC over zstub0 starts at 9000',
      '+ zone /usr/sbin/zonecfg -z db1 -f (30 lines, -v shows them) | ',
      '+ metadata /var/zonenet/zones/db1/metadata.ini | generation 1',
      '~ metadata /var/zonenet/zones/proxy/metadata.ini | generation 2 → 3: member db1',
      '~ refresh /usr/sbin/svcadm -z proxy refresh svc:/network/zonenet:default | ',
      '+ zone /usr/sbin/zoneadm -z db1 install | ',
      '+ service SVCCFG_REPOSITORY=/zones/db1/root/etc/svc/repository.db /usr/sbin/svccfg import /opt/zonenet/smf-manifests/zonenet.xml | before the first boot',
      '+ service SVCCFG_REPOSITORY=/zones/db1/root/etc/svc/repository.db /usr/sbin/svccfg import /opt/zonenet/smf-manifests/zonenet-ipv6.xml | before the first boot',
      '+ service SVCCFG_REPOSITORY=/zones/db1/root/etc/svc/repository.db /usr/sbin/svccfg import /opt/zonenet/smf-manifests/zonenet-forwarding.xml | before the first boot',
      '+ service SVCCFG_REPOSITORY=/zones/db1/root/etc/svc/repository.db /usr/sbin/svccfg import /opt/zonenet/smf-manifests/zonenet-names.xml | before the first boot',
      '~ link /usr/sbin/dladm set-linkprop -t -p allowed-ips=10.2.0.3/32 znic2 | znic2 may send anything',
      '~ link /usr/sbin/dladm set-linkprop -t -p protection=mac-nospoof,restricted,ip-nospoof,dhcp-nospoof znic2 | znic2 may send anything',
      '+ boot /usr/sbin/zoneadm -z db1 boot | ',
    ],
  );
  const removals = await planDeleteZone(parseZoneName('proxy'), true, fake.host);
  assert.equal(
    removals.map(({ record }) => record.name),
    ['web1', 'proxy'],
  );
  assert.ok(removals.flatMap(removalPlan).length > 10);
  assert.equal(fake.changes, []);
});

test('a zone that is not to boot stays installed', async () => {
  const fake = await hostWith('back');
  const record = await createZone({ ...memberRequest('web1'), boot: false }, fake.host);
  assert.is(record.state, 'ready');
  assert.is(fake.zones.get('web1')?.state, 'installed');
  assert.equal((await planSync(fake.host)).plan, []);
});

test('deleting everything leaves the host as it was', async () => {
  const before = createFakeHost().snapshot();
  const fake = await hostWith('back', 'proxy', 'web1', 'db1');
  assert.equal(await deleteZone(parseZoneName('proxy'), true, fake.host), ['db1', 'web1', 'proxy']);
  await deleteNetwork(parseNetworkName('back'), fake.host);
  assert.equal(fake.snapshot(), before);
  assert.is(fake.locks.size, 0);
});

test('deleting a member tells the proxy and keeps the others', async () => {
  const fake = await hostWith('back', 'proxy', 'web1', 'db1');
  await deleteZone(parseZoneName('web1'), false, fake.host);
  const { generation, members } = metadataOf(fake, 'proxy');
  assert.equal([generation, members.map(({ zone }) => zone)], [4, ['db1']]);
  assert.equal((await planSync(fake.host)).plan, []);
  // Its address and link are free again, and are the lowest.
  const again = await createZone(memberRequest('web2'), fake.host);
  assert.equal([again.nics[0]?.link, again.nics[0]?.addresses[0]?.address], ['znic1', '10.2.0.2']);
});

test('deleting tolerates what is gone already', async () => {
  const fake = await hostWith('back', 'web1');
  fake.zones.delete('web1');
  fake.links.delete('znic0');
  fake.files.delete('/var/zonenet/zones/web1/metadata.ini');
  await deleteZone(parseZoneName('web1'), false, fake.host);
  assert.not(fake.files.has('/etc/zonenet/zones/web1.ini'));
});

test('a link of the same name that is over another one is left alone', async () => {
  const fake = await hostWith('back', 'web1');
  fake.zones.delete('web1');
  fake.links.set('znic0', { class: 'vnic', mtu: 1500, over: 'e1000g0' });
  await deleteZone(parseZoneName('web1'), false, fake.host);
  assert.ok(fake.links.has('znic0'));
});

test.run();
