import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { resolveInRoot } from './zone-files.ts';

const test = suite<{ root: string }>('resolveInRoot');

test.before.each((context) => {
  context.root = mkdtempSync(join(tmpdir(), 'root-'));
  mkdirSync(join(context.root, 'etc/inet'), { recursive: true });
  writeFileSync(join(context.root, 'etc/inet/hosts'), '');
});

test.after.each(({ root }) => {
  rmSync(root, { recursive: true });
});

test('a relative link is followed from where it is', ({ root }) => {
  symlinkSync('./inet/hosts', join(root, 'etc/hosts'));
  assert.is(resolveInRoot(root, '/etc/hosts'), join(root, 'etc/inet/hosts'));
});

test('an absolute link and ".." end at the root', ({ root }) => {
  symlinkSync('/etc', join(root, 'outside'));
  symlinkSync('../../../../etc', join(root, 'above'));
  assert.is(resolveInRoot(root, '/outside/inet'), join(root, 'etc/inet'));
  assert.is(resolveInRoot(root, '/above/inet'), join(root, 'etc/inet'));
  assert.is(resolveInRoot(root, '/../../etc'), join(root, 'etc'));
});

test('what is not there yet keeps its name', ({ root }) => {
  assert.is(resolveInRoot(root, '/var/none/new'), join(root, 'var/none/new'));
});

test('links in a circle are an error', ({ root }) => {
  symlinkSync('two', join(root, 'one'));
  symlinkSync('one', join(root, 'two'));
  assert.throws(() => resolveInRoot(root, '/one'), 'symbolic links');
});

test.run();
