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

test('a directory in the place of a file is a failure', () => {
  assert.throws(() => plan(rendered(), { kind: 'directory', directory: true }), /a directory is there/);
});

test.run();
