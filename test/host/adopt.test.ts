// adopt: a network made by hand or by zap is recorded as it is; what does not match is refused by name.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseAddress } from '../../src/domain/address.ts';
import { parseLinkName, parseNetworkName } from '../../src/domain/names.ts';
import { parseInterfaceAddress, parsePrefix } from '../../src/domain/prefix.ts';
import { type AdoptRequest, planAdoption } from '../../src/host/adopt.ts';
import { createZone, createZones } from '../../src/host/create-zone.ts';
import { importRecords } from '../../src/host/import-records.ts';
import { rejects } from '../support/assertions.ts';
import { createFakeHost, type FakeHost } from '../support/fake-host.ts';
import { memberRequest, proxyRequest } from '../support/story.ts';

const test = suite('adopt');

const request = (overrides: Partial<AdoptRequest> = {}): AdoptRequest => ({
  name: parseNetworkName('back'),
  prefix: parsePrefix('10.2.0.0/24'),
  from: parseLinkName('zrstub0'),
  given: new Map(),
  routers: new Map(),
  left: [],
  ...overrides,
});

const nets = (links: readonly string[], more: readonly string[] = []) =>
  links.flatMap((link) => ['add net', `set physical="${link}"`, ...more, 'end']);

function addZone(fake: FakeHost, name: string, state: string, config: readonly string[], head = 'exclusive'): void {
  const globals = [`set zonepath=/export/zones/${name}`, 'set brand=ipkg', 'set autoboot=true', `set ip-type=${head}`];
  fake.zones.set(name, {
    state,
    generation: 0,
    config: [...globals, ...config],
    ...(state === 'running' ? { id: 5 } : {}),
  });
}

/** What a running zone says of itself. */
function saysInside(fake: FakeHost, zone: string, addresses: readonly string[], router: string): void {
  const said = (stdout: string) => ({ status: 0, timedOut: false, stdout: `${stdout}zonenet-end\n`, stderr: '' });
  const rows = ['lo0/v4:static:ok:127.0.0.1/8', ...addresses].map((row) => `${row}\n`).join('');
  fake.answers.set(`/usr/sbin/zlogin -n ${zone} /usr/sbin/ipadm`, said(rows));
  fake.answers.set(
    `/usr/sbin/zlogin -n ${zone} /usr/bin/netstat`,
    said(
      `IRE Table: IPv4\n  Destination  Mask  Gateway  Device  MTU  Ref Flg  Out  In/Fwd\n----\ndefault 0.0.0.0 ${router} znic0 1500 1 UG 0 0\n`,
    ),
  );
}

/** A proxy that runs, a member that runs, and a halted one with allowed-address. */
function byHand(): FakeHost {
  const fake = createFakeHost();
  fake.links.set('zrstub0', { class: 'etherstub', mtu: 9000 });
  for (const link of ['znic1', 'znic2', 'znic3']) fake.links.set(link, { class: 'vnic', mtu: 9000, over: 'zrstub0' });
  fake.links.set('znic0', { class: 'vnic', mtu: 1500, over: 'e1000g0' });
  addZone(fake, 'gate', 'running', nets(['znic0', 'znic1']));
  saysInside(fake, 'gate', ['znic0/v4:static:ok:203.0.113.5/24', 'znic1/v4:static:ok:10.2.0.1/24'], '203.0.113.1');
  addZone(fake, 'web1', 'running', nets(['znic2']));
  saysInside(fake, 'web1', ['znic2/v4:static:ok:10.2.0.2/24'], '10.2.0.1');
  const allowed = ['set allowed-address="10.2.0.7/24"', 'set defrouter="10.2.0.1"'];
  addZone(fake, 'db1', 'installed', nets(['znic3'], allowed));
  return fake;
}

const shape = (bundle: Awaited<ReturnType<typeof planAdoption>>) =>
  bundle.zones.map(({ name, role, origin, nics }) => [
    `${name} ${role} ${origin}`,
    ...nics.map(({ link, over, side, network, addresses, routers, mtu }) =>
      [link, over, side, network, addresses[0]?.address, routers.join(), mtu].join(' '),
    ),
  ]);

