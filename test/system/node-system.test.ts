import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createNodeSystem } from '../../src/system/node-system.ts';
import { runWithExeca } from '../../src/system/run-execa.ts';
import { runWithSpawn } from '../../src/system/run-spawn.ts';
import { rejects } from '../support/assertions.ts';
import { createDisk, onDisk } from '../support/disk.ts';

const test = suite('node system');
const system = createNodeSystem({ run: runWithSpawn, log: () => undefined });
let directory = '';
test.before.each(() => {
  directory = mkdtempSync(join(tmpdir(), 'zn-'));
});
test.after.each(() => rmSync(directory, { recursive: true, force: true }));

test('a file is written whole with its mode, whatever the umask, and nothing is left beside it', async () => {
  const path = join(directory, 'metadata.ini');
  const umask = process.umask(0o077);
  await system.writeFile({ path, content: 'a = 1\n', mode: 0o644 });
  process.umask(umask);
  assert.is(readFileSync(path, 'utf8'), 'a = 1\n');
  assert.is(statSync(path).mode & 0o777, 0o644);
  assert.equal(readdirSync(directory), ['metadata.ini']);
});

test('what is scratch is written and removed whole, and does not wait for the disk', async () => {
  const disk = createDisk({ files: new Map(), directories: new Set(['/var/zonenet']) });
  const file = { path: '/var/zonenet/candidate', content: 'a = 1\n', mode: 0o600 };
  const syncs = () => disk.events.filter(({ event }) => event.startsWith('sync')).length;
  await onDisk(disk, async () => {
    await system.writeFile({ ...file, scratch: true });
    assert.is(await system.readFile(file.path), 'a = 1\n');
    await system.remove(file.path, 'scratch');
    assert.is(await system.kindOf(file.path), undefined);
    assert.is(syncs(), 0);
    await system.writeFile(file);
    await system.remove(file.path);
    assert.is(syncs(), 3);
  });
});

test('a link planted at the path is replaced, not followed', async () => {
  const victim = join(directory, 'victim');
  writeFileSync(victim, 'keep');
  symlinkSync(victim, join(directory, 'record.ini'));
  await system.writeFile({ path: join(directory, 'record.ini'), content: 'new', mode: 0o644 });
  assert.is(readFileSync(victim, 'utf8'), 'keep');
  assert.is(readFileSync(join(directory, 'record.ini'), 'utf8'), 'new');
});

test('what a killed run left half written is told, written over, and removed with its file', async () => {
  const [path, half, victim] = ['record.ini', '.record.ini.zonenet', 'victim'].map((name) => join(directory, name));
  writeFileSync(victim ?? '', 'keep');
  symlinkSync(victim ?? '', half ?? '');
  assert.equal(await system.cutOff(directory), [half]);
  await system.writeFile({ path: path ?? '', content: 'new', mode: 0o644 });
  assert.equal(readdirSync(directory), ['record.ini', 'victim']);
  for (const there of [path ?? '', half ?? '']) {
    writeFileSync(there, 'ha');
    writeFileSync(half ?? '', 'ha');
    await system.remove(path ?? '');
    assert.equal(readdirSync(directory), ['victim']);
  }
  assert.is(readFileSync(victim ?? '', 'utf8'), 'keep');
  assert.equal(await system.cutOff(join(directory, 'x')), []);
});

test('directories are made with those above them', async () => {
  await system.makeDirectory(join(directory, 'a/b/c'), 0o755);
  await system.makeDirectory(join(directory, 'a/b/c'), 0o755);
  assert.is(await system.kindOf(join(directory, 'a/b/c')), 'directory');
});

test('a write that fails leaves the old file and no half one', async () => {
  mkdirSync(join(directory, 'taken'));
  const error = await rejects(() => system.writeFile({ path: join(directory, 'taken'), content: 'x', mode: 0o644 }));
  assert.is(error.code, 'WRITE_FAILED');
  assert.equal(readdirSync(directory), ['taken']);
  assert.is(
    (await rejects(() => system.writeFile({ path: join(directory, 'no/x'), content: 'x', mode: 0o644 }))).code,
    'WRITE_FAILED',
  );
});

test('what is not there is missing, not an error', async () => {
  assert.is(await system.readFile(join(directory, 'x')), undefined);
  assert.equal(await system.list(join(directory, 'x')), []);
  assert.is(await system.kindOf(join(directory, 'x')), undefined);
  await system.remove(join(directory, 'x'));
});

