// Many alike zones in one transaction: all or none, one publication, one refresh.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { numberedNames } from '../../src/domain/numbered-names.ts';
import { createZones } from '../../src/host/create-zone.ts';
import { planSync, sync } from '../../src/host/sync.ts';
import { EDITION } from '../../src/plan/zone-inputs.ts';
import { refusal, rejects } from '../support/assertions.ts';
import type { FakeHost } from '../support/fake-host.ts';
import { hostWith, memberRequest } from '../support/story.ts';

const test = suite('many zones');

const requests = (pattern: string, count: number) =>
  numberedNames(pattern, count, 1).map((name) => memberRequest(name));

test('take names and addresses in order, and tell the proxy once', async () => {
  const fake = await hostWith('back', 'proxy', 'web1');
  const { zones: made } = await createZones(requests('app', 20), fake.host);
  assert.is(made.length, 20);
  assert.equal(
    made.map(({ nics }) => nics[0]?.addresses[0]?.address),
    Array.from({ length: 20 }, (_, index) => `10.2.0.${index + 3}`),
  );
  assert.equal(
    made.map(({ nics }) => nics[0]?.link),
    Array.from({ length: 20 }, (_, index) => `znic${index + 2}`),
  );
  assert.is(fake.changes.filter((change) => change === 'write /var/zonenet/zones/proxy/metadata.ini').length, 1);
  assert.is(fake.changes.filter((change) => change.includes('-z proxy refresh')).length, 1);
  // All together when they are begun, and when they are made.
  assert.is(fake.changes.filter((change) => change.startsWith('write /etc/zonenet/zones/app1.ini ')).length, 2);
  assert.equal(await planSync(fake.host), { plan: [], faults: [] });
});

/** What a failing run leaves is what was there before. */
async function leavesNothing(fake: FakeHost, run: () => Promise<unknown>): Promise<string> {
  const before = fake.snapshot();
  const error = await rejects(run);
  const after = fake.snapshot();
  // The proxy was told of zones and told again that they are gone.
  const plain = (text: string) => text.replace(/^generation = \d+$/m, '');
  const files = (from: typeof before) => Object.entries(from.files).map(([path, text]) => [path, plain(text)]);
  assert.equal(files(after), files(before));
  assert.equal([after.links, after.zones, after.directories], [before.links, before.zones, before.directories]);
  assert.is(fake.locks.size, 0);
  return `${error.code}: ${error.message}`;
}

test('a network that is too small for all gets none', async () => {
  const fake = await hostWith('back', 'proxy', 'web1');
  fake.changes.splice(0);
  assert.match(await leavesNothing(fake, () => createZones(requests('app', 253), fake.host)), /^NETWORK_FULL: /);
  assert.equal(fake.changes, []);
});

test('one name that is taken keeps all from being made', async () => {
  const fake = await hostWith('back', 'proxy', 'web1');
  assert.match(await leavesNothing(fake, () => createZones(requests('web', 3), fake.host)), /^EXISTS: .*"web1"/);
});

for (const [what, start] of [
  ['a link', '/usr/sbin/dladm create-vnic -l zstub0 znic4'],
  ['a configuration', '/usr/sbin/zonecfg -z app3 -f'],
  ['an installation', '/usr/sbin/zoneadm -z app2 install'],
] as const) {
  test(`${what} that fails half way takes back all of them`, async () => {
    const fake = await hostWith('back', 'proxy', 'web1');
    fake.answers.set(start, { status: 1, timedOut: false, stdout: '', stderr: 'no space left\n' });
    assert.match(await leavesNothing(fake, () => createZones(requests('app', 5), fake.host)), /^COMMAND_FAILED: /);
  });
}

test('killed at any change, the same command again makes all, and sync leaves no half', async () => {
  for (let kill = 1, killed = true; killed; kill += 1) {
    const fake = await hostWith('back', 'proxy', 'web1');
    fake.killAt = kill;
    killed = await createZones(requests('app', 3), fake.host).then(
      () => false,
      () => true,
    );
    fake.killAt = undefined;
    fake.locks.clear();
    if (kill % 2 === 0) await sync(fake.host);
    const isRecorded = fake.files.has('/etc/zonenet/zones/app1.ini');
    const isDone = isRecorded && (await planSync(fake.host)).plan.length === 0;
    if (kill % 2 === 1 && !isDone) await createZones(requests('app', 3), fake.host);
    const drift = await planSync(fake.host);
    assert.equal([drift.plan.map(({ what }) => what), drift.faults], [[], []], `killed before change ${kill}`);
    const zones = [...fake.zones.keys()].filter((name) => name.startsWith('app'));
    const records = [...fake.files.keys()].filter((path) => path.startsWith('/etc/zonenet/zones/app'));
    assert.is(records.length, zones.length);
    const isNothing = killed && kill % 2 === 0 && zones.length === 0;
    assert.ok(isNothing || zones.length === 3, `killed before change ${kill}`);
  }
});

test('after an upgrade the boots of many zones are planned, not held, and made as those of few are', async () => {
  const boots = async (count: number) => {
    const fake = await hostWith('back', 'proxy', 'web1');
    fake.files.set(EDITION, 'one\n');
    await createZones(requests('app', count), fake.host);
    const program = () => fake.files.get('/var/zonenet/zones/app7/boot') ?? '';
    const before = program();
    fake.files.set(EDITION, 'two\n');
    const { plan } = await planSync(fake.host);
    await sync(fake.host);
    assert.equal(await planSync(fake.host), { plan: [], faults: [] });
    return { plan, before, after: program() };
  };
  const [few, many] = [await boots(10), await boots(40)];
  assert.is(many.plan.length, 41 + 1);
  assert.equal([...new Set(many.plan.map(({ about }) => about))], ['boot']);
  assert.ok(few.plan.every(({ steps }) => typeof steps !== 'function'));
  assert.ok(many.plan.every(({ steps }) => typeof steps === 'function'));
  assert.match(many.after, /boot_program=whole/);
  assert.is.not(many.after, many.before);
  assert.is(many.after, few.after);
});

test('names are numbered as the pattern says', () => {
  assert.equal(numberedNames('web', 2, 9), ['web9', 'web10']);
  assert.equal(numberedNames('web-%02d.prod', 2, 9), ['web-09.prod', 'web-10.prod']);
  assert.equal(numberedNames('%d', 2, 1), ['1', '2']);
  for (const pattern of ['web%s', 'web%d-%d', 'web%', '-%d', '%0d']) {
    assert.is(refusal(() => numberedNames(pattern, 2, 1)).code, 'NAME_INVALID', pattern);
  }
});

test.run();