const WANTED = [
  ['db1 member attached', 'znic3 zrstub0 inside back 10.2.0.7 10.2.0.1 9000'],
  [
    'gate proxy attached',
    'znic0 e1000g0 outside  203.0.113.5 203.0.113.1 1500',
    'znic1 zrstub0 inside back 10.2.0.1  9000',
  ],
  ['web1 member attached', 'znic2 zrstub0 inside back 10.2.0.2 10.2.0.1 9000'],
];

test('a network made by hand is recorded as it is, and nothing live is changed', async () => {
  const fake = byHand();
  const bundle = await planAdoption(request(), fake.host);
  assert.equal(shape(bundle).sort(), WANTED);
  assert.equal(fake.changes, []);
  await importRecords(bundle, fake.host, 'adopt');
  assert.ok(
    fake.changes.every((change) => /^(write|remove) \/etc\/zonenet\//.test(change)),
    fake.changes.join(),
  );
  // It is somebody's now.
  assert.is((await rejects(async () => importRecords(bundle, fake.host, 'adopt'))).code, 'EXISTS');
});

test("zap's files tell etherstub, router and the addresses of halted zones", async () => {
  const fake = byHand();
  fake.files.set(
    '/var/zap/zones/rconfig.10.2.0',
    'interface: zrstub0\nshared-interface: snic0\ngateway: 10.2.0.1\nzone: gate\npublic-ip:  203.0.113.5\n',
  );
  fake.files.set('/var/zap/zones/zconfig.db1', 'zone: db1\naddress: 10.2.0.7\nparent_zone: gate\n');
  fake.links.set('snic0', { class: 'vnic', mtu: 9000, over: 'zrstub0' });
  fake.zones.get('db1')?.config.splice(-3, 2);
  assert.equal(shape(await planAdoption(request({ from: 'zap' }), fake.host)).sort(), WANTED);
  fake.files.set('/var/zap/zones/zconfig.web1', 'zone: web1\naddress: 10.2.0.99\n');
  const error = await rejects(() => planAdoption(request({ from: 'zap' }), fake.host));
  assert.ok(error.message.includes('zone "web1": znic2 has 10.2.0.2, but by zap 10.2.0.99'), error.message);
  assert.is(
    (await rejects(() => planAdoption(request({ from: 'zap', prefix: parsePrefix('10.3.0.0/16') }), fake.host))).code,
    'NOT_FOUND',
  );
});

test('what is given is taken before what is seen', async () => {
  const fake = byHand();
  fake.answers.clear();
  for (const zone of ['gate', 'web1']) Object.assign(fake.zones.get(zone) ?? {}, { state: 'installed' });
  const given = new Map(
    [
      ['znic0', '203.0.113.5/24'],
      ['znic1', '10.2.0.1/24'],
      ['znic2', '10.2.0.2/24'],
    ].map(([link = '', address = '']) => [link, parseInterfaceAddress(address)] as const),
  );
  const routers = new Map([['znic0', parseAddress('203.0.113.1')]]);
  assert.equal(shape(await planAdoption(request({ given, routers }), fake.host)).sort(), WANTED);
});

for (const [what, spoil, says] of [
  [
    'no etherstub',
    (fake) => fake.links.set('zrstub0', { class: 'phys', mtu: 1500 }),
    'zrstub0 is a link of class phys, not an etherstub',
  ],
  [
    'a link of nobody',
    (fake) => fake.links.set('mine0', { class: 'vnic', mtu: 1500, over: 'zrstub0' }),
    'mine0 over zrstub0: no zone has it',
  ],
  [
    'a halted zone without an address',
    (fake) => fake.zones.get('db1')?.config.splice(-3, 2),
    'zone "db1": the address of znic3 is not known: it does not run',
  ],
  [
    'an address of another network',
    (fake) => saysInside(fake, 'web1', ['znic2/v4:static:ok:10.9.0.2/24'], '10.2.0.1'),
    'zone "web1": 10.9.0.2/24 on znic2 is not of 10.2.0.0/24',
  ],
  [
    'two zones with one address',
    (fake) => saysInside(fake, 'web1', ['znic2/v4:static:ok:10.2.0.7/24'], '10.2.0.1'),
    'zone "web1" and zone "db1" both have 10.2.0.7',
  ],
  [
    'another default router',
    (fake) => saysInside(fake, 'web1', ['znic2/v4:static:ok:10.2.0.2/24'], '10.2.0.9'),
    'zone "web1": its default router is 10.2.0.9, not 10.2.0.1',
  ],
  [
    'two zones with one link',
    (fake) => addZone(fake, 'web9', 'installed', nets(['znic2'])),
    'zones "web1" and "web9" both have it',
  ],
  [
    'a zone that shares the stack of the host',
    (fake) => addZone(fake, 'db1', 'installed', nets(['znic3']), 'shared'),
    'zone "db1": it shares the host\'s IP stack; -l znic3 leaves it as it is',
  ],
  [
    'a member that leads outside',
    (fake) => {
      fake.links.set('znic9', { class: 'vnic', mtu: 1500, over: 'e1000g0' });
      fake.zones.get('web1')?.config.push(...nets(['znic9'], ['set allowed-address="203.0.113.9/24"']));
    },
    'zone "web1": its link znic9 leads outside',
  ],
] as readonly (readonly [string, (fake: FakeHost) => unknown, string])[]) {
  test(`${what} is refused by name`, async () => {
    const fake = byHand();
    spoil(fake);
    const error = await rejects(() => planAdoption(request(), fake.host));
    assert.is(error.code, 'NOT_OURS');
    assert.ok(error.message.includes(says), error.message);
  });
}

/** A network whose router is the host itself, as people with one public address make it. */
function byHost(): FakeHost {
  const fake = byHand();
  fake.zones.delete('gate');
  fake.addresses.push(['znic1/v4', '10.2.0.1/24']);
  return fake;
}

test('where the host itself is the router it stays so, and nobody gets what it has there', async () => {
  const fake = byHost();
  fake.links.set('admin0', { class: 'vnic', mtu: 9000, over: 'zrstub0' });
  fake.addresses.push(['admin0/v4', '10.2.0.3/24']);
  fake.routes.push(['10.2.0.0', '10.2.0.3']);
  const unnamed = await rejects(() => planAdoption(request(), fake.host));
  assert.ok(unnamed.message.includes('admin0 over zrstub0: no zone has it'), unnamed.message);
  const adopted = await planAdoption(request({ left: ['admin0'] }), fake.host);
  assert.equal(
    shape(adopted).sort(),
    WANTED.filter(([zone]) => !zone?.startsWith('gate')),
  );
  assert.equal([adopted.left.hostRouter, adopted.left.links], ['znic1', ['admin0', 'znic1']]);
  await importRecords(adopted, fake.host, 'adopt', adopted.left.links);
  const { address } = (await createZone(memberRequest('web9'), fake.host)).nics[0]?.addresses[0] ?? {};
  assert.is(address, '10.2.0.4');
  const twice = await rejects(() => createZone(proxyRequest(), fake.host));
  assert.is(twice.code, 'ADDRESS_TAKEN');
  assert.ok(twice.message.includes('the host itself has 10.2.0.1, as znic1/v4'), twice.message);
});

test("what zap's global-router made is adopted, where the host is the router as it says", async () => {
  const fake = byHost();
  const file = '/var/zap/zones/rconfig.10.2.0';
  fake.files.set(file, 'interface: zrstub0\nshared-interface: snic0\ngateway: 10.2.0.1\nzone: global\n');
  fake.links.set('snic0', { class: 'vnic', mtu: 9000, over: 'zrstub0' });
  assert.is((await planAdoption(request({ from: 'zap' }), fake.host)).left.hostRouter, 'znic1');
  fake.addresses.pop();
  fake.links.delete('znic1');
  const gone = await rejects(() => planAdoption(request({ from: 'zap' }), fake.host));
  assert.ok(gone.message.includes('its router should be the host itself, but no zone has 10.2.0.1'), gone.message);
});

test('zones that share the stack of the host stay, and nobody gets what they have', async () => {
  const fake = byHand();
  fake.files.set(
    '/var/zap/zones/rconfig.10.2.0',
    'interface: zrstub0\nshared-interface: snic0\ngateway: 10.2.0.1\nzone: gate\n',
  );
  fake.links.set('snic0', { class: 'vnic', mtu: 9000, over: 'zrstub0' });
  addZone(fake, 'old1', 'running', nets(['snic0'], ['set address="10.2.0.3/24"']), 'shared');
  addZone(fake, 'old2', 'installed', nets(['snic0'], ['set address="10.2.0.5"']), 'shared');
  // As a host lists them that shows the addresses of all zones.
  fake.addresses.push(['snic0/?', '10.2.0.3/24']);
  const adopted = await planAdoption(request({ from: 'zap' }), fake.host);
  assert.equal(shape(adopted).sort(), WANTED);
  assert.equal(adopted.left.addresses, [
    { zone: 'old1', address: '10.2.0.3' },
    { zone: 'old2', address: '10.2.0.5' },
  ]);
  await importRecords(adopted, fake.host, 'adopt', adopted.left.links);
  const given = (await createZones([memberRequest('web8'), memberRequest('web9')], fake.host)).zones;
  assert.equal(
    given.map(({ nics }) => nics[0]?.addresses[0]?.address),
    ['10.2.0.4', '10.2.0.6'],
  );
});

test('what a zone has that shares the stack of the host cannot be that of another', async () => {
  const fake = byHand();
  fake.links.set('snic0', { class: 'vnic', mtu: 9000, over: 'zrstub0' });
  const outside = nets(['e1000g0'], ['set address="203.0.113.8/24"']);
  const inside = nets(['snic0'], ['set address="10.2.0.7/24"']);
  addZone(fake, 'old2', 'installed', [...outside, ...inside], 'shared');
  const unnamed = await rejects(() => planAdoption(request(), fake.host));
  assert.ok(unnamed.message.includes('zone "old2": it shares the host\'s IP stack; -l snic0 leaves'), unnamed.message);
  const twice = await rejects(() => planAdoption(request({ left: ['snic0'] }), fake.host));
  assert.ok(twice.message.includes('zone "old2" and zone "db1" both have 10.2.0.7'), twice.message);
});

test('a host and a zone that are both the router, or an address of another length, are told', async () => {
  const fake = byHand();
  fake.links.set('host0', { class: 'vnic', mtu: 9000, over: 'zrstub0' });
  fake.addresses.push(['host0/v4', '10.2.0.1/16']);
  const { message } = await rejects(() => planAdoption(request(), fake.host));
  assert.ok(message.includes('the host itself has 10.2.0.1/16 on host0, which is not of 10.2.0.0/24'), message);
  assert.ok(message.includes('the host itself and zone "gate" both have 10.2.0.1'), message);
});

test('a link can be left to whom it belongs', async () => {
  const fake = byHand();
  fake.links.set('mine0', { class: 'vnic', mtu: 1500, over: 'zrstub0' });
  assert.is((await planAdoption(request({ left: ['mine0'] }), fake.host)).zones.length, 3);
});

test('an answer that was cut off is none', async () => {
  const fake = byHand();
  fake.answers.set('/usr/sbin/zlogin -n web1 /usr/sbin/ipadm', {
    status: 0,
    timedOut: false,
    stdout: 'znic2/v4:st',
    stderr: '',
  });
  const error = await rejects(() => planAdoption(request(), fake.host));
  assert.ok(error.message.includes('zone "web1": the address of znic2 is not known'), error.message);
});

test.run();
