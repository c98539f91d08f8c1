import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { rejects } from '../../support/assertions.ts';
import type { Program } from '../daemon/call.ts';
import type { Zone } from '../daemon/state.ts';
import { callProgram, type FakeLab, fakeLab } from '../support/fake-lab.ts';
import { follow } from '../support/transcript.ts';
import { runCommands, zonecfg } from './zonecfg.ts';

const test = suite('zonecfg');

let lab: FakeLab;
test.before.each(async () => {
  lab = await fakeLab();
});
test.after.each(() => lab.remove());

const run = (argv: readonly string[]) => callProgram(lab, zonecfg, argv);
const transcript = (text: string) => follow(text, run);
/** As `zonecfg -z NAME -f FILE`. */
function fromFile(zoneName: string, file: string, lines: readonly string[]) {
  const program: Program = (call) => runCommands(call, lab, zoneName, { text: `${lines.join('\n')}\n`, file });
  return callProgram(lab, program, ['zonecfg']);
}
const silent = { status: 0, stdout: '', stderr: '' };

function zoneNamed(name: string): Zone {
  const zone = lab.zones.get(name);
  if (zone === undefined) throw new Error(`no zone ${name}`);
  return zone;
}

const ROUTER = [
  'create -b',
  'set zonepath=/zones/router0',
  'set ip-type=exclusive',
  'add attr; set name=znet-role; set type=string; set value=router; end',
  'add attr; set name=znet-comment; set type=string; set value="hidden net 7"; end',
  'add fs',
  'set dir=/etc/zone-net',
  'set special=/var/lib/znet/router0',
  'set type=lofs',
  'add options [ro,nodevices]',
  'end',
  'add rctl; set name=zone.max-lwps; add value (priv=privileged,limit=2000,action=deny); end',
  'add net',
  'set physical=zext0',
  'end',
  'add net; set physical=zrtr0; end',
];

test('shows a configuration (§11.6)', async () => {
  assert.equal(await fromFile('router0', 'router0.cfg', ROUTER), silent);
  await transcript(`
$ zonecfg -z router0 info
zonename: router0
zonepath: /zones/router0
brand: ipkg
autoboot: false
bootargs:␠
pool:␠
limitpriv:␠
scheduling-class:␠
ip-type: exclusive
hostid:␠
fs-allowed:␠
fs:
	dir: /etc/zone-net
	special: /var/lib/znet/router0
	raw not specified
	type: lofs
	options: [ro,nodevices]
net:
	address not specified
	allowed-address not specified
	physical: zext0
	defrouter not specified
net:
	address not specified
	allowed-address not specified
	physical: zrtr0
	defrouter not specified
attr:
	name: znet-role
	type: string
	value: router
attr:
	name: znet-comment
	type: string
	value: "hidden net 7"
rctl:
	name: zone.max-lwps
	value: (priv=privileged,limit=2000,action=deny)
=0
$ zonecfg -z router0 remove attr name=znet-comment
=0
$ zonecfg -z router0 export
create -b
set zonepath=/zones/router0
set brand=ipkg
set autoboot=false
set ip-type=exclusive
add fs
set dir="/etc/zone-net"
set special="/var/lib/znet/router0"
set type="lofs"
add options ro
add options nodevices
end
add net
set physical="zext0"
end
add net
set physical="zrtr0"
end
add rctl
set name="zone.max-lwps"
add value (priv=privileged,limit=2000,action=deny)
end
add attr
set name="znet-role"
set type="string"
set value="router"
end
=0
$ zonecfg -z router0 info net physical=nosuch0
No such net resource.
=0
$ zonecfg -z router0 info net physical=zrtr0
net:
	address not specified
	allowed-address not specified
	physical: zrtr0
	defrouter not specified
=0
$ zonecfg -z router0 info zonepath
zonepath: /zones/router0
=0
`);
});

test('reads its own export back', async () => {
  await fromFile('a', 'a.cfg', ROUTER);
  const { stdout } = await run(['zonecfg', '-z', 'a', 'export']);
  assert.equal(await fromFile('b', 'b.cfg', stdout.trimEnd().split('\n')), silent);
  assert.is((await run(['zonecfg', '-z', 'b', 'export'])).stdout, stdout);
  assert.equal(zoneNamed('b').config, zoneNamed('a').config);
});

test('refuses what is not there (§11.6)', async () => {
  await transcript(`
$ zonecfg -z nosuch info
2>nosuch: No such zone configured
=1
$ zonecfg -z nosuch delete -F
2>nosuch: No such zone configured
=1
$ zonecfg -z 'bad!' create
2>bad!: Bogus zone name
=2
`);
});

