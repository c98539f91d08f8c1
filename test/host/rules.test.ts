// Rules of packet filters: what is recorded, refused, told to zones, and what becomes of them when zones and networks change.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseGroupName, parseNetworkName, parseZoneName } from '../../src/domain/names.ts';
import { parsePrefix } from '../../src/domain/prefix.ts';
import { parseReservation } from '../../src/domain/reservation.ts';
import { parseRule } from '../../src/domain/rule.ts';
import { createZone } from '../../src/host/create-zone.ts';
import { deleteZone } from '../../src/host/delete-zone.ts';
import { findDrift } from '../../src/host/drift.ts';
import { exportRecords, importRecords } from '../../src/host/import-records.ts';
import { addRule, deleteRules, planAddRule } from '../../src/host/rules.ts';
import { setNetwork } from '../../src/host/set-network.ts';
import { setZone } from '../../src/host/set-zone.ts';
import { ruleRows } from '../../src/host/show-rules.ts';
import { readRecords } from '../../src/host/store.ts';
import { planSync, sync } from '../../src/host/sync.ts';
import { parseBundle } from '../../src/ini/bundle.ts';
import { rejects } from '../support/assertions.ts';
import type { FakeHost } from '../support/fake-host.ts';
import { hostWith, memberRequest } from '../support/story.ts';

const test = suite('rules of zones');

const asked = (rule: string, number?: number, zone = 'proxy') => ({
  zone: parseZoneName(zone),
  rule: parseRule(rule),
  ...(number === undefined ? {} : { number }),
});
const groups = (zone: string, add: readonly string[], remove: readonly string[] = []) => ({
  zone: parseZoneName(zone),
  add: add.map(parseGroupName),
  remove: remove.map(parseGroupName),
  links: new Map(),
  addresses: new Map(),
  routers: [],
  vars: {},
  unset: [],
});
const lines =
  (file: 'record' | 'metadata') =>
  (fake: FakeHost, zone = 'proxy') =>
    (
      fake.files.get(
        file === 'record' ? `/etc/zonenet/zones/${zone}.ini` : `/var/zonenet/zones/${zone}/metadata.ini`,
      ) ?? ''
    ).match(/(?<=^rule\[\] = ).*$/gm) ?? [];
const [recorded, told] = [lines('record'), lines('metadata')];
const inOrder = async (fake: FakeHost) => assert.equal(await planSync(fake.host), { plan: [], faults: [] });
const SSH = 'allow in tcp from any to self port 22 note ssh';
const MAIL = 'block in tcp from zone:web1 to any port 25';

test('a rule is in the record by names, and the zone is told addresses and refreshed', async () => {
  const fake = await hostWith('back', 'proxy', 'web1');
  await addRule(asked(SSH), fake.host);
  await addRule(asked(MAIL), fake.host);
  assert.equal(recorded(fake), [SSH, MAIL]);
  assert.equal(told(fake), [
    'allow in tcp from any to 203.0.113.5/32,10.2.0.1/32 port 22 note ssh',
    'block in tcp from 10.2.0.2/32 to any port 25',
  ]);
  assert.equal(
    fake.changes.slice(-3).map((change) => change.replace(/ svc:.*/, '')),
    [
      'write /etc/zonenet/zones/proxy.ini',
      'write /var/zonenet/zones/proxy/metadata.ini',
      '/usr/sbin/svcadm -z proxy refresh',
    ],
  );
  await inOrder(fake);
});

test('rules have an order; one moves, and several go by their numbers', async () => {
  const fake = await hostWith('back', 'proxy', 'web1');
  for (const rule of [SSH, MAIL, 'block in from any to any']) await addRule(asked(rule), fake.host);
  await addRule(asked('allow in udp from any to self port 123', 2), fake.host);
  await addRule(asked(MAIL, 1), fake.host);
  assert.equal(recorded(fake), [MAIL, SSH, 'allow in udp from any to self port 123', 'block in from any to any']);
  await deleteRules(parseZoneName('proxy'), [2, 4], fake.host);
  assert.equal(recorded(fake), [MAIL, 'allow in udp from any to self port 123']);
  await deleteRules(parseZoneName('proxy'), parseRule(MAIL), fake.host);
  assert.equal(recorded(fake), ['allow in udp from any to self port 123']);
  await inOrder(fake);
});

