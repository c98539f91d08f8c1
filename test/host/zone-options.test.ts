// What kind of zone is made: brand, template, commands of the operator's own, copies, zones without our method.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseZoneName } from '../../src/domain/names.ts';
import { parseConfigLines } from '../../src/domain/zone-config-lines.ts';
import { createZone } from '../../src/host/create-zone.ts';
import { deleteZone } from '../../src/host/delete-zone.ts';
import { observeShownZones } from '../../src/host/show-zones.ts';
import { readRecords } from '../../src/host/store.ts';
import { planSync } from '../../src/host/sync.ts';
import type { ZoneRequest } from '../../src/host/zone-request.ts';
import { refusal, rejects } from '../support/assertions.ts';
import type { FakeHost } from '../support/fake-host.ts';
import { hostWith, memberRequest } from '../support/story.ts';

const test = suite('kinds of zones');

const request = (name: string, overrides: Partial<ZoneRequest>) => memberRequest(name, undefined, overrides);
const commands = (fake: FakeHost) =>
  fake.changes
    .filter((change) => change.startsWith('/'))
    .map((change) => change.replace(/^\/usr\/s?bin\//, '').replace(/ \/(var|opt)\/\S+/, ''));

test('a brand that this host has not is refused by name, before anything is made', async () => {
  const fake = await hostWith('back');
  for (const brand of ['ipkg', 'lx']) fake.files.set(`/usr/lib/brand/${brand}/config.xml`, '');
  for (const directory of [
    '/usr',
    '/usr/lib',
    '/usr/lib/brand',
    '/usr/lib/brand/ipkg',
    '/usr/lib/brand/lx',
    '/usr/lib/brand/old',
  ])
    fake.directories.add(directory);
  const error = await rejects(() => createZone(memberRequest('guest', undefined, { brand: 'old' }), fake.host));
  assert.is(error.message, 'Cannot create zone "guest": this host has no brand "old"');
  assert.match(error.hint ?? '', /^It has ipkg, lx\n/);
  assert.equal(fake.changes, []);
  await createZone(memberRequest('guest', undefined, { brand: 'lx' }), fake.host);
});

for (const brand of ['lx', 'bhyve']) {
  test(`a zone of brand ${brand} gets link, address and record; nothing is published or waited for`, async () => {
    const fake = await hostWith('back', 'proxy');
    fake.method = (zone) => (zone === 'guest' ? 'has no SMF' : undefined);
    const record = await createZone(request('guest', { brand }), fake.host);
    assert.equal([record.bootPending, record.nics[0]?.addresses[0]?.address], [false, '10.2.0.2']);
    const mac = record.nics[0]?.mac;
    assert.equal(
      commands(fake).filter((command) => !command.includes('linkprop')),
      [
        `dladm create-vnic -l zstub0 -m ${mac} znic1`,
        'zonecfg -z guest -f',
        'svcadm -z proxy refresh svc:/network/zonenet:default',
        'zoneadm -z guest install',
        'zoneadm -z guest boot',
      ],
    );
    assert.not.ok(fake.files.has('/var/zonenet/zones/guest/metadata.ini'));
    assert.not.ok(fake.zones.get('guest')?.config.includes('add fs'));
    assert.ok(
      fake.files.get('/var/zonenet/zones/proxy/metadata.ini')?.includes('[member.guest]\naddress[] = 10.2.0.2\n'),
    );
    const { zones } = await readRecords(fake.system);
    const [shown] = await observeShownZones(
      zones.filter(({ name }) => name === 'guest'),
      'applied',
      fake.system,
    );
    assert.equal([shown?.state, shown?.applied], ['running', '']);
    assert.equal(await planSync(fake.host), { plan: [], faults: [] });
    await deleteZone(parseZoneName('guest'), false, fake.host);
    assert.not.ok(fake.links.has('znic1'));
  });
}

test('a zone that shares the stack of the host has its address in its configuration', async () => {
  const fake = await hostWith('back', 'proxy');
  await createZone(request('old', { ipType: 'shared' }), fake.host);
  const config = fake.zones.get('old')?.config ?? [];
  assert.ok(config.includes('set ip-type=shared'));
  const at = config.indexOf('add net');
  assert.equal(config.slice(at, at + 5), [
    'add net',
    'set address="10.2.0.2/24"',
    'set physical="znic1"',
    'set defrouter="10.2.0.1"',
    'end',
  ]);
  // zoneadmd adds the address to an interface that the global zone has plumbed.
  assert.ok(fake.changes.includes('/usr/sbin/ipadm create-if znic1'));
  await deleteZone(parseZoneName('old'), false, fake.host);
  assert.ok(fake.changes.includes('/usr/sbin/ipadm delete-if znic1'));
});

test("an operator's own commands go between ours, which end the configuration", async () => {
  const fake = await hostWith('back');
  const extra = parseConfigLines(
    '# more\nset cpu-shares=10\n\nadd attr\n  set name=comment\n  set type=string\n  set value="a; b"\nend\n',
    'f',
  );
  await createZone(request('web1', { template: 'SUNWlx', extra }), fake.host);
  assert.equal(fake.zones.get('web1')?.config.slice(-11), [
    'set cpu-shares=10',
    'add attr',
    'set name=comment',
    'set type=string',
    'set value="a; b"',
    'end',
    'add attr',
    'set name="zonenet-role"',
    'set type="string"',
    'set value="member"',
    'end',
  ]);
  const { zones } = await readRecords(fake.system);
  assert.equal([zones[0]?.template, zones[0]?.extra], ['SUNWlx', extra]);
});

test('a template with links of its own is refused', async () => {
  const fake = await hostWith('back', 'web1');
  const error = await rejects(() => createZone(request('web2', { template: 'web1' }), fake.host));
  assert.is(error.code, 'IN_USE');
  assert.equal(fake.changes, []);
});

test('what is left uninstalled is installed by the same command later', async () => {
  const fake = await hostWith('back');
  const record = await createZone(request('web1', { install: false }), fake.host);
  assert.equal([record.state, record.bootPending, fake.zones.get('web1')?.state], ['ready', false, 'configured']);
  assert.equal(await planSync(fake.host), { plan: [], faults: [] });
  await createZone(request('web1', {}), fake.host);
  assert.is(fake.zones.get('web1')?.state, 'running');
  assert.equal(await planSync(fake.host), { plan: [], faults: [] });
  assert.is((await rejects(() => createZone(request('web1', {}), fake.host))).code, 'EXISTS');
});

test('a copy is cloned, has facts of its own, and nothing is written below its root', async () => {
  const fake = await hostWith('back', 'proxy');
  await createZone(request('golden', { boot: false }), fake.host);
  fake.changes.splice(0);
  const copy = await createZone(request('web1', { cloneOf: parseZoneName('golden') }), fake.host);
  assert.is(copy.nics[0]?.addresses[0]?.address, '10.2.0.3');
  assert.ok(fake.changes.includes('/usr/sbin/zoneadm -z web1 clone golden'));
  assert.not.ok(fake.changes.some((change) => change.includes('svccfg')));
  const facts = fake.files.get('/var/zonenet/zones/web1/metadata.ini') ?? '';
  assert.ok(facts.includes('zone = web1\n') && facts.includes('10.2.0.3/24'), facts);
});

for (const [what, source, code] of [
  ['is not there', 'nobody', 'NOT_OURS'],
  ['runs', 'web1', 'NOT_FOUND'],
  ['somebody else made', 'mail', 'NOT_OURS'],
] as const) {
  test(`a zone that ${what} is not copied`, async () => {
    const fake = await hostWith('back', 'web1');
    fake.zones.set('mail', {
      state: 'installed',
      generation: 0,
      config: ['set zonepath=/zones/mail', 'set brand=ipkg'],
    });
    const error = await rejects(() => createZone(request('copy', { cloneOf: parseZoneName(source) }), fake.host));
    assert.is(error.code, code);
    assert.ok(error.hint);
    assert.equal(fake.changes, []);
  });
}

for (const [line, why] of [
  ['set zonepath=/x', 'znetadm sets zonepath'],
  ['set ip-type = shared', 'znetadm sets ip-type'],
  ['create -b', 'none of'],
  ['commit', 'none of'],
  ['remove net', 'none of'],
  ['exit', 'none of'],
  ['set bootargs="a', 'a quote does not close'],
  ['set bootargs=a; delete -F', 'outside of quotes'],
  ['set bootargs=a # b', 'outside of quotes'],
  ['set bootargs=a\u0000b', 'control character'],
  ['end', 'nothing was begun'],
  ['add attr', 'has no "end"'],
  ['add attr\nset name="zonenet-id"\nset type=string\nset value=x\nend', 'are ours'],
] as const) {
  test(`${JSON.stringify(line)} is not given to zonecfg`, () => {
    const error = refusal(() => parseConfigLines(`set cpu-shares=1\n${line}\n`, 'more.cfg'));
    assert.is(error.code, 'VALUE_INVALID');
    assert.ok(error.message.startsWith('more.cfg:') && error.message.includes(why), error.message);
  });
}

test.run();
