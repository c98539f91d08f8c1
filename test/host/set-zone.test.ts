// What links of a zone may use, changed while it runs: recorded, done at once, and put back when somebody else changes it.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseWishes } from '../../src/cli/link-options.ts';
import { parseGroupName, parseZoneName } from '../../src/domain/names.ts';
import { findDrift } from '../../src/host/drift.ts';
import { planSetZone, setZone, type ZoneSettings } from '../../src/host/set-zone.ts';
import { planSync, sync } from '../../src/host/sync.ts';
import { rejects } from '../support/assertions.ts';
import type { FakeHost } from '../support/fake-host.ts';
import { changes, hostWith } from '../support/story.ts';

const test = suite('set-zone');

const settings = (links: readonly string[], more: Partial<ZoneSettings> = {}): ZoneSettings => ({
  zone: parseZoneName('web1'),
  add: [],
  remove: [],
  links: new Map(links.map(parseWishes)),
  addresses: new Map(),
  routers: [],
  vars: {},
  unset: [],
  ...more,
});
const RECORD = '/etc/zonenet/zones/web1.ini';
const recorded = (fake: FakeHost) => (fake.files.get(RECORD) ?? '').match(/^(bandwidth|priority) = .*$/gm) ?? [];
const live = (fake: FakeHost) => {
  const { maxbw = '', priority = 'high' } = fake.links.get('znic1') ?? {};
  return [maxbw.trim(), priority];
};

test('bandwidth and priority are recorded and hold at once, and asked for again nothing is done', async () => {
  const fake = await hostWith('back', 'proxy', 'web1');
  await setZone(settings(['znic1,maxbw=50M,priority=low']), fake.host);
  assert.equal(changes(fake), [
    `write ${RECORD}`,
    'dladm set-linkprop -p maxbw=50M znic1',
    'dladm set-linkprop -p priority=low znic1',
  ]);
  assert.equal(
    [recorded(fake), live(fake)],
    [
      ['bandwidth = 50M', 'priority = low'],
      ['50', 'low'],
    ],
  );
  await setZone(settings(['znic1,maxbw=50M,priority=low']), fake.host);
  await setZone(settings(['znic1,priority=low']), fake.host);
  assert.equal([changes(fake), await findDrift(fake.host)], [[], []]);
});

test('what is not named stays, and "none" takes the limit away for good', async () => {
  const fake = await hostWith('back', 'proxy', 'web1');
  await setZone(settings(['znic1,maxbw=2G,priority=low']), fake.host);
  await setZone(settings(['znic1,maxbw=none']), fake.host);
  assert.equal(
    [recorded(fake), live(fake)],
    [
      ['bandwidth = none', 'priority = low'],
      ['', 'low'],
    ],
  );
  Object.assign(fake.links.get('znic1') ?? {}, { maxbw: '   10' });
  assert.equal(
    (await planSync(fake.host)).plan.map(({ what, note }) => [what, note]),
    [['/usr/sbin/dladm reset-linkprop -p maxbw znic1', 'znic1 has 10M']],
  );
  await sync(fake.host);
  assert.equal([live(fake), await findDrift(fake.host)], [['', 'low'], []]);
});

test('groups and links change together', async () => {
  const fake = await hostWith('back', 'proxy', 'web1');
  const { plan } = await planSetZone(settings(['znic1,maxbw=50M'], { add: [parseGroupName('office')] }), fake.host);
  assert.equal(
    plan.map(({ what, note }) => `${what}: ${note}`),
    [
      `${RECORD}: groups: office, znic1: maxbw 50M`,
      '/usr/sbin/dladm set-linkprop -p maxbw=50M znic1: znic1 has no limit',
    ],
  );
});

test('values for templates come and go, and the zone is told', async () => {
  const fake = await hostWith('back', 'proxy', 'web1');
  const told = () => /\[vars\]\n(.*?)\n\n/s.exec(fake.files.get('/var/zonenet/zones/web1/metadata.ini') ?? '')?.[1];
  await setZone(settings([], { vars: { ntp: ['10.2.0.1', '10.2.0.9'], motd: 'hello' } }), fake.host);
  assert.is(told(), 'ntp[] = 10.2.0.1\nntp[] = 10.2.0.9\nmotd = hello');
  assert.ok(changes(fake).some((line) => line.startsWith('svcadm -z web1 refresh')));
  await setZone(settings([], { vars: { motd: 'hello' } }), fake.host);
  assert.equal([changes(fake), await findDrift(fake.host)], [[], []]);
  await setZone(settings([], { vars: { motd: 'bye' }, unset: ['ntp'] }), fake.host);
  assert.equal([told(), await findDrift(fake.host)], ['motd = bye', []]);
});

test('killed before any change, the same again or repair ends at the same', async () => {
  const change = settings(['znic1,maxbw=50M,priority=low']);
  for (let nth = 1; nth <= 3; nth++) {
    for (const again of [setZone.bind(undefined, change), sync]) {
      const fake = await hostWith('back', 'proxy', 'web1');
      fake.killAt = fake.changes.length + nth;
      await setZone(change, fake.host).then(
        () => assert.unreachable('it was killed'),
        () => undefined,
      );
      fake.killAt = undefined;
      fake.locks.clear();
      await again(fake.host);
      const done = recorded(fake).length > 0;
      assert.equal([live(fake), await findDrift(fake.host)], [done ? ['50', 'low'] : ['', 'high'], []]);
      assert.ok(done || (nth === 1 && again === sync));
    }
  }
});

for (const [text, code, why] of [
  ['znic7,maxbw=50M', 'NOT_FOUND', 'it has no such link'],
  ['znic0,maxbw=50M', 'NOT_FOUND', 'it has no such link'],
  ['znic1', 'VALUE_INVALID', 'Cannot read "znic1" as what a link may use'],
  ['znic1,maxbw=1M', 'VALUE_INVALID', 'Cannot read "1M" as a bandwidth'],
  ['znic1,maxbw=50Mbit', 'VALUE_INVALID', 'Cannot read "50Mbit" as a bandwidth'],
  ['znic1,maxbw=1,5G', 'VALUE_INVALID', 'Cannot read'],
  ['znic1,priority=urgent', 'VALUE_INVALID', 'urgent'],
  ['znic 1,maxbw=50M', 'NAME_INVALID', 'znic 1'],
  ['maxbw=50M', 'NAME_INVALID', '""'],
] as const) {
  test(`${text} is refused, and changes nothing`, async () => {
    const fake = await hostWith('back', 'proxy', 'web1');
    const error = await rejects(async () => setZone(settings([text]), fake.host));
    assert.is(error.code, code);
    assert.ok(error.message.includes(why), error.message);
    assert.equal(changes(fake), []);
  });
}

test.run();
