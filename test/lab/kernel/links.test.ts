// What the links are on the wire: real frames through the switches of a lab.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type LabHandle, startLab } from '../lab.ts';
import { readFrame } from '../outside/frame.ts';
import { arp, BROADCAST, dhcp, ethernet, hex, linkLocalOf, udp, udp6 } from '../support/link-frames.ts';
import { droppedByPort } from './protection.ts';

const test = suite<{ lab: LabHandle }>('links on the wire');

test.before(async (context) => {
  context.lab = await startLab({ physicalLinks: [{ name: 'e1000g0' }, { name: 'e1000g1', up: false }] });
  await context.lab.mustRun(SET_UP);
});
test.after(async ({ lab }) => {
  await lab.stop();
});

const [A, B] = ['02:08:20:00:00:0a', '02:08:20:00:00:0b'];
const LONG = 'name_of_31_characters_for_zone0';
/** Zones a and b on one etherstub; tags on the wire of e1000g0; a long name. */
const SET_UP = `set -e
dladm create-etherstub stub0
dladm create-vnic -l stub0 -m 2:8:20:0:0:a a0
dladm create-vnic -l stub0 -m 2:8:20:0:0:b b0
dladm create-vnic -l e1000g0 -v 10 a10
dladm create-vnic -l e1000g0 -v 10 b10
dladm create-vnic -l e1000g0 -v 20 b20
dladm create-vnic -l stub0 ${LONG}
dladm set-linkprop -p mtu=1500 b0
configure() {
  zone=$1; shift
  { printf 'create -b\\nset zonepath=/zones/%s\\nset ip-type=exclusive\\n' $zone
    for link; do printf 'add net\\nset physical=%s\\nend\\n' $link; done; } > /tmp/$zone.cfg
  zonecfg -z $zone -f /tmp/$zone.cfg
  zoneadm -z $zone install
  zoneadm -z $zone boot
}
configure a a0 a10 ${LONG}
configure b b0 b10 b20
for link in a0 a10 ${LONG}; do zlogin a ipadm create-if -t $link; done
for link in b0 b10 b20; do zlogin b ipadm create-if -t $link; done
`;

/** Sends frames from zone a, then one that must pass; gives those of them that zone b saw before it. */
async function passed(lab: LabHandle, frames: readonly string[], honest: string): Promise<readonly string[]> {
  const capture = await lab.capture({ zone: 'b' }, 'b0');
  await lab.inject({ zone: 'a' }, 'a0', [...frames, honest]);
  await capture.seen(({ hex: seen }) => seen === honest);
  const seen = (await capture.stop()).map((frame) => frame.hex);
  return frames.filter((frame) => seen.includes(frame));
}

async function dropped(lab: LabHandle): Promise<number> {
  const listing = await lab.mustRun(['nft', '-j', 'list', 'ruleset'], { netns: 'sw' });
  return [...droppedByPort(JSON.parse(listing)).values()].reduce((sum, n) => sum + n, 0);
}

const netnsOf = async (lab: LabHandle, zone: string) =>
  (await lab.zones()).find(({ name }) => name === zone)?.netns ?? '';

async function deviceOf(lab: LabHandle, zone: string, name: string): Promise<Record<string, unknown>> {
  const shown = await lab.mustRun(['ip', '-j', 'link', 'show', name], { netns: await netnsOf(lab, zone) });
  return JSON.parse(shown)[0];
}

test('starts at 9000 over an etherstub and at 1500 over a physical link, and takes another MTU along', async ({
  lab,
}) => {
  const mtus = await Promise.all(
    [
      ['a', 'a0'],
      ['a', 'a10'],
      ['b', 'b0'],
    ].map(async ([zone = '', name = '']) => (await deviceOf(lab, zone, name))['mtu']),
  );
  assert.equal(mtus, [9000, 1500, 1500]);
});

test('gives a link of 31 characters its name beside that of its device', async ({ lab }) => {
  const { ifname, altnames } = await deviceOf(lab, 'a', LONG);
  assert.match(String(ifname), /^l\d+$/);
  assert.equal(altnames, [LONG]);
});

test('floods what is for all, and keeps a frame to an unknown address from everybody', async ({ lab }) => {
  const from = { mac: A, ip: '10.0.0.1' };
  const unknown = udp(from, { to: '02:08:20:00:00:99', mark: 2 });
  const known = udp(from, { to: B, mark: 3 });
  assert.equal(await passed(lab, [unknown, known], udp(from)), [known]);
});

test('carries frames between links of one VLAN only', async ({ lab }) => {
  const frame = udp({ mac: A, ip: '10.0.0.1' }, { mark: 4 });
  const [same, other] = [await lab.capture({ zone: 'b' }, 'b10'), await lab.capture({ zone: 'b' }, 'b20')];
  await lab.inject({ zone: 'a' }, 'a10', [frame]);
  await same.seen((seen) => seen.hex === frame);
  await same.stop();
  assert.equal(
    (await other.stop()).filter((seen) => seen.hex === frame),
    [],
  );
});

