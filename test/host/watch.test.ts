import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseNetworkName } from '../../src/domain/names.ts';
import { parsePrefix } from '../../src/domain/prefix.ts';
import { setNetwork } from '../../src/host/set-network.ts';
import { createWatch } from '../../src/host/watch.ts';
import type { FakeHost } from '../support/fake-host.ts';
import { changes, hostWith } from '../support/story.ts';

const test = suite('watch');

const ALL = 'mac-nospoof,restricted,ip-nospoof,dhcp-nospoof';
const reboot = (fake: FakeHost, zone: string) =>
  fake.system.run({ program: '/usr/sbin/zoneadm', args: ['-z', zone, 'reboot'] });

test('a zone has protected links from its first boot on', async () => {
  const fake = await hostWith('back', 'proxy', 'web1');
  assert.equal(
    [...fake.links].map(([name, { protection, allowedIps }]) => [name, protection, allowedIps]),
    [
      ['e1000g0', undefined, undefined],
      ['zstub0', undefined, undefined],
      ['pnic0', 'mac-nospoof,restricted', undefined],
      ['znic0', 'mac-nospoof,restricted,dhcp-nospoof', undefined],
      ['znic1', ALL, '10.2.0.2/32'],
    ],
  );
});

test('a first look at a host in order changes nothing', async () => {
  const fake = await hostWith('back', 'proxy', 'web1');
  assert.is(await createWatch(fake.host).look(), 2);
  assert.equal(changes(fake), []);
  assert.equal(fake.log, []);
});

test('a zone that booted again is protected again, and only it is', async () => {
  const fake = await hostWith('back', 'proxy', 'web1');
  const watch = createWatch(fake.host);
  await watch.look();
  await reboot(fake, 'web1');
  assert.is(fake.links.get('znic1')?.protection, undefined);
  changes(fake);
  await watch.look();
  assert.equal(changes(fake), [
    'dladm set-linkprop -t -p allowed-ips=10.2.0.2/32 znic1',
    `dladm set-linkprop -t -p protection=${ALL} znic1`,
  ]);
  assert.equal(fake.log, ['zone web1: links are protected again: znic1']);
  await watch.look();
  assert.equal(changes(fake), []);
});

test('a new watch takes up what happened while none ran', async () => {
  const fake = await hostWith('back', 'proxy', 'web1');
  await reboot(fake, 'web1');
  await reboot(fake, 'proxy');
  changes(fake);
  await createWatch(fake.host).look();
  assert.is(changes(fake).length, 4);
  assert.is(fake.links.get('znic1')?.protection, ALL);
});

test('what goes without a boot is put back by the slow pass', async () => {
  const fake = await hostWith('back', 'proxy', 'web1');
  const watch = createWatch(fake.host);
  await watch.look();
  delete fake.links.get('znic1')?.protection;
  await watch.look();
  assert.equal(changes(fake), []);
  await fake.system.sleep(300_000);
  await watch.look();
  assert.equal(changes(fake), [`dladm set-linkprop -t -p protection=${ALL} znic1`]);
});

test('a zone that another command works on has its turn later', async () => {
  const fake = await hostWith('back', 'proxy', 'web1');
  const watch = createWatch(fake.host);
  await watch.look();
  await reboot(fake, 'web1');
  const release = await fake.host.lock('zone.web1');
  changes(fake);
  await watch.look();
  assert.equal(changes(fake), []);
  await release();
  await watch.look();
  assert.is(changes(fake).length, 2);
  assert.is(fake.locks.size, 0);
});

test('a zone whose address changes between the look and the protection is held to the new one', async () => {
  const fake = await hostWith('back', 'proxy', 'web1');
  const watch = createWatch(fake.host);
  await watch.look();
  await reboot(fake, 'web1');
  const { run } = fake.system;
  fake.system.run = async (command) => {
    const answer = await run(command);
    if (!command.args.includes('protection,allowed-ips,zone')) return answer;
    fake.system.run = run;
    const change = { prefix: parsePrefix('10.9.0.0/24'), routers: [], vars: {}, unset: [] };
    await setNetwork(parseNetworkName('back'), change, fake.host);
    return answer;
  };
  await watch.look();
  assert.is(fake.links.get('znic1')?.allowedIps, '10.9.0.2/32');
  assert.is(fake.links.get('znic1')?.protection, ALL);
});

