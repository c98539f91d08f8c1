// check: what is not as recorded, item by item; and that repair leaves nothing of it.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseZoneName } from '../../src/domain/names.ts';
import { deleteZone } from '../../src/host/delete-zone.ts';
import { findDrift } from '../../src/host/drift.ts';
import { sync } from '../../src/host/sync.ts';
import { rejects } from '../support/assertions.ts';
import type { FakeHost } from '../support/fake-host.ts';
import { hostWith } from '../support/story.ts';

const test = suite('check');

const told = async (fake: FakeHost) =>
  (await findDrift(fake.host)).map(({ of, item, expected, found }) => [of, item, expected, found].join(' | '));

const METADATA = '/var/zonenet/zones/web1/metadata.ini';

const CASES: readonly [what: string, spoil: (fake: FakeHost) => unknown, wanted: readonly string[]][] = [
  [
    'a missing link',
    (fake) => fake.links.delete('znic1'),
    ['zone "web1" | link znic1 | vnic over zstub0, mtu 1500 | missing'],
  ],
  [
    'a wrong MTU',
    (fake) => Object.assign(fake.links.get('znic1') ?? {}, { mtu: 9000 }),
    ['zone "web1" | link znic1 | vnic over zstub0, mtu 1500 | vnic over zstub0, mtu 9000'],
  ],
  [
    'a link without protection',
    (fake) => Object.assign(fake.links.get('znic1') ?? {}, { protection: 'restricted' }),
    [
      'zone "web1" | protection of znic1 | mac-nospoof,restricted,ip-nospoof,dhcp-nospoof 10.2.0.2/32 | restricted 10.2.0.2/32',
    ],
  ],
  [
    'missing metadata',
    (fake) => fake.files.delete(METADATA),
    [`zone "web1" | metadata ${METADATA} | generation 2 | missing`],
  ],
  [
    'metadata that cannot be read',
    (fake) => fake.files.set(METADATA, 'x'),
    [`zone "web1" | metadata ${METADATA} | generation 1 | generation 1: the file there cannot be read`],
  ],
  [
    'metadata with a quote too many',
    (fake) => {
      const file = '/var/zonenet/zones/proxy/metadata.ini';
      fake.files.set(file, (fake.files.get(file) ?? '').replace('[end]\n', '[forward.web1]\nrdr[] = "tcp\n\n[end]\n'));
    },
    [
      'zone "proxy" | metadata /var/zonenet/zones/proxy/metadata.ini | generation 3 | generation 2 → 3: without forward "tcp',
    ],
  ],
  [
    'a mount and a link that the configuration lost',
    (fake) => {
      const config = fake.zones.get('web1')?.config ?? [];
      config.splice(config.indexOf('add fs'), 6);
      config.splice(config.indexOf('add net'), 3);
    },
    ['zone "web1" | configuration | net znic1, fs /etc/zonenet/host | missing'],
  ],
  [
    'a zone that its administrator has moved',
    (fake) => {
      const config = fake.zones.get('web1')?.config ?? [];
      config.splice(config.indexOf('set zonepath="/zones/web1"'), 1, 'set zonepath="/pool2/web1"');
    },
    ['zone "web1" | zonepath | /zones/web1 | /pool2/web1'],
  ],
  [
    'metadata not applied',
    (fake) => Object.assign(fake.zones.get('proxy') ?? {}, { generation: 1, id: 77 }),
    ['zone "proxy" | applied | ok (2) | behind (1 of 2)'],
  ],
  [
    'a first boot whose end was not seen',
    (fake) => {
      const file = '/etc/zonenet/zones/web1.ini';
      fake.files.set(file, (fake.files.get(file) ?? '').replace('boot-pending = no', 'boot-pending = yes'));
    },
    ['zone "web1" | record | ready | its first boot was not waited for'],
  ],
  [
    'a deletion that was cut off',
    (fake) => {
      const file = '/etc/zonenet/zones/web1.ini';
      fake.files.set(file, (fake.files.get(file) ?? '').replace('state = ready', 'state = deleting'));
    },
    [
      'zone "proxy" | metadata /var/zonenet/zones/proxy/metadata.ini | generation 3 | generation 2 → 3: without web1',
      'zone "web1" | record | gone | deleting',
    ],
  ],
];

for (const [what, spoil, wanted] of CASES) {
  test(`${what} is found, and mended`, async () => {
    const fake = await hostWith('back', 'proxy', 'web1');
    assert.equal(await told(fake), []);
    spoil(fake);
    assert.equal(await told(fake), wanted);
    assert.equal(fake.changes, []);
    const { faults } = await sync(fake.host);
    assert.equal(faults, []);
    assert.equal(await told(fake), []);
  });
}

test('an etherstub and all over it come back', async () => {
  const fake = await hostWith('back', 'proxy', 'web1');
  for (const link of ['zstub0', 'znic0', 'znic1']) fake.links.delete(link);
  assert.equal(await told(fake), [
    'network "back" | link zstub0 | etherstub | missing',
    'zone "proxy" | link znic0 | vnic over zstub0, mtu 1500 | missing',
    'zone "web1" | link znic1 | vnic over zstub0, mtu 1500 | missing',
  ]);
  await sync(fake.host);
  assert.equal(await told(fake), []);
});