test('a listing leaves out what is begun with a dot, half-written files among them', async () => {
  for (const name of ['b.ini', 'a.ini', '.a.ini.12.ff']) writeFileSync(join(directory, name), '');
  assert.equal(await system.list(directory), ['a.ini', 'b.ini']);
});

test('removes a file, a link and an empty directory, and refuses a full one', async () => {
  const path = (name: string) => join(directory, name);
  writeFileSync(path('file'), '');
  symlinkSync('/nowhere', path('link'));
  mkdirSync(path('full/inner'), { recursive: true });
  for (const name of ['file', 'link', 'full/inner']) await system.remove(path(name));
  assert.equal(readdirSync(directory), ['full']);
  writeFileSync(path('full/x'), '');
  assert.is((await rejects(() => system.remove(path('full')))).code, 'WRITE_FAILED');
});

test('reads plain files, and refuses what might never end', async () => {
  const path = (name: string) => join(directory, name);
  writeFileSync(path('plain'), 'text\n');
  symlinkSync('plain', path('link'));
  symlinkSync('/nowhere', path('nowhere'));
  symlinkSync('/dev/zero', path('device'));
  mkdirSync(path('directory'));
  await system.run({ program: '/usr/bin/mkfifo', args: [path('pipe')] });
  assert.equal([await system.readFile(path('plain')), await system.readFile(path('link'))], ['text\n', 'text\n']);
  assert.is(await system.readHead(path('plain'), 2), 'te');
  symlinkSync('/dev/null', path('null'));
  assert.equal([await system.readFile(path('null')), await system.readHead(path('null'), 2)], ['', '']);
  assert.equal([await system.readFile(path('none')), await system.readFile(path('nowhere'))], [undefined, undefined]);
  for (const [name, why] of [
    ['device', 'it is no plain file'],
    ['pipe', 'it is no plain file'],
    ['directory', 'it is a directory'],
    ['plain/below', 'ENOTDIR'],
  ] as const) {
    for (const read of [() => system.readFile(path(name)), () => system.readHead(path(name), 2)]) {
      const { code, message } = await rejects(read);
      assert.equal([code, message], ['FILE_REFUSED', `${path(name)}: cannot be read: ${why}`]);
    }
  }
});

for (const [name, run] of [
  ['spawn', runWithSpawn],
  ['execa', runWithExeca],
] as const) {
  test(`${name}: arguments arrive as they are, and the environment is clean`, async () => {
    process.env['ZN_LEAK'] = '1';
    const { status, stdout } = await run({
      program: '/bin/sh',
      args: ['-c', 'printf "%s|" "$@"; env | sort', 'sh', 'a b', "';$x", '', 'x\ny'],
    });
    delete process.env['ZN_LEAK'];
    assert.is(status, 0);
    const [words, environment = ''] = stdout.split(/\|(?=LC_ALL)/);
    assert.is(words, "a b|';$x||x\ny");
    assert.match(environment, /LC_ALL=C\n/);
    assert.not.match(environment, /ZN_LEAK|HOME/);
  });

  test(`${name}: tells status, both streams to the byte, and what was given on stdin`, async () => {
    const { status, stdout, stderr } = await run({
      program: '/bin/sh',
      args: ['-c', 'cat; echo oops >&2; exit 17'],
      stdin: 'in\n\n',
    });
    assert.equal([status, stdout, stderr], [17, 'in\n\n', 'oops\n']);
  });

  test(`${name}: no stdin is the end of file, not a wait`, async () => {
    assert.is((await run({ program: '/bin/cat', args: [], timeoutSeconds: 5 })).timedOut, false);
  });

  test(`${name}: a program that is not there is a failure with its name`, async () => {
    const { status, stderr } = await run({ program: '/usr/sbin/nosuch', args: [] });
    assert.is(status, undefined);
    assert.match(stderr, /\/usr\/sbin\/nosuch.*ENOENT/);
  });

  test(`${name}: a program past its deadline is ended`, async () => {
    const { timedOut, status } = await run({ program: '/bin/sleep', args: ['30'], timeoutSeconds: 0.2 });
    assert.equal([timedOut, status], [true, undefined]);
  });
}

test('spawn: what a program past its deadline has started ends with it', async () => {
  const marker = join(directory, 'alive');
  const script = join(directory, 'tree');
  writeFileSync(script, `#!/bin/sh\n(sleep 1; touch ${marker}) &\nsleep 30\n`);
  chmodSync(script, 0o755);
  await runWithSpawn({ program: script, args: [], timeoutSeconds: 0.2 });
  await system.sleep(1200);
  assert.not(existsSync(marker));
});

test.run();
