// A disk that is full, and directories that are read-only: told by name, undone or mended later, and nobody else suffers.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseNetworkName, parseZoneName } from '../../src/domain/names.ts';
import { createNetwork } from '../../src/host/create-network.ts';
import { createZone } from '../../src/host/create-zone.ts';
import { deleteNetwork } from '../../src/host/delete-network.ts';
import { deleteZone } from '../../src/host/delete-zone.ts';
import type { Host } from '../../src/host/host.ts';
import { readRecords } from '../../src/host/store.ts';
import { planSync, sync } from '../../src/host/sync.ts';
import { rejects } from '../support/assertions.ts';
import { createDiskHost, shapeOf } from '../support/disk-host.ts';
import type { FakeHost } from '../support/fake-host.ts';
import { hostWith, memberRequest, networkRequest } from '../support/story.ts';

const test = suite('full disks');

const [web1, db1] = [parseZoneName('web1'), parseZoneName('db1')];

const SCENARIOS: readonly [what: string, start: () => Promise<FakeHost>, work: (host: Host) => Promise<unknown>][] = [
  ['create-network', () => hostWith(), (host) => createNetwork(networkRequest(), host)],
  ['create-zone', () => hostWith('back', 'proxy', 'db1'), (host) => createZone(memberRequest('web1'), host)],
  ['delete-zone', () => hostWith('back', 'proxy', 'web1', 'db1'), (host) => deleteZone(web1, false, host)],
];

for (const [what, start, work] of SCENARIOS) {
  test(`${what} on a disk that is full from its k-th write on names the file, and ends at all or nothing`, async () => {
    const nothing = shapeOf(createDiskHost(await start()));
    const whole = createDiskHost(await start());
    await whole.use(work);
    const done = shapeOf(whole);
    for (let k = 1; ; k += 1) {
      const host = createDiskHost(await start());
      let [writes, refused] = [0, ''];
      host.disk.fail((operation, path) => {
        if (operation === 'remove') return undefined;
        writes += 1;
        if (writes < k) return undefined;
        refused = refused === '' ? path : refused;
        return 'ENOSPC';
      });
      let failed = false;
      await host.use(work).catch((error: Error & { code?: string }) => {
        failed = true;
        assert.is(error.code, 'WRITE_FAILED', `${error.stack}`);
        assert.ok(error.message.includes('ENOSPC'), error.message);
        assert.ok(
          error.message.includes(refused.replace(/\/\.([^/]+)\.zonenet$/, '/$1')),
          `${refused}: ${error.message}`,
        );
      });
      if (!failed) {
        assert.ok(k > 3, `${k - 1} writes prove nothing`);
        return;
      }
      // The others are still there to be read.
      await host.use(async ({ system }) => assert.equal((await readRecords(system)).damaged, []));
      host.disk.fail(() => undefined);
      await host.use(async (self) => {
        assert.equal((await sync(self)).faults, []);
        assert.equal((await planSync(self)).plan, []);
      });
      const shape = shapeOf(host);
      assert.ok(shape === nothing || shape === done, `full from write ${k} on (${refused}): ${shape}`);
    }
  });
}

test('a read-only directory of records is named, and what needs it not goes on', async () => {
  const host = createDiskHost(await hostWith('back', 'proxy', 'web1'));
  const before = shapeOf(host);
  host.disk.fail((_, path) => (path.startsWith('/etc/zonenet/zones/') ? 'EROFS' : undefined));
  for (const work of [
    (self: Host) => createZone(memberRequest('db1'), self),
    (self: Host) => deleteZone(web1, false, self),
  ]) {
    const error = await rejects(() => host.use<unknown>(work));
    assert.is(error.code, 'WRITE_FAILED');
    assert.match(error.message, /^Cannot write "\/etc\/zonenet\/zones\/(db1|web1)\.ini": EROFS/);
    assert.is(shapeOf(host), before);
  }
  const other = parseNetworkName('other');
  const { prefix: _, ...request } = networkRequest({ name: other });
  await host.use((self) => createNetwork(request, self));
  await host.use((self) => deleteNetwork(other, self));
  assert.is(shapeOf(host), before);
  host.disk.fail(() => undefined);
  await host.use((self) => createZone(memberRequest('db1'), self));
});

test('metadata that cannot be published are named, and the zone is not made', async () => {
  const host = createDiskHost(await hostWith('back', 'proxy', 'web1'));
  const before = shapeOf(host);
  host.disk.fail((operation, path) =>
    operation === 'write' && path.startsWith('/var/zonenet/zones/db1') ? 'EACCES' : undefined,
  );
  const error = await rejects(() => host.use((self) => createZone(memberRequest('db1'), self)));
  assert.is(error.code, 'WRITE_FAILED');
  assert.ok(error.message.includes('/var/zonenet/zones/db1'), error.message);
  assert.is(shapeOf(host), before);
  await host.use((self) => deleteZone(web1, false, self));
  assert.not.ok(host.fake.zones.has(web1) || host.fake.zones.has(db1));
});

test.run();
