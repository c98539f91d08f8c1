import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { rejects } from '../../support/assertions.ts';
import type { Link, Zone } from '../daemon/state.ts';
import { MountRefused } from '../kernel/file-systems.ts';
import { callProgram, type FakeLab, fakeLab } from '../support/fake-lab.ts';
import { follow } from '../support/transcript.ts';
import { dladm } from './dladm.ts';
import { zoneadmWith } from './zoneadm.ts';
import { zonecfg } from './zonecfg.ts';

const test = suite('zoneadm');

let lab: FakeLab;
/** What the parts were asked, in order. */
let log: string[];
/** Paths that exist in the global zone; a mount point that is a symlink. */
let files: Set<string>;
let symlink: string | undefined;
let lastId: number;
/** Links the zone had when its processes were killed last. */
let linksAtKill: number;

const program = zoneadmWith({
  startZone: async (_lab, zone) => {
    log.push(`startZone ${zone.name}`);
    if (symlink !== undefined) throw new MountRefused('is-a-symlink', symlink);
    zone.id = ++lastId;
    zone.netns = `z${zone.id}`;
    zone.process = {
      pid: 1000 + zone.id,
      start: async () => {
        throw new Error('no contracts here');
      },
      halt: async () => {
        log.push(`kill ${zone.name}`);
        linksAtKill = lab.links.lentTo(zone).length;
        delete zone.process;
        delete zone.netns;
        delete zone.id;
      },
    };
    return zone.process;
  },
  startStack: async () => void log.push('startStack'),
  stopStack: () => void log.push('stopStack'),
  startIpf: async () => void log.push('startIpf'),
  stopIpf: () => void log.push('stopIpf'),
  createRoot: async () => void log.push('createRoot'),
  removeRoot: async () => void log.push('removeRoot'),
  exists: (_lab, path) => files.has(path),
});
const PROGRAMS = { zoneadm: program, zonecfg, dladm };

test.before.each(async () => {
  lab = await fakeLab();
  log = lab.smfLog;
  files = new Set();
  symlink = undefined;
  lastId = 2;
  linksAtKill = 0;
  await silently(
    'dladm create-etherstub stub0',
    'dladm create-vnic -l stub0 zcli0',
    'dladm create-vnic -l stub0 zrtr0',
  );
});
test.after.each(() => lab.remove());

const run = (argv: readonly string[]) => {
  const handler = Object.entries(PROGRAMS).find(([name]) => name === argv[0])?.[1];
  if (handler === undefined) throw new Error(`no program ${argv[0]}`);
  return callProgram(lab, handler, argv);
};
const transcript = (text: string) => follow(text, run);
async function silently(...commands: readonly string[]): Promise<void> {
  for (const command of commands) {
    assert.equal(await run(command.split(' ')), { status: 0, stdout: '', stderr: '' }, command);
  }
}

async function configure(name: string, ...links: readonly string[]): Promise<Zone> {
  const nets = links.map((link) => `add net;set physical=${link};end;`).join('');
  const commands = `create -b;set zonepath=/zones/${name};set ip-type=exclusive;${nets}`;
  assert.is((await run(['zonecfg', '-z', name, commands])).stderr, '');
  return zoneNamed(name);
}

function zoneNamed(name: string): Zone {
  const zone = lab.zones.get(name);
  if (zone === undefined) throw new Error(`no zone ${name}`);
  return zone;
}

function linkNamed(name: string): Link {
  const link = lab.links.find(lab.global, name);
  if (link === undefined) throw new Error(`no link ${name}`);
  return link;
}

test('lists zones (§11.5)', async () => {
  const [router0, clienta] = [await configure('router0', 'zrtr0'), await configure('clienta', 'zcli0')];
  await silently('zoneadm -z router0 install', 'zoneadm -z clienta install', 'zoneadm -z router0 boot');
  router0.uuid = '2f1c1f6e-4f2a-6a0f-9e0f-b1f6a1a1c001';
  clienta.uuid = '9a0a6c1c-77b2-e0c5-8a1d-f0c9a8f7a002';
  await transcript(`
$ zoneadm list -iv
  ID NAME             STATUS     PATH                           BRAND    IP   ␠
   0 global           running    /                              ipkg     shared
   3 router0          running    /zones/router0                 ipkg     excl ␠
   - clienta          installed  /zones/clienta                 ipkg     excl ␠
=0
`);
  await configure('clientb');
  await transcript(`
$ zoneadm list -cp
0:global:running:/::ipkg:shared
3:router0:running:/zones/router0:2f1c1f6e-4f2a-6a0f-9e0f-b1f6a1a1c001:ipkg:excl
-:clienta:installed:/zones/clienta:9a0a6c1c-77b2-e0c5-8a1d-f0c9a8f7a002:ipkg:excl
-:clientb:configured:/zones/clientb::ipkg:excl
=0
$ zoneadm list -cnp
3:router0:running:/zones/router0:2f1c1f6e-4f2a-6a0f-9e0f-b1f6a1a1c001:ipkg:excl
-:clienta:installed:/zones/clienta:9a0a6c1c-77b2-e0c5-8a1d-f0c9a8f7a002:ipkg:excl
-:clientb:configured:/zones/clientb::ipkg:excl
=0
$ zoneadm list
global
router0
=0
$ zoneadm list -i
global
router0
clienta
=0
$ zoneadm -z clientb list -p
-:clientb:configured:/zones/clientb::ipkg:excl
=0
$ zoneadm -z nosuch list -p
2>zoneadm: nosuch: No such zone configured
=1
`);
});

