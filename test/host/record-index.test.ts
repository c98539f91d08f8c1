// The index of zone records: faster, and never believed.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { readRecords } from '../../src/host/store.ts';
import { INDEX_FILE } from '../../src/plan/host-paths.ts';
import type { System } from '../../src/system/system.ts';
import type { FakeHost } from '../support/fake-host.ts';
import { hostWith } from '../support/story.ts';

const COUNT = 250;
const SOFTWARE = '/opt/zonenet/lib/znetadm.cjs';

const test = suite<{ fake: FakeHost; system: System; version: string; reads: () => string[] }>('record index');

test.before.each(async (context) => {
  const fake = await hostWith('back', 'proxy', 'web1');
  const record = fake.files.get('/etc/zonenet/zones/web1.ini') ?? '';
  for (let number = 2; number < COUNT; number += 1) {
    const address = `10.2.${number >> 8}.${number + 2}`;
    fake.files.set(
      `/etc/zonenet/zones/web${number}.ini`,
      record.replaceAll('web1', `web${number}`).replaceAll('znic1', `znic${number}`).replaceAll('10.2.0.2', address),
    );
  }
  context.version = 'one';
  let read: string[] = [];
  context.fake = fake;
  context.system = {
    ...fake.system,
    stampOf: async (path) => (path === SOFTWARE ? context.version : undefined),
    readFile: async (path) => {
      read.push(path);
      return fake.system.readFile(path);
    },
  };
  context.reads = () => {
    const records = read.filter((path) => path.startsWith('/etc/zonenet/zones/'));
    read = [];
    return records;
  };
});

test('what was read once is not read again, and is the same', async ({ system, fake, reads }) => {
  const first = await readRecords(system);
  assert.is(first.zones.length, COUNT);
  assert.is(reads().length, COUNT);
  assert.equal(await readRecords(system), first);
  assert.equal(reads(), []);
  fake.files.delete(INDEX_FILE);
  assert.equal(await readRecords(system), first);
  assert.is(reads().length, COUNT);
});

test('a record that changed, came or went is seen', async ({ system, fake, reads }) => {
  await readRecords(system);
  reads();
  const path = '/etc/zonenet/zones/web7.ini';
  fake.files.set(path, (fake.files.get(path) ?? '').replace('autoboot = yes', 'autoboot = no'));
  fake.files.delete('/etc/zonenet/zones/web8.ini');
  const { zones } = await readRecords(system);
  assert.equal(reads(), [path]);
  assert.is(zones.length, COUNT - 1);
  assert.is(zones.find(({ name }) => name === 'web7')?.autoboot, false);
  await readRecords(system);
  assert.equal(reads(), []);
});

test('a damaged record is told of, every time', async ({ system, fake, reads }) => {
  await readRecords(system);
  fake.files.set('/etc/zonenet/zones/web7.ini', 'damaged');
  for (const _ of [1, 2]) {
    reads();
    const { damaged, zones } = await readRecords(system);
    assert.match(damaged[0]?.message ?? '', 'web7.ini');
    assert.is(zones.length, COUNT - 1);
    assert.equal(reads(), ['/etc/zonenet/zones/web7.ini']);
  }
});

test('an index that is cut off, damaged, of another software or not ours to read costs time only', async (context) => {
  const { system, fake, reads } = context;
  const want = await readRecords(system);
  const whole = fake.files.get(INDEX_FILE) ?? '';
  reads();
  fake.files.set(INDEX_FILE, whole.slice(0, -50));
  assert.equal(await readRecords(system), want);
  assert.is(reads().length, 1);
  for (const text of ['', whole.replace('"web7"', '"web7'), whole.slice(100)]) {
    fake.files.set(INDEX_FILE, text);
    assert.equal(await readRecords(system), want);
    assert.is(reads().length, COUNT, text.slice(0, 40));
  }
  context.version = 'two';
  assert.equal(await readRecords(system), want);
  assert.is(reads().length, COUNT);
  const closed: System = {
    ...system,
    readFile: async (path) => {
      if (path === INDEX_FILE) throw Object.assign(new Error('no'), { code: 'EACCES' });
      return await system.readFile(path);
    },
    appendNotes: async () => {
      throw Object.assign(new Error('full'), { code: 'ENOSPC' });
    },
  };
  assert.equal(await readRecords(closed), want);
});

test('a file that was changed this very moment is read again', async ({ system, reads }) => {
  const lately: System = {
    ...system,
    listStamped: async (path) =>
      (await system.listStamped(path)).map(([name, stamp]) => [name, name === 'web9.ini' ? undefined : stamp]),
  };
  await readRecords(lately);
  reads();
  await readRecords(lately);
  assert.equal(reads(), ['/etc/zonenet/zones/web9.ini']);
});

test.run();
