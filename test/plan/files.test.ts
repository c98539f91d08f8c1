import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { ManagedFile, RenderedFile } from '../../src/domain/managed-file.ts';
import { type ObservedFile, planFiles } from '../../src/plan/files.ts';
import { formatStep } from '../../src/plan/step.ts';

const test = suite('planFiles');

function rendered(overrides: Partial<ManagedFile> = {}): RenderedFile {
  const file: ManagedFile = {
    name: 'motd',
    template: 'motd.hbs',
    path: '/etc/motd',
    mode: 0o644,
    when: 'always',
    check: [],
    reload: 'none',
    policy: 'managed',
    ...overrides,
  };
  return { file, content: 'hello\n' };
}

const plan = (file: RenderedFile, observed: ObservedFile) =>
  planFiles([file], new Map([[file.file.path, observed]])).map(formatStep);

test('writes what is missing, with its directory when that is missing too', () => {
  assert.equal(plan(rendered(), { directory: true }), ['write /etc/motd']);
  assert.equal(plan(rendered(), { directory: false }), ['mkdir /etc', 'write /etc/motd']);
});

test('makes a directory once for all files in it', () => {
  const files = ['/srv/a', '/srv/b'].map((path) => rendered({ path }));
  const observed = new Map(files.map(({ file }) => [file.path, { directory: false }]));
  assert.equal(planFiles(files, observed).map(formatStep), ['mkdir /srv', 'write /srv/a', 'write /srv/b']);
});

test('writes nothing when nothing differs', () => {
  assert.equal(plan(rendered(), { kind: 'file', content: 'hello\n', directory: true }), []);
});

test('replaces what differs, and a link in the place of the file', () => {
  assert.equal(plan(rendered(), { kind: 'file', content: 'bye\n', directory: true }), ['write /etc/motd']);
  assert.equal(plan(rendered(), { kind: 'link', directory: true }), ['write /etc/motd']);
});

test('a seeded file is written once', () => {
  assert.equal(plan(rendered({ policy: 'seeded' }), { directory: true }), ['write /etc/motd']);
  assert.equal(plan(rendered({ policy: 'seeded' }), { kind: 'file', content: 'bye\n', directory: true }), []);
});

test('a file that is left alone is never written', () => {
  assert.equal(plan(rendered({ policy: 'left' }), { directory: true }), []);
});

test('other permissions or another owner are put right', () => {
  const have = { kind: 'file', content: 'hello\n', directory: true } as const;
  assert.equal(plan(rendered(), { ...have, mode: 0o644 }), []);
  assert.equal(plan(rendered(), { ...have, mode: 0o600 }), ['write /etc/motd']);
  const owned = rendered({ owner: { user: 'root', group: 'sys' } });
  const owner = { uid: 0, gid: 0 };
  assert.equal(plan(owned, { ...have, owner, wanted: { uid: 0, gid: 0 } }), []);
  const [write] = planFiles([owned], new Map([['/etc/motd', { ...have, owner, wanted: { uid: 0, gid: 3 } }]]));
  assert.equal(write?.kind === 'write' && write.file.owner, { uid: 0, gid: 3 });
});

const reload = { verb: 'refresh', service: 'svc:/site/motd:default' } as const;
const online = { state: 'online', moving: false } as const;

test('a service is told after the file is written, and it is noted before', () => {
  assert.equal(plan(rendered({ reload }), { directory: true, service: online }), [
    'mkdir /var/zonenet',
    'write /var/zonenet/untold',
    'write /etc/motd',
    '/usr/sbin/svcadm refresh svc:/site/motd:default',
    'remove /var/zonenet/untold',
  ]);
});

test('a service that a killed run did not come to is told, and one that does not run is not', () => {
  const have = { kind: 'file', content: 'hello\n', directory: true, untold: true } as const;
  assert.ok(
    plan(rendered({ reload }), { ...have, service: online }).includes(
      '/usr/sbin/svcadm refresh svc:/site/motd:default',
    ),
  );
  const disabled = { state: 'disabled', moving: false } as const;
  assert.equal(plan(rendered({ reload }), { ...have, service: disabled }).at(-1), 'remove /var/zonenet/untold');
  assert.not.ok(plan(rendered({ reload }), { ...have, service: disabled }).some((step) => step.includes('svcadm')));
});

for (const [what, observed, file, message] of [
  ['a link on the way', { directory: true, through: '/etc' }, {}, /"\/etc" is a symbolic link/],
  [
    'an owner that is not there',
    { directory: true, wanted: 'unknown' },
    { owner: { user: 'web', group: 'web' } },
    /no user web/,
  ],
  [
    'a service that is not there',
    { directory: true, service: 'missing' },
    { reload },
    /has no svc:\/site\/motd:default/,
  ],
] as const) {
  test(`${what} is refused`, () => {
    assert.throws(() => plan(rendered(file), observed), message);
  });
}

test('a directory in the place of a file is a failure', () => {
  assert.throws(() => plan(rendered(), { kind: 'directory', directory: true }), /a directory is there/);
});

test.run();
