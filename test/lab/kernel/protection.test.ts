// Link protection under real zones: what it does to routers, leases, servers and reboots (§8.1, §8.2).
// links.test.ts has each type by itself.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { rejects } from '../../support/assertions.ts';
import { missingPrograms } from '../../support/programs.ts';
import { type LabHandle, startLab } from '../lab.ts';
import { startDnsmasq } from '../outside/dnsmasq.ts';
import { startInternet } from '../outside/internet.ts';
import { startPeer } from '../outside/peer.ts';
import { advertisement, arp, dhcp, linkLocalOf, udp } from '../support/link-frames.ts';
import { bootHiddenNetwork, bootZone, installZone } from '../support/zones.ts';
import { droppedByPort } from './protection.ts';

const test = suite<{ lab: LabHandle }>('link protection');

const [A, B] = ['02:08:20:00:00:0a', '02:08:20:00:00:0b'];

/** Zones a and b on one etherstub; a may use 10.0.0.1, by its configuration; p0 of b is on the outside wire. */
test.before(async (context) => {
  const lab = await startLab();
  context.lab = lab;
  await lab.mustRun('dladm create-etherstub stub0');
  await lab.mustRun('dladm create-vnic -l stub0 -m 2:8:20:0:0:a a0 && dladm create-vnic -l stub0 -m 2:8:20:0:0:b b0');
  await lab.mustRun('dladm create-vnic -l e1000g0 -m 2:8:20:0:0:c p0');
  await installZone(lab, 'a', [], 'add net; set physical=a0; set allowed-address=10.0.0.1/24; end;');
  await installZone(lab, 'b', ['b0', 'p0']);
  for (const zone of ['a', 'b']) await bootZone(lab, zone);
  await lab.mustRun('ipadm create-if -t b0', { zone: 'b' });
});
test.after(({ lab }) => lab.stop());

/** Which of the frames that zone a sends zone b sees. */
async function passed(lab: LabHandle, frames: readonly string[]): Promise<readonly string[]> {
  const [first, last] = [7, 9].map((mark) => udp({ mac: A, ip: '10.0.0.1' }, { mark }));
  if (first === undefined || last === undefined) throw new Error('there are two');
  const capture = await lab.capture({ zone: 'b' }, 'b0');
  // Linux takes a moment until a link that was just brought up is joined to its switch: what is sent before is lost.
  const isUp = () => capture.seen(({ hex }) => hex === first, 500).then(Boolean, () => false);
  for (let tries = 1; tries === 1 || !(await isUp()); tries += 1) {
    if (tries > 20) throw new Error('zone b sees nothing of what zone a sends');
    await lab.inject({ zone: 'a' }, 'a0', [first]);
  }
  await lab.inject({ zone: 'a' }, 'a0', [...frames, last]);
  await capture.seen(({ hex }) => hex === last);
  const seen = (await capture.stop()).map(({ hex }) => hex);
  return frames.filter((frame) => seen.includes(frame));
}

const rulesOf = (lab: LabHandle) => lab.mustRun(['nft', '-j', 'list', 'ruleset'], { netns: 'sw' });
const dropped = async (lab: LabHandle) =>
  [...droppedByPort(JSON.parse(await rulesOf(lab))).values()].reduce((sum, count) => sum + count, 0);

const honest = { mac: A, ip: '10.0.0.1' };
const spoofed = udp({ mac: A, ip: '10.0.0.66' }, { mark: 2 });

test('allowed-address holds after a reboot too, since zoneadmd sets it at every boot', async ({ lab }) => {
  for (const again of [false, true]) {
    if (again) {
      await lab.mustRun('zoneadm -z a reboot');
      await lab.settled('a');
    }
    assert.equal(await passed(lab, [spoofed, udp(honest)]), [udp(honest)]);
    assert.is(await dropped(lab), 1);
  }
});