test('a zone of others is left alone', async () => {
  const fake = await hostWith('back');
  fake.links.set('mine0', { class: 'vnic', mtu: 1500, over: 'e1000g0' });
  fake.zones.set('mail', { state: 'running', id: 77, config: ['set physical="mine0"'], generation: 0 });
  await createWatch(fake.host).look();
  assert.equal(changes(fake), []);
});

test("another's link of a recorded name is left alone", async () => {
  const fake = await hostWith('back', 'proxy', 'web1');
  fake.links.set('znic1', { class: 'vnic', mtu: 1500, over: 'e1000g0' });
  await createWatch(fake.host).look();
  assert.equal(changes(fake), []);
});

test('a burst is one look at the links', async () => {
  const fake = await hostWith('back', 'proxy', 'web1', 'db1');
  const watch = createWatch(fake.host);
  await watch.look();
  for (const zone of ['proxy', 'web1', 'db1']) await reboot(fake, zone);
  let asked = 0;
  const { run } = fake.system;
  fake.system.run = async (command) => {
    if (command.args[0] === 'show-linkprop') asked += 1;
    return await run(command);
  };
  await watch.look();
  assert.is(asked, 1);
  assert.is(fake.log.length, 3);
});

test('a zone and its router that missed a refresh are told once more', async () => {
  const fake = await hostWith('back', 'proxy', 'web1');
  const watch = createWatch(fake.host);
  await watch.look();
  const proxy = fake.zones.get('proxy');
  assert.ok(proxy !== undefined);
  proxy.generation = 1;
  await watch.look();
  assert.equal(changes(fake), []);
  await reboot(fake, 'web1');
  changes(fake);
  await watch.look();
  assert.ok(changes(fake).includes('svcadm -z proxy refresh svc:/network/zonenet:default'));
  assert.is(fake.log.at(-1), 'zone proxy applied generation 1 of 2: told to read it again');
  assert.is(proxy.generation, 2);
});

test('a zone that comes up slowly is waited for, and one that does not come up is told once', async () => {
  const fake = await hostWith('back', 'proxy', 'web1');
  const watch = createWatch(fake.host);
  await watch.look();
  await reboot(fake, 'web1');
  const asked = '/usr/bin/svcs -z web1';
  const stdout = 'offline        svc:/network/zonenet:default\n';
  fake.answers.set(asked, { status: 0, timedOut: false, stdout, stderr: '' });
  const complaints = async () => {
    await watch.look();
    return fake.log.filter((line) => line.includes('did not set up')).length;
  };
  assert.equal([await complaints(), await complaints()], [0, 0]);
  // Two slow passes are between, which begin nothing anew.
  for (const wanted of [0, 1, 1, 1]) {
    await fake.system.sleep(150_500);
    assert.equal([await complaints(), await complaints()], [wanted, wanted]);
  }
  await reboot(fake, 'web1');
  await fake.host.system.sleep(299_000);
  assert.is(await complaints(), 1);
  await fake.system.sleep(301_000);
  assert.is(await complaints(), 2);
});

test('what fails is logged once, and the rest is done', async () => {
  const fake = await hostWith('back', 'proxy', 'web1', 'db1');
  const watch = createWatch(fake.host);
  await watch.look();
  for (const zone of ['web1', 'db1']) await reboot(fake, zone);
  changes(fake);
  const failed = { status: 1, timedOut: false, stdout: '', stderr: 'dladm: warning: cannot set\n' };
  fake.answers.set('/usr/sbin/dladm set-linkprop -t -p allowed-ips=10.2.0.2/32', failed);
  await watch.look();
  assert.is(fake.links.get('znic2')?.protection, ALL);
  assert.is(fake.log.filter((line) => line.includes('cannot set')).length, 1);
  fake.answers.set('/usr/sbin/zoneadm list', failed);
  await watch.look();
  await watch.look();
  assert.is(fake.log.filter((line) => line.includes('zoneadm list')).length, 1);
});

test('settings turn protection off, and set the time between looks', async () => {
  const fake = await hostWith('back', 'proxy', 'web1');
  await reboot(fake, 'web1');
  changes(fake);
  fake.files.set('/etc/zonenet/zonenet.ini', 'format = 1\nprotection = no\nwatch-seconds = 7\n');
  assert.is(await createWatch(fake.host).look(), 7);
  assert.equal(changes(fake), []);
});

test.run();