test('lists by id, and escapes a colon of the path (§5.2)', async () => {
  await configure('b1');
  await configure('a1');
  await silently('zoneadm -z a1 install', 'zoneadm -z b1 install', 'zoneadm -z a1 boot', 'zoneadm -z b1 boot');
  assert.is((await run(['zoneadm', 'list'])).stdout, 'global\na1\nb1\n');
  await run(['zonecfg', '-z', 'c1', 'create -b;set zonepath="/zones/a:\\b"']);
  assert.is((await run(['zoneadm', '-z', 'c1', 'list', '-p'])).stdout, '-:c1:configured:/zones/a\\:\\b::ipkg:shared\n');
});

test('goes from state to state (§11.5)', async () => {
  const zone = await configure('clienta', 'zcli0');
  await configure('clientb');
  await transcript(`
$ zoneadm -z clienta install
=0
$ zoneadm -z clienta install
2>zoneadm: zone 'clienta': is already installed.
=1
$ zoneadm -z clienta boot
=0
$ zoneadm -z clienta boot
2>zoneadm: zone 'clienta': zone is already booted
=0
$ zoneadm -z clienta uninstall -F
2>zoneadm: zone 'clienta': uninstall operation is invalid for running zones.
=1
$ zoneadm -z clienta halt
=0
$ zoneadm -z clienta halt
2>zoneadm: zone 'clienta': zone is already halted
=0
$ zoneadm -z clientb boot
2>zoneadm: zone 'clientb': must be installed before boot.
=1
$ zoneadm -z clienta reboot
2>zoneadm: zone 'clienta': not running
=1
$ zoneadm -z clienta shutdown
2>zoneadm: zone 'clienta': not running
=1
$ zoneadm -z clientb uninstall -F
2>zoneadm: zone 'clientb': is already in state 'configured'.
=1
$ zoneadm -z clientb ready
2>zoneadm: zone 'clientb': must be installed before ready.
=1
$ zoneadm -z clienta ready
=0
$ zoneadm -z clienta ready
2>zoneadm: zone 'clienta': zone is already ready
=0
$ zoneadm -z clienta boot
=0
$ zoneadm -z clienta shutdown
=0
$ zoneadm -z clienta uninstall
2>zoneadm: zone 'clienta': Input not from terminal and -F not specified:
2>uninstall command ignored, exiting.
=1
`);
  assert.type(zone.uuid, 'string');
  await silently('zoneadm -z clienta uninstall -F');
  assert.is(zone.state, 'configured');
  assert.is(zone.uuid, undefined);
});

test('boots and halts in the order of zoneadmd (§5.4, §8.2)', async () => {
  await configure('clienta', 'zcli0');
  await silently('zoneadm -z clienta install', 'zoneadm -z clienta boot');
  assert.is(linkNamed('zcli0').zone, 'clienta');
  await silently('zoneadm -z clienta halt');
  assert.is(linkNamed('zcli0').zone, undefined);
  assert.equal(log, [
    'createRoot',
    'install clienta',
    'startZone clienta',
    'startStack',
    'startIpf',
    'boot clienta',
    'halt clienta',
    'kill clienta',
    'stopIpf',
    'stopStack',
  ]);
  assert.is(linksAtKill, 1, 'the processes go before the links');
  const made = lab.kernelLog.filter((line) => /^sw: link (add p|set p\d+ down|delete)/.test(line));
  const [, mac] = /address (\S+)/.exec(made[0] ?? '') ?? [];
  assert.equal(made, [
    `sw: link add p1 mtu 9000 master b1 up type veth peer name zcli0 mtu 9000 address ${mac} netns z3`,
    'sw: link set p1 down',
    'sw: link delete p1',
  ]);
});

