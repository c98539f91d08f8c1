// Templates of the operator on their way to the zones.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseZoneName } from '../../src/domain/names.ts';
import { createZone } from '../../src/host/create-zone.ts';
import { deleteZone } from '../../src/host/delete-zone.ts';
import { planSync, sync } from '../../src/host/sync.ts';
import { parseMetadata } from '../../src/ini/metadata.ts';
import { bootProgramFile } from '../../src/plan/host-paths.ts';
import { EDITION } from '../../src/plan/zone-inputs.ts';
import { rejects } from '../support/assertions.ts';
import type { FakeHost } from '../support/fake-host.ts';
import { hostWith, memberRequest } from '../support/story.ts';

const test = suite('templates of the host');

const SITE = '/etc/zonenet/templates';
const published = (zone: string) => `/var/zonenet/zones/${zone}/templates`;

function put(fake: FakeHost, path: string, text: string): void {
  for (let at = path; at !== '/'; at = at.slice(0, at.lastIndexOf('/')) || '/') {
    if (at !== path) fake.directories.add(at);
  }
  fake.files.set(path, text);
}

const metadataOf = (fake: FakeHost, zone: string) =>
  parseMetadata(fake.files.get(`/var/zonenet/zones/${zone}/metadata.ini`) ?? '', zone);

/** What is published for a zone below templates/. */
const below = (fake: FakeHost, zone: string) =>
  [...fake.files]
    .filter(([path]) => path.startsWith(`${published(zone)}/`))
    .map(([path, text]) => [path.slice(published(zone).length + 1), text]);

async function synced(fake: FakeHost): Promise<void> {
  const { faults } = await sync(fake.host);
  assert.equal(faults, []);
  assert.equal((await planSync(fake.host)).plan, []);
}

test('sync publishes them, to all zones and to one, and takes them back when they are gone', async () => {
  const fake = await hostWith('back', 'proxy', 'web1');
  const before = fake.snapshot();
  put(fake, `${SITE}/partials/banner.hbs`, '# ours\n');
  put(fake, `${SITE}/zones/web1/motd.hbs`, 'hello\n');
  put(fake, `${SITE}/zones/web1/files.ini`, '[motd]\ntemplate = motd.hbs\npath = /etc/motd\n');
  put(fake, `${SITE}/README`, 'nobody reads this');
  await synced(fake);
  assert.equal(below(fake, 'proxy'), [['all/partials/banner.hbs', '# ours\n']]);
  assert.equal(
    below(fake, 'web1')
      .map(([path]) => path)
      .sort(),
    ['all/partials/banner.hbs', 'zone/files.ini', 'zone/motd.hbs'],
  );
  const { generation, templates } = metadataOf(fake, 'web1');
  assert.is(generation, 2);
  assert.match(templates ?? '', /^[0-9a-f]{64}$/);
  put(fake, `${SITE}/zones/web1/motd.hbs`, 'hello again\n');
  await synced(fake);
  assert.not.equal(metadataOf(fake, 'web1').templates, templates);
  assert.is(metadataOf(fake, 'proxy').generation, 3);
  for (const path of [...fake.files.keys()].filter((one) => one.startsWith(SITE))) fake.files.delete(path);
  for (const path of [...fake.directories].filter((one) => one.startsWith(SITE))) fake.directories.delete(path);
  await synced(fake);
  assert.equal(below(fake, 'web1'), []);
  assert.is(metadataOf(fake, 'web1').templates, undefined);
  assert.equal(fake.snapshot().directories, before.directories);
});

test('a new zone gets them with its first metadata, and leaves none behind', async () => {
  const fake = await hostWith('back', 'proxy');
  const before = fake.snapshot();
  put(fake, `${SITE}/partials/banner.hbs`, '# ours\n');
  await synced(fake);
  await createZone(memberRequest('web1'), fake.host);
  assert.equal(below(fake, 'web1'), [['all/partials/banner.hbs', '# ours\n']]);
  assert.is(metadataOf(fake, 'web1').generation, 1);
  await deleteZone(parseZoneName('web1'), false, fake.host);
  assert.equal(
    fake.snapshot().directories.filter((path) => path.includes('web1')),
    before.directories.filter((path) => path.includes('web1')),
  );
});

test('what somebody changed in what is published is put right', async () => {
  const fake = await hostWith('back', 'proxy');
  put(fake, `${SITE}/partials/banner.hbs`, '# ours\n');
  await synced(fake);
  fake.files.set(`${published('proxy')}/all/partials/banner.hbs`, '# theirs\n');
  fake.files.set(`${published('proxy')}/all/ipf.conf.hbs`, 'pass in all\n');
  await synced(fake);
  assert.equal(below(fake, 'proxy'), [['all/partials/banner.hbs', '# ours\n']]);
});

test('a faulty one that no file is made from is in nobody’s way: boots are planned ahead as before', async () => {
  const fake = await hostWith('back', 'proxy', 'web1');
  fake.files.set(EDITION, 'one\n');
  put(fake, `${SITE}/partials/banner.hbs`, '# ours\n');
  await synced(fake);
  put(fake, `${SITE}/zones/web1/old.hbs`, '{{#if}}\n');
  await synced(fake);
  const { templates } = metadataOf(fake, 'web1');
  assert.ok(fake.files.get(bootProgramFile(parseZoneName('web1')))?.includes(templates ?? 'none'));
});

for (const [what, name, text, message] of [
  ['a template that is none', 'hosts.hbs', '{{adress}}\n', `${SITE}/hosts.hbs:1:3: unknown variable "{{adress}}"`],
  [
    'a files.ini that is none',
    'files.ini',
    '[motd]\nowner = root\n',
    `${SITE}/files.ini:2:9: [motd] owner: Cannot use "root"`,
  ],
] as const) {
  test(`${what}: nothing of it is published, all else goes on, and a new zone is refused`, async () => {
    const fake = await hostWith('back', 'proxy');
    put(fake, `${SITE}/partials/banner.hbs`, '# ours\n');
    await synced(fake);
    const good = below(fake, 'proxy');
    put(fake, `${SITE}/${name}`, text);
    const { faults } = await sync(fake.host);
    assert.is(faults.length, 1);
    assert.ok(faults[0]?.message.startsWith(message), faults[0]?.message);
    assert.equal(below(fake, 'proxy'), good);
    const error = await rejects(() => createZone(memberRequest('web1'), fake.host));
    assert.ok(error.message.startsWith(message), error.message);
    assert.is(fake.zones.has('web1'), false);
    await deleteZone(parseZoneName('proxy'), false, fake.host);
  });
}

test.run();