test('what is refused says why, and changes nothing', async () => {
  const fake = await hostWith('back', 'proxy', 'web1', 'db1');
  await addRule(asked(SSH), fake.host);
  fake.changes.length = 0;
  for (const [request, code, why] of [
    [asked(SSH), 'EXISTS', 'as number 1'],
    [asked(MAIL, 3), 'VALUE_INVALID', 'as number 3: it has 1'],
    [asked('block in from zone:gone to any'), 'NOT_FOUND', 'gone'],
    [asked('block in from network:gone to any'), 'NOT_FOUND', 'gone'],
    [asked('block in from group:gone to any'), 'NOT_FOUND', 'group:gone'],
    [asked('block out from zone:web1 to any'), 'VALUE_INVALID', 'judged by "in"'],
    [asked('block in from fd00::/8 to zone:web1'), 'VALUE_INVALID', 'no family in common'],
    [asked('allow in from any to zone:db1', undefined, 'web1'), 'VALUE_INVALID', 'web1 is none of those it goes to'],
    [asked(SSH, undefined, 'nobody'), 'NOT_FOUND', 'nobody'],
  ] as const) {
    const error = await rejects(() => planAddRule(request, fake.host));
    assert.is(error.code, code, why);
    assert.match(error.message, why);
  }
  assert.is((await rejects(() => deleteRules(parseZoneName('proxy'), [1, 2], fake.host))).code, 'NOT_FOUND');
  const other = parseRule('block in from any to any');
  assert.is((await rejects(() => deleteRules(parseZoneName('proxy'), other, fake.host))).code, 'NOT_FOUND');
  assert.equal(fake.changes, []);
});

test('groups change whom rules stand for, and those whose rules name them are told at once', async () => {
  const fake = await hostWith('back', 'proxy', 'web1', 'db1');
  await setZone(groups('web1', ['web']), fake.host);
  await addRule(asked('block in tcp from group:web to any port 25'), fake.host);
  await setZone(groups('db1', ['web', 'db']), fake.host);
  assert.equal(told(fake), ['block in tcp from 10.2.0.3/32,10.2.0.2/32 to any port 25']);
  await setZone(groups('web1', [], ['web']), fake.host);
  assert.equal(told(fake), ['block in tcp from 10.2.0.3/32 to any port 25']);
  await createZone(memberRequest('web2', undefined, { groups: [parseGroupName('web')] }), fake.host);
  assert.equal(told(fake), ['block in tcp from 10.2.0.3/32,10.2.0.4/32 to any port 25']);
  fake.changes.length = 0;
  await setZone(groups('db1', ['db']), fake.host);
  assert.equal(fake.changes, []);
  await inOrder(fake);
});

test('a rule stays when its zone goes, stands for nobody, and check says so; a new zone of that name has it again', async () => {
  const fake = await hostWith('back', 'proxy', 'web1');
  await addRule(asked(MAIL), fake.host);
  await deleteZone(parseZoneName('web1'), false, fake.host);
  assert.equal(told(fake), ['block in tcp from none to any port 25']);
  const [drift, ...more] = await findDrift(fake.host);
  assert.equal(more, []);
  assert.equal([drift?.item, drift?.found, drift?.plan], ['rule 1', 'zone:web1 stands for nobody', []]);
  assert.match(drift?.fault?.hint ?? '', 'znetadm delete-rule proxy 1');
  await createZone(memberRequest('web1'), fake.host);
  assert.equal(told(fake), ['block in tcp from 10.2.0.2/32 to any port 25']);
  await inOrder(fake);
});

