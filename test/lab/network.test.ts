// A hidden network by hand, in real zones: what zoneadm, dladm, ipadm and route do together.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { LabHandle } from './lab.ts';
import { startLab } from './lab.ts';

const test = suite<{ lab: LabHandle }>('network');

const ZONES = {
  proxy: ['pnic0', 'znic0'],
  web1: ['znic1'],
};

async function configure(lab: LabHandle, zone: string, links: readonly string[]): Promise<void> {
  const nets = links.map((link) => `add net; set physical=${link}; end;`).join(' ');
  const text = `create -b; set zonepath=/zones/${zone}; set brand=ipkg; set ip-type=exclusive; ${nets} commit`;
  await lab.mustRun(['zonecfg', '-z', zone, text]);
  await lab.mustRun(['zoneadm', '-z', zone, 'install']);
  await lab.mustRun(['zoneadm', '-z', zone, 'boot']);
  await lab.settled(zone);
}

test.before.each(async (context) => {
  const lab = await startLab();
  context.lab = lab;
  await lab.mustRun('dladm create-etherstub zstub0 && dladm create-vnic -l zstub0 znic0');
  await lab.mustRun('dladm create-vnic -l zstub0 znic1 && dladm create-vnic -l e1000g0 pnic0');
  await lab.mustRun('mkdir -p /zones && chmod 700 /zones');
  for (const [zone, links] of Object.entries(ZONES)) await configure(lab, zone, links);
});

test.after.each(({ lab }) => lab.stop());

const MEMBER = 'ipadm create-addr -t -T static -a 10.2.0.2/24 znic1/v4 && route -n add default 10.2.0.1';
const PROXY = [
  'ipadm create-addr -t -T static -a 10.2.0.1/24 znic0/v4',
  'ipadm create-addr -t -T static -a 203.0.113.5/24 pnic0/v4',
  'ipadm set-prop -t -p forwarding=on ipv4',
].join(' && ');

test('reaches through the proxy while it forwards, and a reboot forgets all of it', async ({ lab }) => {
  await lab.mustRun(PROXY, { zone: 'proxy' });
  await lab.mustRun(MEMBER, { zone: 'web1' });
  assert.is((await lab.run('ping -n -c 1 -W 1 203.0.113.5', { zone: 'web1' })).status, 0);
  const dump = (await lab.dump())['ip'] as Record<string, { addresses: unknown; routes: unknown }>;
  assert.equal(dump['web1']?.routes, [{ to: '0.0.0.0/0', by: '10.2.0.1', on: 'znic1' }]);
  await lab.mustRun(['zoneadm', '-z', 'web1', 'reboot']);
  await lab.settled('web1');
  const shown = await lab.mustRun(['ipadm', 'show-addr', '-p', '-o', 'addrobj,state'], { zone: 'web1' });
  assert.is(shown, 'lo0/v4:ok\nlo0/v6:ok\n');
});

test('brings recorded addresses back at boot, until the zone is uninstalled', async ({ lab }) => {
  await lab.mustRun(MEMBER.replace('-t ', ''), { zone: 'web1' });
  await lab.mustRun(['zoneadm', '-z', 'web1', 'reboot']);
  await lab.settled('web1');
  const show = () => lab.mustRun(['ipadm', 'show-addr', '-p', '-o', 'addrobj,state,addr'], { zone: 'web1' });
  assert.is(await show(), 'lo0/v4:ok:127.0.0.1/8\nznic1/v4:ok:10.2.0.2/24\nlo0/v6:ok:\\:\\:1/128\n');
  await lab.mustRun('zoneadm -z web1 halt && zoneadm -z web1 uninstall -F && zoneadm -z web1 install');
  await lab.mustRun(['zoneadm', '-z', 'web1', 'boot']);
  await lab.settled('web1');
  assert.is(await show(), 'lo0/v4:ok:127.0.0.1/8\nlo0/v6:ok:\\:\\:1/128\n');
});

test('keeps in.routed off once that was chosen by hand', async ({ lab }) => {
  const state = async () =>
    (await lab.mustRun(['svcs', '-H', '-o', 'state', 'svc:/network/routing/route:default'], { zone: 'web1' })).trim();
  assert.is(await state(), 'online');
  await lab.mustRun(['routeadm', '-d', 'ipv4-routing', '-u'], { zone: 'web1' });
  assert.is(await state(), 'disabled');
  await lab.mustRun(['zoneadm', '-z', 'web1', 'reboot']);
  await lab.settled('web1');
  assert.is(await state(), 'disabled');
});

test.run();