test('deletes a zone that is down, and keeps its files (§4.6)', async () => {
  await fromFile('router0', 'router0.cfg', ROUTER);
  zoneNamed('router0').state = 'running';
  await transcript(`
$ zonecfg -z router0 delete -F
2>router0: Zone state is invalid for the requested operation
=1
$ zonecfg -z router0 delete
2>Input not from terminal and -F not specified:
2>delete command ignored, exiting.
=1
`);
  zoneNamed('router0').state = 'installed';
  await transcript(`
$ zonecfg -z router0 delete -F
=0
$ zonecfg -z router0 info
2>router0: No such zone configured
=1
`);
});

test('goes on behind create on an installed zone, with exit 0 (§11.6)', async () => {
  await fromFile('router0', 'router0.cfg', ROUTER);
  zoneNamed('router0').state = 'installed';
  const file = ['create -b', 'set zonepath=/elsewhere', 'set autoboot=true'];
  assert.equal(await fromFile('router0', 'x.cfg', file), {
    status: 0,
    stdout: '',
    stderr: [
      'On line 1 of x.cfg:\nZone router0 already installed; create not allowed.\n',
      'On line 2 of x.cfg:\nZone router0 already installed; set zonepath not allowed.\n',
    ].join(''),
  });
  const { config } = zoneNamed('router0');
  assert.is(config.autoboot, true);
  assert.is(config.zonepath, '/zones/router0');
  assert.is(config.nets.length, 2);
});

test('refuses create on a configured zone, or overwrites it with -F (§4.6)', async () => {
  await fromFile('router0', 'router0.cfg', ROUTER);
  assert.equal(await fromFile('router0', 'x.cfg', ['create -b', 'set zonepath=/x']), {
    status: 1,
    stdout: '',
    stderr:
      'On line 1 of x.cfg:\nZone exists, input not from terminal and -F not specified:\ncreate command ignored, exiting.\n',
  });
  assert.is(zoneNamed('router0').config.nets.length, 2);
  assert.equal(await fromFile('router0', 'x.cfg', ['create -b -F', 'set zonepath=/x']), {
    status: 0,
    stdout: 'Zone router0 already exists; overwriting.\n',
    stderr: '',
  });
  assert.equal(zoneNamed('router0').config.nets, []);
  assert.is(zoneNamed('router0').root, '/x/root');
});

const DUPLICATE = [
  'create -b',
  'set zonepath=/zones/clientb',
  'set ip-type=exclusive',
  'add net',
  'set physical=zcli0',
  'end',
  'add net',
  'set physical=zcli0',
  'end',
  'set autoboot=true',
];

test('refuses a second net resource with the same link (§11.6)', async () => {
  assert.equal(await fromFile('clientb', 'y.cfg', DUPLICATE), {
    status: 1,
    stdout: '',
    stderr: "On line 9 of y.cfg:\nA net resource with the physical 'zcli0', and allowed-address '' already exists.\n",
  });
  assert.not(lab.zones.has('clientb'), 'an error inside a resource saves nothing');
});

test('stops at a syntax error and saves what came before (§4.6, §11.6)', async () => {
  const file = [
    'create -b',
    'set zonepath=/zones/clientb',
    'set ip-type=exclusive',
    'set bogus=1',
    'set autoboot=true',
  ];
  assert.equal(await fromFile('clientb', 'z.cfg', file), {
    status: 1,
    stdout: '',
    stderr: "syntax error on line 4 at '='\n",
  });
  const { config } = zoneNamed('clientb');
  assert.is(config.ipType, 'exclusive');
  assert.is(config.autoboot, false);
});

test('does not save a part that does not verify', async () => {
  const { status, stderr } = await fromFile('clientb', 'z.cfg', ['create -b', 'set ip-type=exclusive', 'frobnicate']);
  assert.is(status, 1);
  assert.match(stderr, /^syntax error on line 3 at 'f'\n/);
  assert.not(lab.zones.has('clientb'));
});

test('goes on behind an error in command-line form (§4.6)', async () => {
  assert.equal(
    await run(['zonecfg', '-z', 'a', 'create -b;', 'set zonepath=/zones/a; set autoboot=maybe;', 'set pool=p']),
    {
      status: 1,
      stdout: '',
      stderr: "autoboot value must be 'true' or 'false'.\n",
    },
  );
  assert.is(zoneNamed('a').config.globals.get('pool'), 'p');
});

test('saves nothing of a file that ends inside a resource', async () => {
  assert.equal(await fromFile('a', 'a.cfg', ['create -b', 'set zonepath=/zones/a', 'add net', 'set physical=a0']), {
    status: 1,
    stdout: '',
    stderr: 'On line 4 of a.cfg:\nresource specification incomplete\n',
  });
  assert.not(lab.zones.has('a'));
});

test('drops the last command when its line does not end', async () => {
  const program: Program = (call) =>
    runCommands(call, lab, 'a', { text: 'create -b\nset zonepath=/zones/a\nset autoboot=true', file: 'a.cfg' });
  assert.equal(await callProgram(lab, program, ['zonecfg']), silent);
  assert.is(zoneNamed('a').config.autoboot, false);
});

