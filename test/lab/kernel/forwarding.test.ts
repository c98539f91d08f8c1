import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ipadm } from '../commands/ipadm.ts';
import { route } from '../commands/route.ts';
import type { Zone } from '../daemon/state.ts';
import { type BareLab, startBareLab } from '../support/bare-lab.ts';

const test = suite<{ bare: BareLab; zones: Record<'proxy' | 'member' | 'far', Zone> }>('forwarding');

/** far -- front0 -- [proxy] -- back0 -- member */
test.before.each(async (context) => {
  const bare = await startBareLab();
  const { lab } = bare;
  for (const name of ['front0', 'back0']) {
    await lab.links.add({ name, class: 'etherstub', active: true, persistent: true, mtu: 9000 });
  }
  const zones = { proxy: await bare.zone('proxy'), member: await bare.zone('member'), far: await bare.zone('far') };
  const links: [keyof typeof zones, string, string, string][] = [
    ['proxy', 'pnic0', 'front0', '10.1.0.1/24'],
    ['proxy', 'znic0', 'back0', '10.2.0.1/24'],
    ['member', 'znic1', 'back0', '10.2.0.2/24'],
    ['far', 'fnic0', 'front0', '10.1.0.2/24'],
  ];
  for (const [name, link, over, address] of links) {
    const vnic = { name: link, class: 'vnic', over, active: true, persistent: true, mtu: 9000 } as const;
    await lab.links.lend(await lab.links.add(vnic), zones[name]);
    await bare.run(zones[name], ipadm, 'create-addr', '-t', '-T', 'static', '-a', address, `${link}/v4`);
  }
  await bare.run(zones.member, route, '-n', 'add', 'default', '10.2.0.1');
  await bare.run(zones.far, route, '-n', 'add', 'default', '10.1.0.1');
  context.bare = bare;
  context.zones = zones;
});

test.after.each(async ({ bare }) => bare.stop());

type Context = { bare: BareLab; zones: Record<'proxy' | 'member' | 'far', Zone> };

async function reaches({ bare, zones }: Context): Promise<boolean> {
  const argv = ['ping', '-n', '-c', '1', '-W', '0.3', '-i', '0.2', '10.1.0.2'];
  return (await bare.lab.kernel.exec(zones.member.netns ?? '', argv)).status === 0;
}

/** Echo requests that "far" has received: a ping that is not answered may have arrived all the same. */
async function echoesAt({ bare, zones }: Context): Promise<number> {
  const { stdout } = await bare.lab.kernel.exec(zones.far.netns ?? '', ['cat', '/proc/net/snmp']);
  const [names = [], values = []] = [...stdout.matchAll(/^Icmp: (.*)$/gm)].map(([, line = '']) => line.split(' '));
  return Number(values[names.indexOf('InEchos')]);
}

async function set({ bare, zones }: Context, ...words: string[]): Promise<void> {
  const result = await bare.run(zones.proxy, ipadm, ...words);
  assert.equal(result, { status: 0, stdout: '', stderr: '' });
}

test('needs the ROUTER flag on both interfaces', async (context) => {
  assert.is(await reaches(context), false);
  await set(context, 'set-ifprop', '-t', '-p', 'forwarding=on', '-m', 'ipv4', 'pnic0');
  assert.is(await reaches(context), false);
  await set(context, 'set-ifprop', '-t', '-p', 'forwarding=on', '-m', 'ipv4', 'znic0');
  assert.is(await reaches(context), true);
  const arrived = await echoesAt(context);
  assert.ok(arrived > 0);
  await set(context, 'reset-ifprop', '-t', '-p', 'forwarding', '-m', 'ipv4', 'pnic0');
  assert.is(await reaches(context), false);
  assert.is(await echoesAt(context), arrived, 'what comes in by a router interface leaves by another that is none');
});

test('is set for the other family without effect on this one', async (context) => {
  await set(context, 'set-prop', '-t', '-p', 'forwarding=on', 'ipv6');
  assert.is(await reaches(context), false);
});

test('is set for all interfaces by the global property, but not for protected ones', async (context) => {
  await set(context, 'set-prop', '-t', '-p', 'forwarding=on', 'ipv4');
  assert.is(await reaches(context), true);
  await set(context, 'set-prop', '-t', '-p', 'forwarding=off', 'ipv4');
  assert.is(await reaches(context), false);
  const link = context.bare.lab.links.find(context.zones.proxy, 'pnic0');
  link?.properties.set('allowed-ips', { active: '10.1.0.1/32' });
  await set(context, 'set-prop', '-t', '-p', 'forwarding=on', 'ipv4');
  assert.is(await reaches(context), false);
});

test('is the default of interfaces that are plumbed later', async (context) => {
  const { bare, zones } = context;
  await set(context, 'delete-if', 'znic0');
  await set(context, 'set-prop', '-t', '-p', 'forwarding=on', 'ipv4');
  await set(context, 'create-addr', '-t', '-T', 'static', '-a', '10.2.0.1/24', 'znic0/v4');
  assert.is(await reaches(context), true);
  const shown = await bare.run(
    zones.proxy,
    ipadm,
    'show-ifprop',
    '-c',
    '-o',
    'ifname,current',
    '-p',
    'forwarding',
    '-m',
    'ipv4',
  );
  assert.is(shown.stdout, 'pnic0:on\nznic0:on\n');
});

test('comes back at a reboot only when it was recorded', async (context) => {
  const { bare, zones } = context;
  const state = async () =>
    (await bare.run(zones.proxy, ipadm, 'show-prop', '-c', '-o', 'current,persistent', '-p', 'forwarding', 'ipv4'))
      .stdout;
  await set(context, 'set-prop', '-t', '-p', 'forwarding=on', 'ipv4');
  assert.is(await state(), 'on:\n');
  await bare.reboot(zones.proxy);
  assert.is(await state(), 'off:\n');
  await set(context, 'set-prop', '-p', 'forwarding=on', 'ipv4');
  await bare.reboot(zones.proxy);
  assert.is(await state(), 'on:on\n');
  await set(context, 'reset-prop', '-p', 'forwarding', 'ipv4');
  assert.is(await state(), 'off:\n');
});

test.run();