test('ip-nospoof looks into ARP and neighbour advertisements for somebody else’s address', async ({ lab }) => {
  const own = linkLocalOf([0, 8, 0x20, 0xff, 0xfe, 0, 0, 0x0a]);
  const foreign = linkLocalOf([0, 8, 0x20, 0xff, 0xfe, 0, 0, 0x0b]);
  const good = [arp(honest), advertisement({ mac: A, ip: own }, own)];
  const bad = [arp({ ...honest, hardware: B }), advertisement({ mac: A, ip: own }, foreign)];
  assert.equal(await passed(lab, [...bad, ...good]), good);
});

test('dhcp-nospoof keeps a zone from answering others as a server', async ({ lab }) => {
  await lab.mustRun('dladm set-linkprop -t -p protection=dhcp-nospoof a0');
  const [offer, discover] = [dhcp({ mac: A, hardware: B }, 'server'), dhcp({ mac: A, hardware: A })];
  assert.equal(await passed(lab, [offer, discover]), [discover]);
});

test('a halt wipes what was set by hand, and a boot does not bring it back', async ({ lab }) => {
  await lab.mustRun('zonecfg -z a "remove net physical=a0; add net; set physical=a0; end"');
  await lab.mustRun('dladm set-linkprop -p protection=ip-nospoof a0 && zoneadm -z a halt');
  assert.not.match(await rulesOf(lab), '"prot"');
  await bootZone(lab, 'a');
  await lab.mustRun('ipadm create-if -t a0', { zone: 'a' });
  assert.equal(await passed(lab, [spoofed]), [spoofed]);
});

const missing = missingPrograms(['dnsmasq', 'busybox']);
if (missing.length > 0) process.stdout.write(`SKIPPED: a lease under ip-nospoof, no ${missing.join(', ')}\n`);
else {
  test('a lease taken under ip-nospoof may be used until it is released, without allowed-ips', async ({ lab }) => {
    const leases = [{ mac: '02:08:20:00:00:0c', address: '203.0.113.12', name: 'b' }];
    const server = await startDnsmasq(lab, { leases });
    await lab.mustRun('dladm set-linkprop -t -p protection=ip-nospoof p0');
    await lab.mustRun('ipadm create-addr -t -T dhcp p0/v4', { zone: 'b' });
    assert.is((await lab.run('ping -n -c 1 -W 5 203.0.113.1', { zone: 'b' })).status, 0);
    await lab.mustRun('ipadm delete-addr -r p0/v4 && ipadm create-addr -t -T static -a 203.0.113.12/24 p0/v4', {
      zone: 'b',
    });
    const before = await dropped(lab);
    assert.is.not((await lab.run('ping -n -c 1 -W 1 203.0.113.1', { zone: 'b' })).status, 0);
    assert.ok((await dropped(lab)) > before);
    await server.stop();
  });
}

test('a router forwards under all types but ip-nospoof, which keeps others’ packets from passing on', async () => {
  const lab = await startLab();
  try {
    const internet = await startInternet(lab);
    await bootHiddenNetwork(lab, ['web']);
    await internet.routeTo('10.2.0.0/24', '203.0.113.5');
    const web = await startPeer(lab, { zone: 'web' });
    for (const link of ['pnic0', 'znic0'])
      await lab.mustRun(['dladm', 'set-linkprop', '-t', '-p', 'protection=mac-nospoof,restricted,dhcp-nospoof', link]);
    assert.is((await web.get(`http://${internet.address}/`)).body, 'peer 10.2.0.2\n');
    assert.is(await dropped(lab), 0);
    await lab.mustRun('dladm set-linkprop -t -p allowed-ips=10.2.0.1 znic0');
    await lab.mustRun('dladm set-linkprop -t -p protection=ip-nospoof znic0');
    assert.is((await lab.run('ping -n -c 1 -W 5 10.2.0.1', { zone: 'web' })).status, 0);
    assert.is((await rejects(() => web.tcp(internet.address, 80, { ms: 500 }))).message, 'open: timeout');
    assert.ok((await dropped(lab)) > 0);
  } finally {
    await lab.stop();
  }
});

test.run();