test('the switches themselves say nothing', async ({ lab }) => {
  const shown = await lab.mustRun(['ip', '-j', 'addr'], { netns: 'sw' });
  const addresses = (JSON.parse(shown) as { addr_info: unknown[] }[]).flatMap((device) => device.addr_info);
  assert.equal(addresses, []);
});

test('without protection whatever is spoofed passes', async ({ lab }) => {
  const spoofed = udp({ mac: '02:08:20:00:00:66', ip: '10.0.0.66' }, { mark: 5 });
  assert.equal(await passed(lab, [spoofed], udp({ mac: A, ip: '10.0.0.1' })), [spoofed]);
});

const honest = { mac: A, ip: '10.0.0.1' };
const other = { mac: A, ip: '10.0.0.66' };
const OWN = linkLocalOf([0, 8, 0x20, 0xff, 0xfe, 0, 0, 0x0a]);
const FOREIGN = linkLocalOf([0, 8, 0x20, 0xff, 0xfe, 0, 0, 0x0b]);
for (const [type, bad, good] of [
  ['mac-nospoof', [udp({ mac: B, ip: '10.0.0.1' })], [udp(other)]],
  ['ip-nospoof', [udp(other), arp(other), udp6({ mac: A, ip: FOREIGN })], [arp(honest), udp6({ mac: A, ip: OWN })]],
  ['restricted', [hex(ethernet(A, BROADCAST, 0x88cc), [1, 2, 3])], [udp(other)]],
  ['dhcp-nospoof', [dhcp({ mac: A, hardware: B })], [dhcp({ mac: A, hardware: A })]],
] as const) {
  test(`${type} drops and counts what is spoofed, and nothing else`, async ({ lab }) => {
    await lab.mustRun(
      `dladm set-linkprop -t -p allowed-ips=10.0.0.1 a0; dladm set-linkprop -t -p protection=${type} a0`,
    );
    try {
      assert.equal(await passed(lab, [...bad, ...good], udp(honest, { mark: 6 })), [...good]);
      assert.is(await dropped(lab), bad.length);
    } finally {
      await lab.mustRun('dladm reset-linkprop -t -p protection a0; dladm reset-linkprop -t -p allowed-ips a0');
    }
  });
}

test('a reboot wipes protection from the switch, and brings the links back as they were', async ({ lab }) => {
  await lab.mustRun('dladm set-linkprop -p protection=mac-nospoof b0');
  assert.match(await lab.mustRun(['nft', 'list', 'ruleset'], { netns: 'sw' }), 'table bridge prot');
  const before = (await lab.zones()).find(({ name }) => name === 'b')?.id;
  await lab.mustRun('zoneadm -z b reboot');
  assert.not.match(await lab.mustRun(['nft', 'list', 'ruleset'], { netns: 'sw' }), 'table bridge');
  assert.is.not((await lab.zones()).find(({ name }) => name === 'b')?.id, before);
  assert.is((await deviceOf(lab, 'b', 'b0'))['mtu'], 1500);
  await lab.mustRun('zlogin b ipadm create-if -t b0; dladm reset-linkprop -p protection b0');
});

test('a physical link without a cable is down, and its MAC is its own', async ({ lab }) => {
  const { stdout } = await lab.run('dladm show-phys -p -o link,state,speed,duplex,device');
  assert.is(stdout, 'e1000g0:up:1000:full:e1000g0\ne1000g1:unknown:0:half:e1000g1\n');
});

test('the global zone plumbs its physical link, and what it plumbed is seen as itself', async ({ lab }) => {
  await lab.mustRun('ipadm create-if -t e1000g0');
  const capture = await lab.capture({ netns: 'sw' }, await lab.bridgeOf('e1000g0'));
  await lab.inject({ zone: 'global' }, 'e1000g0', [arp({ mac: '00:50:56:00:00:01', ip: '203.0.113.5' })]);
  const { hex: seen } = await capture.seen((frame) => readFrame(frame.hex).kind === 'arp');
  assert.is(readFrame(seen).sourceMac, '0:50:56:0:0:1');
  await capture.stop();
  assert.is((await lab.run('dladm create-vnic -l e1000g0 x0 && dladm delete-vnic x0')).status, 0);
  await lab.mustRun('ipadm delete-if e1000g0');
});

test('leaves no port behind when its zone halts and the link is deleted', async ({ lab }) => {
  const ports = async () => {
    const shown = await lab.mustRun(['ip', '-j', 'link', 'show', 'type', 'veth'], { netns: 'sw' });
    return (JSON.parse(shown) as unknown[]).length;
  };
  const before = await ports();
  await lab.mustRun('zoneadm -z b halt && dladm delete-vnic b0 && dladm delete-vnic b10 && dladm delete-vnic b20');
  assert.is(await ports(), before - 3);
});

test.run();
