// What the host reads of dladm, zoneadm, zonecfg and SMF: the transcripts of illumos.md §11.
import { readFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseLinkName } from '../../src/domain/names.ts';
import { formatCommand } from '../../src/illumos/command.ts';
import { createVnic, parseLinks, setMtu, showLinks } from '../../src/illumos/dladm.ts';
import { parseRouteDestinations } from '../../src/illumos/netstat.ts';
import { parseFoundRoute } from '../../src/illumos/route.ts';
import { logOf, parseAppliedStatus, parseServiceStates, SETUP_SERVICE } from '../../src/illumos/svc-host.ts';
import { parseZones } from '../../src/illumos/zoneadm.ts';
import { formatAdditions, formatNewConfig, parseConfig, type ZoneConfig } from '../../src/illumos/zonecfg.ts';

const test = suite('answers that the host reads');

test('links come with class, MTU and the link they are over', () => {
  assert.is(formatCommand(showLinks()), '/usr/sbin/dladm show-link -p -o link,class,mtu,over');
  assert.equal(parseLinks('net0:phys:1500:\nzstub0:etherstub:9000:\nzrtr0:vnic:1500:zstub0\n'), [
    { name: 'net0', class: 'phys', mtu: 1500 },
    { name: 'zstub0', class: 'etherstub', mtu: 9000 },
    { name: 'zrtr0', class: 'vnic', mtu: 1500, over: 'zstub0' },
  ]);
  assert.equal(parseLinks(''), []);
});

test('links are made persistent, and their MTU set on its own', () => {
  const [name, over] = [parseLinkName('znic1'), parseLinkName('zstub0')];
  assert.is(formatCommand(createVnic({ name, over })), '/usr/sbin/dladm create-vnic -l zstub0 znic1');
  assert.is(formatCommand(setMtu(name, 1500)), '/usr/sbin/dladm set-linkprop -p mtu=1500 znic1');
});

// §11.5, and §5.2 for the escaped ":" and further fields.
test('zones come in every state, with or without an id and a uuid', () => {
  const stdout = [
    '0:global:running:/::ipkg:shared',
    '3:router0:running:/zones/router0:2f1c1f6e-4f2a-6a0f-9e0f-b1f6a1a1c001:ipkg:excl',
    '-:clientb:configured:/zones/client\\:b::lx:excl:extra',
    '',
  ].join('\n');
  assert.equal(parseZones(stdout), [
    { name: 'global', id: 0, state: 'running', zonepath: '/', brand: 'ipkg' },
    { name: 'router0', id: 3, state: 'running', zonepath: '/zones/router0', brand: 'ipkg' },
    { name: 'clientb', state: 'configured', zonepath: '/zones/client:b', brand: 'lx' },
  ]);
});

for (const line of ['router0', '3:router0:asleep:/z::ipkg:excl', 'x:router0:running:/z::ipkg:excl']) {
  test(`"${line}" is no line of zoneadm`, () => {
    assert.throws(
      () => parseZones(`${line}\n`),
      (error: { code?: string }) => error.code === 'OUTPUT_UNEXPECTED',
    );
  });
}

// §11.6
const EXPORT = `create -b
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
`;

test('an exported configuration is read, what is not ours passed over', () => {
  assert.equal(parseConfig(EXPORT), {
    brand: 'ipkg',
    zonepath: '/zones/router0',
    autoboot: false,
    ipType: 'exclusive',
    links: ['zext0', 'zrtr0'],
    filesystems: [
      { dir: '/etc/zone-net', special: '/var/lib/znet/router0', type: 'lofs', options: ['ro', 'nodevices'] },
    ],
    attributes: { 'znet-role': 'router' },
  });
});

test('without ip-type a zone is shared', () => {
  assert.is(parseConfig('create -b\nset zonepath=/zones/x\n').ipType, 'shared');
});

const CONFIG: ZoneConfig = {
  brand: 'ipkg',
  zonepath: '/zones/web1',
  autoboot: true,
  ipType: 'exclusive',
  links: ['znic1'],
  filesystems: [
    { dir: '/etc/zonenet/host', special: '/var/zonenet/zones/web1', type: 'lofs', options: ['ro', 'nodevices'] },
  ],
  attributes: { 'zonenet-id': 'x' },
};

test('a new configuration reads back the same', () => {
  assert.equal(parseConfig(formatNewConfig(CONFIG)), CONFIG);
});

test('every command of a new configuration is one that zonecfg takes', () => {
  const cases = JSON.parse(readFileSync('test/fixtures/conformance/zonecfg-grammar.json', 'utf8')) as {
    text: string;
    accepted: boolean;
    commands: string[];
  }[];
  // A file whose last line has no newline loses its last command without a word.
  assert.ok(formatNewConfig(CONFIG).endsWith('\nend\n'));
  assert.ok(formatAdditions(CONFIG).endsWith('\nend\n'));
  const known = cases.filter(({ accepted, commands }) => accepted && commands.length > 0).map(({ text }) => text);
  for (const sample of ['add options [ro,nodevices]\n', 'create -b\n']) assert.ok(known.includes(sample), sample);
});

for (const value of ['a"b', 'a\nb']) {
  test(`${JSON.stringify(value)} cannot be held by zonecfg`, () => {
    assert.throws(
      () => formatNewConfig({ ...CONFIG, zonepath: value }),
      (error: { code?: string }) => error.code === 'VALUE_INVALID',
    );
  });
}

test('states of services are read by FMRI, one that is changing with its star', () => {
  const stdout =
    'offline*       svc:/network/zonenet:default\ndisabled       svc:/network/zonenet-forwarding:default\n';
  assert.equal(
    [...parseServiceStates(stdout)],
    [
      ['svc:/network/zonenet:default', 'offline*'],
      ['svc:/network/zonenet-forwarding:default', 'disabled'],
    ],
  );
});

test('what a zone applied is read from its property group', () => {
  const stdout =
    'status/generation count 7\nstatus/verified boolean true\nstatus/message astring ""\nstatus/digest astring 5f1c\n';
  assert.equal(parseAppliedStatus(stdout), { generation: 7, verified: true });
  assert.equal(parseAppliedStatus('status/message astring Cannot\\ read\\ \\"x\\"\n'), {
    generation: 0,
    verified: false,
    message: 'Cannot read "x"',
  });
  assert.is(logOf(SETUP_SERVICE), '/var/svc/log/network-zonenet:default.log');
});

// §3.3: a blank at the end of each line, an empty column where a route has no interface.
test('destinations of routes are read, the default route is none', () => {
  const stdout = `
Routing Table: IPv4
  Destination            Gateway          Flags  Ref     Use     Interface
-------------------- -------------------- ----- ----- ---------- ---------
default              203.0.113.1          UG        2         15 zext0    
10.20.1.0            10.20.1.1            U         3        120 zrtr0    
127.0.0.1            127.0.0.1            UH        2         40 lo0      
`;
  assert.equal(parseRouteDestinations(stdout), ['10.20.1.0', '127.0.0.1']);
});

test('a found route tells the network it leads to', () => {
  const answer = (destination: string, mask: string) =>
    `   route to: 10.9.9.9\ndestination: ${destination}\n       mask: ${mask}\n    gateway: 10.0.0.1\n  interface: vnic0\n`;
  assert.is(parseFoundRoute(answer('default', 'default')), undefined);
  assert.equal(parseFoundRoute(answer('10.8.0.0', '255.252.0.0')), { address: '10.8.0.0', length: 14 });
});

test.run();