test('reboots into a new id with the configuration as it is now (§5.4)', async () => {
  const zone = await configure('clienta', 'zcli0');
  await silently('zoneadm -z clienta install', 'zoneadm -z clienta boot');
  assert.is(zone.id, 3);
  await silently('zonecfg -z clienta remove -F net;add net;set physical=zrtr0;end');
  assert.is(linkNamed('zcli0').zone, 'clienta', 'until the reboot');
  await silently('zoneadm -z clienta reboot');
  assert.is(zone.id, 4);
  assert.is(linkNamed('zcli0').zone, undefined);
  assert.is(linkNamed('zrtr0').zone, 'clienta');
});

test('shutdown runs the stop methods before the halt, and -r boots again', async () => {
  const zone = await configure('clienta');
  await silently('zoneadm -z clienta install', 'zoneadm -z clienta boot');
  log.length = 0;
  await silently('zoneadm -z clienta shutdown -r');
  assert.equal(log.slice(0, 3), ['shutdown clienta', 'halt clienta', 'kill clienta']);
  assert.is(zone.state, 'running');
});

test('does not boot with a link that is missing, plumbed or lent (§5.3, §11.5)', async () => {
  await configure('clienta', 'zcli0');
  await configure('clientb', 'zcli0');
  await configure('clientc', 'nosuch0');
  await silently('zoneadm -z clienta install', 'zoneadm -z clientb install', 'zoneadm -z clientc install');
  await transcript(`
$ zoneadm -z clientc boot
2>zoneadm: zone 'clientc': failed to add network device
2>zoneadm: zone 'clientc': call to zoneadmd failed
=1
`);
  assert.is(zoneNamed('clientc').state, 'installed');
  assert.is(zoneNamed('clientc').id, undefined);
  linkNamed('zcli0').holds.add('ip');
  await transcript(`
$ zoneadm -z clienta boot
2>zoneadm: zone 'clienta': WARNING: skipping network interface 'zcli0' which is used in the global zone
2>zoneadm: zone 'clienta': failed to add network device
2>zoneadm: zone 'clienta': call to zoneadmd failed
=1
`);
  linkNamed('zcli0').holds.clear();
  await transcript(`
$ zoneadm -z clienta boot
=0
$ zoneadm -z clientb boot
2>zoneadm: zone 'clientb': failed to add network device
2>zoneadm: zone 'clientb': call to zoneadmd failed
=1
$ dladm delete-vnic zcli0
2>dladm: vnic deletion failed: link busy
=1
$ zoneadm -z clienta halt
=0
$ dladm delete-vnic zcli0
=0
`);
});

test('gives links back that were lent before the boot failed', async () => {
  await configure('clienta', 'zcli0', 'nosuch0');
  await silently('zoneadm -z clienta install');
  assert.is((await run(['zoneadm', '-z', 'clienta', 'boot'])).status, 1);
  assert.is(linkNamed('zcli0').zone, undefined);
  assert.is(log.at(-1), 'stopStack');
});

test('does not boot without the special of an fs, or over a symlink (§4.4)', async () => {
  await configure('clienta');
  await silently('zoneadm -z clienta install', 'zonecfg -z clienta add fs;set dir=/x;set special=/y;set type=lofs;end');
  await transcript(`
$ zoneadm -z clienta verify
2>could not verify fs /x: could not access /y: No such file or directory
2>zoneadm: zone clienta failed to verify
=1
$ zoneadm -z clienta boot
2>could not verify fs /x: could not access /y: No such file or directory
2>zoneadm: zone clienta failed to verify
=1
`);
  files.add('/y');
  symlink = '/zones/clienta/root/x';
  await transcript(`
$ zoneadm -z clienta verify
=0
$ zoneadm -z clienta boot
2>zoneadm: zone 'clienta': /zones/clienta/root/x is a symlink
2>zoneadm: zone 'clienta': call to zoneadmd failed
=1
`);
});

test('protects a link with allowed-address, and wipes that at every halt and reboot (§2.6, §8.2)', async () => {
  await configure('clienta');
  const net = 'add net;set physical=zcli0;set allowed-address=10.20.1.5/24;end';
  await silently(`zonecfg -z clienta ${net}`, 'zoneadm -z clienta install', 'zoneadm -z clienta boot');
  const shown = ['dladm', 'show-linkprop', '-c', '-o', 'property,value', '-p', 'protection,allowed-ips', 'zcli0'];
  const PROTECTED = 'protection:ip-nospoof\nallowed-ips:10.20.1.5/32\n';
  assert.is((await run(shown)).stdout, PROTECTED);
  await silently('zoneadm -z clienta reboot');
  assert.is((await run(shown)).stdout, PROTECTED);
  await silently('zoneadm -z clienta halt');
  assert.is((await run(shown)).stdout, 'protection:\nallowed-ips:\n');
});

