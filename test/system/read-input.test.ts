import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { readInput } from '../../src/system/read-input.ts';
import { rejects } from '../support/assertions.ts';

const test = suite<{ directory: string }>('files that a person names');

test.before.each((context) => {
  context.directory = mkdtempSync(join(tmpdir(), 'zn-'));
});
test.after.each(({ directory }) => rmSync(directory, { recursive: true, force: true }));

test('may be pipes, and are read to their end', async ({ directory }) => {
  const pipe = join(directory, 'pipe');
  spawnSync('/usr/bin/mkfifo', [pipe]);
  const writer = spawn('/bin/sh', ['-c', 'echo one >"$1"', 'sh', pipe], { stdio: 'ignore' });
  assert.is(readInput(pipe, 'import'), 'one\n');
  await new Promise((resolve) => writer.once('exit', resolve));
});

test('that are not there, or are directories, are told by name', async ({ directory }) => {
  const none = await rejects(async () => readInput(join(directory, 'none'), 'import'));
  assert.equal([none.code, none.message], ['NOT_FOUND', `Cannot import "${directory}/none": there is no such file`]);
  assert.is((await rejects(async () => readInput(directory, 'import'))).code, 'FILE_REFUSED');
});

test.run();
