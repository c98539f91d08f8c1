// Sites on a host that remembers: what proxies are told, who is up, killed anywhere, and what is refused.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseDomainName, parseZoneName } from '../../src/domain/names.ts';
import { formatServedSite } from '../../src/domain/site.ts';
import type { SiteRequest } from '../../src/host/decide-site.ts';
import { deleteZone } from '../../src/host/delete-zone.ts';
import { findDrift } from '../../src/host/drift.ts';
import { followSites } from '../../src/host/follow-sites.ts';
import { exportRecords, planImport } from '../../src/host/import-records.ts';
import { planPublish, publish, unpublish } from '../../src/host/sites.ts';
import { sync } from '../../src/host/sync.ts';
import { parseBundle } from '../../src/ini/bundle.ts';
import { parseMetadata } from '../../src/ini/metadata.ts';
import { rejects } from '../support/assertions.ts';
import { createFakeHost, type FakeHost } from '../support/fake-host.ts';
import { hostWith } from '../support/story.ts';

const test = suite('sites of a host');

const site = (zone: string, overrides: Partial<SiteRequest> = {}): SiteRequest => ({
  zone: parseZoneName(zone),
  kind: 'http',
  host: parseDomainName('www.example.org'),
  listen: 80,
  path: '/',
  port: 8080,
  ...overrides,
});

/** What the proxy is told to serve. */
function served(fake: FakeHost): string[] {
  const text = fake.files.get('/var/zonenet/zones/proxy/metadata.ini') ?? '';
  return parseMetadata(text, 'proxy').sites.flatMap(({ zone, sites }) =>
    sites.map((one) => `${zone} ${formatServedSite(one)}`),
  );
}

const halt = (fake: FakeHost, zone: string) =>
  fake.system.run({ program: '/usr/sbin/zoneadm', args: ['-z', zone, 'halt'] });

test('a proxy is told of a site, and of its end', async () => {
  const fake = await hostWith('back', 'proxy', 'web1', 'db1');
  await publish(site('web1'), fake.host);
  await publish(site('db1'), fake.host);
  assert.equal(served(fake), [
    'db1 10.2.0.3 up http www.example.org 80 / 8080 haproxy',
    'web1 10.2.0.2 up http www.example.org 80 / 8080 haproxy',
  ]);
  assert.equal(await findDrift(fake.host), []);
  assert.is((await rejects(() => planPublish(site('web1'), fake.host))).code, 'EXISTS');
  await unpublish({ zone: parseZoneName('web1') }, fake.host);
  assert.equal(served(fake), ['db1 10.2.0.3 up http www.example.org 80 / 8080 haproxy']);
  assert.is((await rejects(() => unpublish({ zone: parseZoneName('web1') }, fake.host))).code, 'NOT_FOUND');
});

test('a zone that goes down is named and not asked, by watch at once, and check tells until then', async () => {
  const fake = await hostWith('back', 'proxy', 'web1');
  await publish(site('web1'), fake.host);
  await halt(fake, 'web1');
  assert.equal(
    (await findDrift(fake.host)).map(({ item }) => item),
    ['metadata /var/zonenet/zones/proxy/metadata.ini'],
  );
  assert.equal(await followSites(fake.host), ['proxy']);
  assert.equal(served(fake), ['web1 10.2.0.2 down http www.example.org 80 / 8080 haproxy']);
  assert.equal(await findDrift(fake.host), []);
  assert.equal(await followSites(fake.host), []);
});

test('the proxy is told before a zone that serves goes, and the site goes with it', async () => {
  const fake = await hostWith('back', 'proxy', 'web1');
  await publish(site('web1'), fake.host);
  const from = fake.changes.length;
  await deleteZone(parseZoneName('web1'), false, fake.host);
  const steps = fake.changes.slice(from).map((change) => change.replace(/^\/usr\/sbin\//, ''));
  const at = (step: string) => steps.findIndex((one) => one.startsWith(step));
  assert.ok(
    at('svcadm -z proxy refresh') >= 0 && at('svcadm -z proxy refresh') < at('zoneadm -z web1 halt'),
    steps.join('\n'),
  );
  assert.equal(served(fake), []);
});

test('killed before any change, publishing again or repair ends at the same', async () => {
  const whole = await hostWith('back', 'proxy', 'web1');
  const from = whole.changes.length;
  await publish(site('web1'), whole.host);
  const count = whole.changes.length - from;
  assert.ok(count >= 3);
  for (let nth = 0; nth < count; nth++) {
    for (const again of ['publish', 'repair'] as const) {
      const fake = await hostWith('back', 'proxy', 'web1');
      fake.killAt = fake.changes.length + nth + 1;
      await publish(site('web1'), fake.host).catch(() => undefined);
      fake.killAt = undefined;
      fake.locks.clear();
      if (again === 'publish') await publish(site('web1'), fake.host).catch((error) => assert.is(error.code, 'EXISTS'));
      else await sync(fake.host);
      const recorded = fake.files.get('/etc/zonenet/zones/web1.ini')?.includes('site[]') === true;
      assert.equal(served(fake), recorded ? served(whole) : [], `${again} after change ${nth}`);
      assert.equal(await findDrift(fake.host), []);
    }
  }
});

for (const [what, request, said] of [
  [
    'another program on the port',
    { backend: 'nginx', host: parseDomainName('b.example.org') },
    'port 80 is of haproxy',
  ],
  [
    'another kind on the port',
    { kind: 'tls', certificate: 'x', host: parseDomainName('b.example.org') },
    'sites of another kind',
  ],
  ['a port that NAT gives out', { listen: 20_000 }, 'ports 10000-29999 are given out by NAT of proxy "proxy"'],
  ['another way to serve the same', { port: 9090 }, 'it is published otherwise'],
] as const) {
  test(`${what} is refused`, async () => {
    const fake = await hostWith('back', 'proxy', 'web1', 'db1');
    await publish(site('web1'), fake.host);
    const error = await rejects(() => planPublish(site('web1', request), fake.host));
    assert.is(error.code, 'IN_USE');
    assert.ok(error.message.includes(said), error.message);
  });
}

test('records whose sites clash are not imported', async () => {
  const fake = await hostWith('back', 'proxy', 'web1', 'db1');
  await publish(site('web1'), fake.host);
  await publish(site('db1', { host: parseDomainName('b.example.org') }), fake.host);
  const text = (await exportRecords(fake.host)).replace(
    'http b.example.org 80 / 8080 haproxy',
    'http b.example.org 80 / 8080 nginx',
  );
  const error = await rejects(() => planImport(parseBundle(text, 'x.ini'), createFakeHost().host));
  assert.match(error.message, /port 80 is of (nginx|haproxy)/);
});

test.run();
