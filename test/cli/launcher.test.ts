// The launcher of znetadm, by every strict shell of this machine.
import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

const SHELLS = [['/bin/dash'], ['/bin/busybox', 'sh'], ['/bin/ksh93'], ['/bin/bash', '--posix']];

const test = suite<{ root: string }>('znetadm.sh');

test.before.each((context) => {
  context.root = mkdtempSync(join(tmpdir(), 'zonenet launcher-'));
  for (const directory of ['bin', 'lib']) mkdirSync(join(context.root, directory));
  cpSync('src/cli/znetadm.sh', join(context.root, 'bin/znetadm'));
  chmodSync(join(context.root, 'bin/znetadm'), 0o755);
  writeFileSync(
    join(context.root, 'lib/start-znetadm.cjs'),
    'process.stdout.write(JSON.stringify([process.argv.slice(2), process.env.NODE_EXTRA_CA_CERTS ?? null, process.cwd()])); process.exitCode = 5',
  );
});

test.after.each(({ root }) => rmSync(root, { recursive: true, force: true }));

for (const [shell = '', ...first] of SHELLS.filter(([program = '']) => existsSync(program))) {
  test(`${shell} hands arguments and status through, and takes the certificates away`, ({ root }) => {
    const args = [...first, join(root, 'bin/znetadm'), 'create-zone', 'it\'s; "x"', ''];
    const env = { PATH: '/usr/bin:/bin', ZONENET_NODE: process.execPath, NODE_EXTRA_CA_CERTS: '/nowhere' };
    const { status, stdout, stderr } = spawnSync(shell, args, { env, cwd: '/tmp', encoding: 'utf8' });
    assert.is(stderr, '');
    assert.is(status, 5);
    assert.equal(JSON.parse(stdout), [['create-zone', 'it\'s; "x"', ''], null, '/tmp']);
  });
}

test('it finds its program by a path of any kind, and by a link to where the software is', ({ root }) => {
  const link = `${root}.link`;
  symlinkSync(root, link);
  const env = { PATH: '/usr/bin:/bin', ZONENET_NODE: process.execPath };
  for (const [cwd, path] of [
    [root, 'bin/znetadm'],
    [join(root, 'bin'), './znetadm'],
    [join(root, 'bin'), 'znetadm'],
    ['/', join(link, 'bin/znetadm')],
  ] as const) {
    const { status, stderr } = spawnSync('/bin/sh', [path, 'check'], { cwd, env, encoding: 'utf8' });
    assert.equal([status, stderr], [5, ''], path);
  }
  rmSync(link);
});

test('a node that cannot be executed is not taken', ({ root }) => {
  const node = join(root, 'node');
  writeFileSync(node, 'not a program');
  const env = { PATH: '/usr/bin:/bin', ZONENET_NODE: node };
  const { status, stderr } = spawnSync('/bin/sh', [join(root, 'bin/znetadm')], { env, encoding: 'utf8' });
  // Where the distribution has a Node of its own, that one is taken.
  if (status === 1) assert.match(stderr, /cannot find Node\.js[\s\S]*ZONENET_NODE=/);
  else assert.is(status, 5);
});

test('a small nursery is for commands that look at all zones, where there are thousands', ({ root }) => {
  writeFileSync(join(root, 'lib/start-znetadm.cjs'), 'process.stdout.write(JSON.stringify(process.execArgv))');
  const zones = join(root, 'etc/zonenet/zones');
  mkdirSync(zones, { recursive: true });
  const flagsOf = (...args: readonly string[]) => {
    const mount = 'mount --bind "$0/etc" /etc && exec "$@"';
    const argv = ['-r', '-m', '/bin/sh', '-c', mount, root, '/bin/sh', join(root, 'bin/znetadm'), ...args];
    const env = { PATH: '/usr/bin:/bin', ZONENET_NODE: process.execPath };
    const { stdout, stderr } = spawnSync('unshare', argv, { env, encoding: 'utf8' });
    assert.is(stderr, '');
    return JSON.parse(stdout);
  };
  assert.equal(flagsOf('check'), []);
  for (let number = 0; number < 4000; number++) writeFileSync(join(zones, `web${number}.ini`), '');
  assert.equal(flagsOf('check'), ['--max-semi-space-size=4', '--heap-growing-percent=50']);
  assert.equal(flagsOf('create-zone'), []);
  assert.equal(flagsOf(), []);
});

test.run();