test('a create without ip-type is shared, of brand ipkg (§4.2)', async () => {
  assert.equal(await run(['zonecfg', '-z', 'a', 'create', ';set zonepath=/zones/a']), silent);
  assert.is('ipType' in zoneNamed('a').config, false);
  assert.is((await run(['zonecfg', '-z', 'a', 'info ip-type; info brand'])).stdout, 'ip-type: shared\nbrand: ipkg\n');
});

for (const [what, lines, message] of [
  [
    'address in an exclusive zone',
    'set physical=a0;set address=10.0.0.1/24',
    'net: address cannot be specified for an exclusive IP type',
  ],
  [
    'defrouter without allowed-address',
    'set physical=a0;set defrouter=10.0.0.1',
    'net: defrouter for a0 cannot be specified without allowed-address for an exclusive IP type',
  ],
  ['a name that is no link', 'set physical=net', 'net: invalid physical interface name'],
] as const) {
  test(`refuses ${what} when it saves (§4.3)`, async () => {
    const { status, stderr } = await run([
      'zonecfg',
      '-z',
      'a',
      `create -b;set zonepath=/a;set ip-type=exclusive;add net;${lines};end`,
    ]);
    assert.is(status, 1);
    assert.is(stderr.split('\n')[0], message);
    assert.not(lab.zones.has('a'));
  });
}

for (const [what, commands] of [
  ['a relative zonepath', 'set zonepath=zones/a'],
  ['/ as zonepath', 'set zonepath=/'],
  ['another ip-type', 'set ip-type=none'],
  ['a pool of SUNW', 'set pool=SUNWx'],
  ['an fs without special', 'add fs;set dir=/x;set type=lofs;end'],
  ['an fs at a relative dir', 'add fs;set dir=x'],
  ['an underscore in the name of an attr', 'add attr;set name=a_b'],
  ['an attr of another type', 'add attr;set name=a;set type=text'],
  ['an attr of 256 bytes', `add attr;set name=a;set type=string;set value=${'x'.repeat(256)}`],
  ['an rctl without a value', 'add rctl;set name=zone.max-lwps;end'],
  ['an IPv6 address without a prefix', 'add net;set physical=a0;set allowed-address=fd00::1'],
  ['a prefix of 33', 'add net;set physical=a0;set allowed-address=10.0.0.1/33'],
  ['a physical of 32', `add net;set physical=${'a'.repeat(31)}0`],
] as const) {
  test(`refuses ${what} (ipfilter.md 8)`, async () => {
    const { status, stderr } = await run(['zonecfg', '-z', 'a', `create -b;set zonepath=/a;${commands}`]);
    assert.is(status, 1);
    assert.match(stderr, /\n$/);
  });
}

test('edits, adds to and removes from a resource', async () => {
  await fromFile('router0', 'router0.cfg', ROUTER);
  const edit = 'select fs dir=/etc/zone-net; set special=/y; add options nosetuid; remove options [ro]; end';
  assert.equal(await run(['zonecfg', '-z', 'router0', edit]), silent);
  assert.equal(
    await run(['zonecfg', '-z', 'router0', 'remove net physical=zext0; remove attr name=znet-role']),
    silent,
  );
  const { filesystems, nets, attributes } = zoneNamed('router0').config;
  assert.equal(filesystems, [
    { dir: '/etc/zone-net', special: '/y', type: 'lofs', options: ['nodevices', 'nosetuid'] },
  ]);
  assert.equal(nets, [{ physical: 'zrtr0' }]);
  assert.equal(attributes, [{ name: 'znet-comment', type: 'string', value: 'hidden net 7' }]);
});

test('removes several only with -F', async () => {
  await fromFile('router0', 'router0.cfg', ROUTER);
  assert.is((await run(['zonecfg', '-z', 'router0', 'remove net'])).status, 1);
  assert.is(zoneNamed('router0').config.nets.length, 2);
  assert.equal(await run(['zonecfg', '-z', 'router0', 'remove -F net']), silent);
  assert.equal(zoneNamed('router0').config.nets, []);
});

test('forgets with cancel and revert', async () => {
  await fromFile('router0', 'router0.cfg', ROUTER);
  assert.equal(
    await run(['zonecfg', '-z', 'router0', 'set autoboot=true; revert; add net; set physical=x0; cancel; set pool=p']),
    silent,
  );
  const { autoboot, nets, globals } = zoneNamed('router0').config;
  assert.is(autoboot, false);
  assert.is(nets.length, 2);
  assert.equal([...globals], [['pool', 'p']]);
});

for (const command of [
  'add device',
  'set max-lwps=10',
  'set brand=nosuch',
  'help',
  'create -a /x',
  'add net; set mac-addr=auto',
]) {
  test(`refuses ${command} as not modelled`, async () => {
    await fromFile('router0', 'router0.cfg', ROUTER);
    assert.is((await rejects(() => run(['zonecfg', '-z', 'router0', command]))).name, 'NotModelled');
  });
}

test.run();
