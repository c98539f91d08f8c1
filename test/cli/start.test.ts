// The start of znetadm from compiled code that an earlier start has kept.
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

const test = suite<{ root: string }>('start.ts');

// A program of its own beside the real start, in a namespace where /var/run is its own too.
const MOUNT = 'mkdir -p "$0/run" && mount --bind "$0/run" /var/run && exec "$@"';

test.before.each((context) => {
  context.root = mkdtempSync(join(tmpdir(), 'zonenet-start-'));
  mkdirSync(join(context.root, 'lib'));
  cpSync('build/opt/zonenet/lib/start-znetadm.cjs', join(context.root, 'lib/start-znetadm.cjs'));
  program(context.root, 'one');
});

test.after.each(({ root }) => rmSync(root, { recursive: true, force: true }));

const program = (root: string, word: string) =>
  writeFileSync(
    join(root, 'lib/znetadm.cjs'),
    `process.stdout.write(${JSON.stringify(word)} + ' ' + process.argv.slice(2).join(' ') + ' ' + require('node:path').basename(__filename)); process.exitCode = Number(process.argv[3] ?? 0);`,
  );

function start(root: string, ...args: readonly string[]) {
  const argv = [
    '-r',
    '-m',
    '/bin/sh',
    '-c',
    MOUNT,
    root,
    process.execPath,
    join(root, 'lib/start-znetadm.cjs'),
    ...args,
  ];
  const { status, stdout, stderr } = spawnSync('unshare', argv, { encoding: 'utf8', env: { PATH: '/usr/bin:/bin' } });
  assert.is(stderr, '');
  return { status, stdout };
}

test('our bundles are in ASCII, as which they are read', () => {
  for (const bundle of ['znetadm', 'method', 'render']) {
    const code = readFileSync(`build/opt/zonenet/lib/${bundle}.cjs`);
    assert.ok(code.length > 10_000 && code.every((byte) => byte < 0x80), bundle);
  }
});

test('what every run of the method loads is small', () => {
  assert.ok(readFileSync('build/opt/zonenet/lib/method.cjs').length <= 100_000);
});

const keptOf = (root: string, command: string) => readFileSync(join(root, 'run/zonenet/code', command));

test('says and ends the same with and without it, and keeps it once', ({ root }) => {
  const want = { status: 0, stdout: 'one check 0 znetadm.cjs' };
  assert.equal(start(root, 'check', '0'), want);
  const kept = keptOf(root, 'check');
  assert.equal(start(root, 'check', '0'), want);
  assert.equal(keptOf(root, 'check'), kept);
});

test('what a run that was killed has left unfinished is in the way of one more run, and gone', ({ root }) => {
  start(root, 'check', '0');
  const unfinished = join(root, 'run/zonenet/code/check.new');
  program(root, 'two');
  writeFileSync(unfinished, 'half');
  assert.is(start(root, 'check', '0').stdout, 'two check 0 znetadm.cjs');
  assert.is(existsSync(unfinished), false);
  const before = keptOf(root, 'check');
  start(root, 'check', '0');
  assert.not.equal(keptOf(root, 'check'), before);
  assert.is(existsSync(unfinished), false);
});

test('nothing is kept of a run that failed, or of what is no name', ({ root }) => {
  assert.is(start(root, 'check', '3').status, 3);
  start(root, '../evil', '0');
  start(root);
  assert.throws(() => keptOf(root, 'check'), /ENOENT/);
});

test('code in a directory that others can write is not run', ({ root }) => {
  start(root, 'check', '0');
  const kept = keptOf(root, 'check');
  program(root, 'two');
  start(root, 'check', '0');
  writeFileSync(join(root, 'run/zonenet/code/check'), kept);
  chmodSync(join(root, 'run/zonenet/code'), 0o777);
  assert.is(start(root, 'check', '0').stdout, 'two check 0 znetadm.cjs');
  assert.equal(keptOf(root, 'check'), kept);
});

test('another program, or damage, is not run from it', ({ root }) => {
  start(root, 'check', '0');
  program(root, 'two');
  assert.is(start(root, 'check', '0').stdout, 'two check 0 znetadm.cjs');
  const kept = keptOf(root, 'check');
  writeFileSync(join(root, 'run/zonenet/code/check'), kept.subarray(0, kept.length - 40));
  assert.is(start(root, 'check', '0').stdout, 'two check 0 znetadm.cjs');
  // As when a disk has lost a block.
  const holed = Buffer.from(kept);
  holed.fill(0xaa, kept.length - 400, kept.length - 100);
  writeFileSync(join(root, 'run/zonenet/code/check'), holed);
  assert.is(start(root, 'check', '0').stdout, 'two check 0 znetadm.cjs');
  assert.equal(keptOf(root, 'check').equals(holed), false);
  writeFileSync(join(root, 'run/zonenet/code/check'), 'rubbish');
  assert.is(start(root, 'check', '0').stdout, 'two check 0 znetadm.cjs');
});

// The same for the method, whose parts require each other, with /var its own.
test('parts of a program are loaded when they are asked for, each from code of its own', ({ root }) => {
  cpSync('build/opt/zonenet/lib/start-method.cjs', join(root, 'lib/start-method.cjs'));
  const method = `exports.word = 'method'; if (process.argv[3] !== undefined) process.stdout.write(require('./render.cjs').say());`;
  writeFileSync(join(root, 'lib/method.cjs'), method);
  writeFileSync(
    join(root, 'lib/render.cjs'),
    `const shared = require('./method.cjs'); exports.say = () => shared.word + ' ' + require('node:path').basename(__filename);`,
  );
  mkdirSync(join(root, 'var/zonenet'), { recursive: true });
  const mount = 'mount --bind "$0/var" /var && exec "$@"';
  const run = (...args: readonly string[]) => {
    const program = [process.execPath, join(root, 'lib/start-method.cjs'), 'start', ...args];
    const argv = ['-r', '-m', '/bin/sh', '-c', mount, root, ...program];
    const { status, stdout, stderr } = spawnSync('unshare', argv, { encoding: 'utf8', env: { PATH: '/usr/bin:/bin' } });
    assert.equal({ status, stderr }, { status: 0, stderr: '' });
    return { said: stdout, kept: readdirSync(join(root, 'var/zonenet')) };
  };
  assert.equal(run(), { said: '', kept: ['code-start'] });
  const want = { said: 'method render.cjs', kept: ['code-start', 'code-start-render'] };
  assert.equal(run('all'), want);
  assert.equal(run('all'), want);
});

test.run();
