// export and import: all or nothing, also when cut off; what exists or overlaps is refused by name.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { findDrift } from '../../src/host/drift.ts';
import { exportRecords, importRecords, planImport } from '../../src/host/import-records.ts';
import { sync } from '../../src/host/sync.ts';
import { parseBundle } from '../../src/ini/bundle.ts';
import { refusal, rejects } from '../support/assertions.ts';
import { createFakeHost, type FakeHost } from '../support/fake-host.ts';
import { hostWith } from '../support/story.ts';

const test = suite('export and import');

const recordsOf = (fake: FakeHost) => [...fake.files].filter(([path]) => path.startsWith('/etc/zonenet/')).sort();
const bundleOf = async (fake: FakeHost) => parseBundle(await exportRecords(fake.host), 'x.ini');

test('what was exported is imported, byte by byte, and nothing live is touched', async () => {
  const from = await hostWith('back', 'proxy', 'web1');
  const to = createFakeHost();
  await importRecords(await bundleOf(from), to.host);
  assert.equal(recordsOf(to), recordsOf(from));
  assert.ok(to.changes.every((change) => /^(write|remove) \/etc\/zonenet\//.test(change)));
  assert.is((await rejects(async () => importRecords(await bundleOf(from), to.host))).code, 'EXISTS');
});

test('records restored on their own host are in order at once', async () => {
  const fake = await hostWith('back', 'proxy', 'web1');
  const bundle = await bundleOf(fake);
  for (const [path] of recordsOf(fake)) fake.files.delete(path);
  await importRecords(bundle, fake.host);
  assert.equal(await findDrift(fake.host), []);
});

test('each conflict is named, and nothing is imported', async () => {
  const bundle = await bundleOf(await hostWith('back', 'proxy', 'web1'));
  const to = await hostWith('back', 'web1');
  const before = recordsOf(to);
  const error = await rejects(() => importRecords(bundle, to.host));
  assert.is(error.code, 'EXISTS');
  for (const part of [
    'network "back": 10.2.0.0/24 meets the prefix of network "back"',
    'network "back": network "back" of this host has link zstub0',
    'zone "web1": zone "web1" of this host has the name of zone web1',
    'zone "web1": zone "web1" of this host has address 10.2.0.2',
    'zone "proxy": zone "web1" of this host has link znic0',
  ]) {
    assert.ok(error.message.includes(part), `${part}: ${error.message}`);
  }
  assert.equal(recordsOf(to), before);
});

test('a zone without its network is refused', async () => {
  const { zones } = await bundleOf(await hostWith('back', 'web1'));
  const error = await rejects(() => planImport({ networks: [], zones }, createFakeHost().host));
  assert.ok(error.message.includes('zone "web1": there is no network "back"'), error.message);
});

test('killed anywhere, an import is finished by repair, and until then nothing is given out', async () => {
  const from = await hostWith('back', 'proxy', 'web1');
  const bundle = await bundleOf(from);
  for (let k = 1; ; k += 1) {
    const to = createFakeHost();
    to.killAt = k;
    const done = await importRecords(bundle, to.host).then(
      () => true,
      () => false,
    );
    to.killAt = undefined;
    to.locks.clear();
    if (done) {
      assert.ok(k > 4);
      return;
    }
    const begun = to.files.has('/etc/zonenet/transaction.ini');
    if (begun) assert.is((await rejects(() => exportRecords(to.host))).code, 'RECORD_INVALID');
    await sync(to.host);
    const records = recordsOf(to).map(([path]) => path);
    const all = recordsOf(from).map(([path]) => path);
    assert.equal(records, begun || records.length > 0 ? all : [], `killed before change ${k}`);
  }
});

test('a full disk leaves nothing half imported', async () => {
  const bundle = await bundleOf(await hostWith('back', 'proxy', 'web1'));
  const to = createFakeHost();
  const { writeFile } = to.system;
  to.system.writeFile = async (file) => {
    if (file.path.endsWith('web1.ini')) throw Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' });
    await writeFile(file);
  };
  await rejects(() => importRecords(bundle, to.host));
  assert.equal(recordsOf(to), []);
});

test('a file that was cut short or changed says where', async () => {
  const text = await exportRecords((await hostWith('back', 'proxy', 'web1')).host);
  const lines = text.split('\n');
  const ends = lines.flatMap((line, index) => (line === '[end]' ? [index + 1] : []));
  for (const [spoilt, says] of [
    [lines.slice(0, ends[2]).join('\n'), 'the record of "web1" is missing'],
    [lines.slice(0, (ends[3] ?? 0) - 3).join('\n'), 'the file is cut short'],
    [`${text}\n${lines.slice(ends[2]).join('\n')}`, 'more stands here than the head of the file lists'],
    [
      text.replace('role = member', 'role = guest'),
      `x.ini:${lines.indexOf('role = member') + 1}:8: role: Cannot use "guest"`,
    ],
    ['', '"format" is missing'],
  ] as const) {
    const error = refusal(() => parseBundle(spoilt, 'x.ini'));
    assert.ok(error.message.includes(says), `${says}: ${error.message}`);
  }
});

test.run();