test('wipes what was set by hand, and keeps only its record (§8.2)', async () => {
  await configure('clienta', 'zcli0');
  await silently(
    'zoneadm -z clienta install',
    'zoneadm -z clienta boot',
    'dladm set-linkprop -p protection=mac-nospoof zcli0',
    'zoneadm -z clienta reboot',
  );
  await transcript(`
$ dladm show-linkprop -c -o value -p protection zcli0

=0
$ dladm show-linkprop -P -c -o value -p protection zcli0
mac-nospoof
=0
`);
});

test('does not boot with protection and allowed-address (§11.10 invariant 5)', async () => {
  await configure('clienta');
  const net = 'add net;set physical=zcli0;set allowed-address=10.20.1.5/24;end';
  await silently(`zonecfg -z clienta ${net}`, 'zoneadm -z clienta install');
  await silently('dladm set-linkprop -t -p protection=mac-nospoof zcli0');
  await transcript(`
$ zoneadm -z clienta boot
2>zoneadm: zone 'clienta': Protection is already set
2>zoneadm: zone 'clienta': failed to add address
2>zoneadm: zone 'clienta': call to zoneadmd failed
=1
$ dladm reset-linkprop -t -p protection zcli0
=0
$ dladm set-linkprop -t -p allowed-ips=10.20.1.5 zcli0
=0
$ zoneadm -z clienta boot
2>zoneadm: zone 'clienta': allowed-ips is already set
2>zoneadm: zone 'clienta': failed to add address
2>zoneadm: zone 'clienta': call to zoneadmd failed
=1
$ dladm reset-linkprop -t -p allowed-ips zcli0
=0
$ zoneadm -z clienta boot
=0
`);
});

test('sticks in down, keeps its links, and is cured by another halt (§5.1)', async () => {
  await configure('clienta', 'zcli0');
  await silently('zoneadm -z clienta install', 'zoneadm -z clienta boot');
  lab.switches.set('zone-stuck-down:clienta', '1');
  await transcript(`
$ zoneadm -z clienta halt
2>zoneadm: zone 'clienta': call to zoneadmd failed
=1
$ zoneadm list -v
  ID NAME             STATUS     PATH                           BRAND    IP   ␠
   0 global           running    /                              ipkg     shared
   3 clienta          down       /zones/clienta                 ipkg     excl ␠
=0
$ dladm delete-vnic zcli0
2>dladm: vnic deletion failed: link busy
=1
$ zoneadm -z clienta boot
2>zoneadm: zone 'clienta': boot operation is invalid for down zones.
=1
$ zoneadm -z clienta halt
=0
$ dladm delete-vnic zcli0
=0
`);
});

test('fails to boot with the text of the switch', async () => {
  await configure('clienta');
  await silently('zoneadm -z clienta install');
  lab.switches.set('boot-fails:clienta', 'could not start clienta');
  await transcript(`
$ zoneadm -z clienta boot
2>zoneadm: zone 'clienta': could not start clienta
2>zoneadm: zone 'clienta': call to zoneadmd failed
=1
`);
});

test('does one thing at a time with a zone (§5.3)', async () => {
  await configure('clienta', 'zcli0');
  await configure('clientb');
  const installs = await Promise.all(
    ['clienta', 'clienta', 'clientb'].map((z) => run(['zoneadm', '-z', z, 'install'])),
  );
  assert.equal(
    installs.map(({ status, stderr }) => ({ status, stderr })),
    [
      { status: 0, stderr: '' },
      { status: 1, stderr: "zoneadm: zone 'clienta': another zoneadm may have an operation in progress.\n" },
      { status: 0, stderr: '' },
    ],
  );
  const boots = await Promise.all([0, 1].map(() => run(['zoneadm', '-z', 'clienta', 'boot'])));
  assert.equal(
    boots.map(({ stderr }) => stderr),
    ['', "zoneadm: zone 'clienta': zone is already booted\n"],
  );
});

for (const command of ['clone -m x', 'attach', 'boot -s', 'mark incomplete', 'install -x nodataset']) {
  test(`refuses ${command} as not modelled`, async () => {
    await configure('clienta');
    assert.is((await rejects(() => run(['zoneadm', '-z', 'clienta', ...command.split(' ')]))).name, 'NotModelled');
  });
}

test('refuses a zone with a shared IP stack as not modelled', async () => {
  await silently('zonecfg -z s create -b;set zonepath=/zones/s', 'zoneadm -z s install');
  assert.is((await rejects(() => run(['zoneadm', '-z', 's', 'boot']))).name, 'NotModelled');
});

test.run();