test('an address that is written out stays when its zone goes, and check says so before another zone gets it', async () => {
  const fake = await hostWith('back', 'proxy', 'web1');
  const rule = 'allow in tcp from 10.2.0.2 to self port 22';
  await addRule(asked(rule), fake.host);
  await inOrder(fake);
  await deleteZone(parseZoneName('web1'), false, fake.host);
  const [drift, ...more] = await findDrift(fake.host);
  assert.equal(more, []);
  assert.equal([drift?.item, drift?.found], ['rule 1', 'nobody on network back has 10.2.0.2']);
  await deleteRules(parseZoneName('proxy'), [1], fake.host);
  const error = await rejects(() => addRule(asked(rule), fake.host));
  assert.match(error.message, 'it would never match: nobody on network back has 10.2.0.2');
  // The router, all of the network, what is reserved, and what is outside.
  const change = { reservations: [parseReservation('10.2.0.50')], routers: [], vars: {}, unset: [] };
  await setNetwork(parseNetworkName('back'), change, fake.host);
  for (const who of ['10.2.0.0/25', '10.2.0.1', '10.2.0.48/28', '10.9.0.2', '10.0.0.0/8']) {
    await addRule(asked(rule.replace('10.2.0.2', who)), fake.host);
  }
  await inOrder(fake);
});

test('a network that is renumbered and renamed takes its rules along', async () => {
  const fake = await hostWith('back', 'proxy', 'web1');
  await addRule(asked('block in tcp from network:back to any port 25'), fake.host);
  const change = {
    name: parseNetworkName('front'),
    prefix: parsePrefix('10.9.0.0/24'),
    routers: [],
    vars: {},
    unset: [],
  };
  await setNetwork(parseNetworkName('back'), change, fake.host);
  assert.equal(recorded(fake), ['block in tcp from network:front to any port 25']);
  assert.equal(told(fake), ['block in tcp from 10.9.0.0/24 to any port 25']);
  await inOrder(fake);
});

test('rules and groups survive export and import', async () => {
  const fake = await hostWith('back', 'proxy', 'web1');
  await setZone(groups('web1', ['web']), fake.host);
  await addRule(asked('reject in log tcp from group:web to any port 6667 note "irc"; # {no}'), fake.host);
  const text = await exportRecords(fake.host);
  const other = await hostWith();
  await importRecords(parseBundle(text, 'b'), other.host);
  assert.equal(recorded(other), recorded(fake));
  const records = await readRecords(other.host.system);
  assert.equal(ruleRows(records.zones, records), [
    {
      zone: 'proxy',
      number: '1',
      rule: 'reject in log tcp from group:web to any port 6667 note "irc"; # {no}',
      never: '',
    },
  ]);
});

for (const [what, start, work, wanted] of [
  ['add-rule', [], (fake: FakeHost) => addRule(asked(SSH), fake.host), 1],
  ['delete-rule', [SSH], (fake: FakeHost) => deleteRules(parseZoneName('proxy'), parseRule(SSH), fake.host), 0],
] as const) {
  test(`${what} killed before each of its changes: the same command or repair ends it`, async () => {
    for (let k = 1; k <= 3; k += 1) {
      for (const again of ['command', 'repair'] as const) {
        const fake = await hostWith('back', 'proxy', 'web1');
        for (const rule of start) await addRule(asked(rule), fake.host);
        fake.changes.splice(0);
        fake.killAt = k;
        await rejects(() => work(fake));
        fake.killAt = undefined;
        fake.locks.clear();
        if (again === 'command') await work(fake).catch((error) => assert.is(error.code, 'NOT_FOUND'));
        await sync(fake.host);
        assert.is(told(fake).length, recorded(fake).length, `${k} ${again}`);
        if (again === 'command' || k > 1) assert.is(recorded(fake).length, wanted, `${k} ${again}`);
        await inOrder(fake);
      }
    }
  });
}

test('a number is refused while the zone was not told of its rules: a run that was cut off may have taken that one already', async () => {
  const numbered = ['allow in tcp from any to self port 22', 'allow in tcp from any to self port 80'];
  for (const k of [2, 3]) {
    const fake = await hostWith('back', 'proxy', 'web1');
    for (const rule of numbered) await addRule(asked(rule), fake.host);
    fake.changes.splice(0);
    fake.killAt = k;
    const first = () => deleteRules(parseZoneName('proxy'), [1], fake.host);
    await rejects(first);
    fake.killAt = undefined;
    fake.locks.clear();
    const error = await rejects(first);
    assert.is(error.code, 'IN_USE', `killed before change ${k}`);
    assert.match(error.hint ?? '', 'znetadm repair');
    assert.equal(recorded(fake), numbered.slice(1));
    await sync(fake.host);
    assert.equal(told(fake).length, 1);
    await inOrder(fake);
    await first();
    assert.equal(recorded(fake), []);
  }
});

test.run();