test("what only a person can mend is told, and somebody else's is left alone", async () => {
  const fake = await hostWith('back', 'proxy', 'web1', 'db1');
  fake.links.set('znic1', { class: 'vnic', mtu: 1500, over: 'e1000g0' });
  fake.zones.delete('db1');
  fake.method = (zone) => (zone === 'proxy' ? 'ipnat: it is bad' : undefined);
  fake.zones.set('web1', { state: 'running', id: 9, generation: 1, config: ['set zonepath=/zones/web1'] });
  const before = JSON.stringify([...fake.links, ...fake.zones]);
  const drifts = await findDrift(fake.host, true);
  assert.equal(
    drifts.map(({ of, item, found, fault, plan }) => [of, item, found, fault?.code, plan.length]),
    [
      ['zone "web1"', 'link znic1', 'vnic over e1000g0, mtu 1500', 'NOT_OURS', 0],
      ['zone "db1"', 'zone', 'missing', 'DRIFT', 0],
      ['zone "web1"', 'configuration', 'another zone of that name', 'NOT_OURS', 0],
      ['zone "proxy"', 'applied', 'maintenance: ipnat: it is bad', 'NOT_APPLIED', 0],
    ],
  );
  assert.ok(drifts[1]?.fault?.hint?.includes('znetadm delete-zone db1'));
  const { faults } = await sync(fake.host);
  assert.is(faults.length, 4);
  assert.is(JSON.stringify([...fake.links, ...fake.zones]), before);
});

const [SETUP, FORWARDING] = ['svc:/network/zonenet:default', 'svc:/network/zonenet-forwarding:default'];
for (const [setup, forwarding, look, mend] of [
  ['maintenance', 'offline', SETUP, `clear ${SETUP}`],
  ['online', 'maintenance', FORWARDING, `clear ${FORWARDING}`],
  ['online', 'disabled', FORWARDING, `refresh ${SETUP}`],
  ['disabled', 'maintenance', SETUP, `refresh ${SETUP}`],
] as const) {
  test(`set-up is ${setup}, forwarding ${forwarding}: look at ${look}, then ${mend}`, async () => {
    const fake = await hostWith('back', 'proxy');
    const rows = [`${setup} ${SETUP}`, `${forwarding} ${FORWARDING}`];
    const answer = (stdout: string) => ({ status: 0, timedOut: false, stdout, stderr: '' });
    fake.answers.set('/usr/bin/svcs -Z', answer(rows.map((row) => `${row} proxy\n`).join('')));
    fake.answers.set('/usr/bin/svcs -z proxy', answer(rows.map((row) => `${row}\n`).join('')));
    const [drift, ...more] = await findDrift(fake.host, true);
    assert.equal(more, []);
    const lines = drift?.fault?.hint?.split('\n') ?? [];
    assert.match(lines[0] ?? '', look);
    assert.is(lines[2], `after mending:   /usr/sbin/svcadm -z proxy ${mend}`);
  });
}

test('a zone that was renamed is told by its new name, and keeps what it was given', async () => {
  const fake = await hostWith('back', 'proxy', 'web1');
  const zone = fake.zones.get('web1');
  assert.ok(zone);
  await fake.system.run({ program: '/usr/sbin/zoneadm', args: ['-z', 'web1', 'halt'] });
  fake.zones.delete('web1');
  fake.zones.set('web9', zone);
  // Another's zone that cannot be asked keeps nothing from being told.
  fake.zones.set('theirs', { state: 'installed', generation: 0, config: ['set zonepath=/zones/theirs'] });
  fake.answers.set('/usr/sbin/zonecfg -z theirs export', { status: 1, timedOut: false, stdout: '', stderr: 'no' });
  assert.ok((await told(fake)).includes('zone "web1" | zone | web1 | called web9'));
  fake.changes.splice(0);
  const error = await rejects(() => deleteZone(parseZoneName('web1'), false, fake.host));
  assert.is(error.message, 'Cannot delete zone "web1": it is called "web9" now');
  assert.match(error.hint ?? '', /zonecfg -z web9 set zonename=web1/);
  assert.equal(fake.changes, []);
  fake.zones.delete('web9');
  fake.zones.set('web1', zone);
  assert.equal(await told(fake), []);
});

test('the second look asks nothing of zones that are in order', async () => {
  const fake = await hostWith('back', 'proxy', 'web1', 'db1');
  const asked: string[] = [];
  const { run } = fake.system;
  fake.system.run = async (command) => {
    asked.push([command.program.replace(/.*\//, ''), command.args[0]].join(' '));
    return await run(command);
  };
  await findDrift(fake.host);
  assert.is(asked.length, 4 + 3 + 3);
  asked.splice(0);
  assert.equal(await told(fake), []);
  assert.equal(asked.sort(), ['dladm show-link', 'dladm show-linkprop', 'svcs -Z', 'zoneadm list']);
  asked.splice(0);
  // The net resource, before the attribute that is last.
  fake.zones.get('web1')?.config.splice(-8, 3);
  assert.is((await told(fake)).length, 1);
  assert.equal(asked.sort(), ['dladm show-link', 'dladm show-linkprop', 'svcs -Z', 'zoneadm list', 'zonecfg -z']);
  asked.splice(0);
  await findDrift(fake.host, true);
  assert.is(asked.length, 4 + 3 + 3);
});

test('beside a damaged record the others are checked and deleted', async () => {
  const fake = await hostWith('back', 'proxy', 'web1', 'db1');
  fake.files.set('/etc/zonenet/zones/web1.ini', 'format = 2\n');
  fake.links.delete('znic2');
  const drifts = await findDrift(fake.host);
  assert.equal(
    drifts.map(({ of, item }) => `${of} ${item}`),
    ['host record /etc/zonenet/zones/web1.ini', 'zone "db1" link znic2'],
  );
  await deleteZone(parseZoneName('db1'), false, fake.host);
  assert.not(fake.zones.has('db1'));
  // What cannot be read may be a member: the proxy goes on with it.
  assert.ok(fake.files.get('/var/zonenet/zones/proxy/metadata.ini')?.includes('[member.web1]'));
  assert.is((await rejects(() => deleteZone(parseZoneName('proxy'), true, fake.host))).code, 'RECORD_INVALID');
});

test.run();
