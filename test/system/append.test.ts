import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { appendLines } from '../../src/system/append.ts';
import { refusal } from '../support/assertions.ts';

const test = suite<{ dir: string }>('appendLines');

test.before.each((context) => {
  context.dir = mkdtempSync(join(tmpdir(), 'zonenet-append-'));
});

test.after.each(({ dir }) => rmSync(dir, { recursive: true, force: true }));

test('adds line by line, and makes its directory', ({ dir }) => {
  const path = join(dir, 'a/b/history');
  for (const line of ['one\n', 'two\n']) appendLines(path, line, 100);
  assert.is(readFileSync(path, 'utf8'), 'one\ntwo\n');
});

test('begins a new line where the last one was cut off', ({ dir }) => {
  const path = join(dir, 'history');
  writeFileSync(path, 'one\ntw');
  appendLines(path, 'three\n', 100);
  assert.is(readFileSync(path, 'utf8'), 'one\ntw\nthree\n');
});

test('never takes more than twice its size', ({ dir }) => {
  const path = join(dir, 'history');
  for (let n = 0; n < 100; n += 1) appendLines(path, `line ${n}\n`, 50);
  assert.ok(statSync(path).size + statSync(`${path}.0`).size <= 2 * 60);
  assert.ok(readFileSync(path, 'utf8').endsWith('line 99\n'));
});

test('says what cannot be written', ({ dir }) => {
  writeFileSync(join(dir, 'file'), '');
  const error = refusal(() => appendLines(join(dir, 'file/history'), 'x\n', 50));
  assert.is(error.code, 'WRITE_FAILED');
  assert.ok(error.message.includes('/file/history'), error.message);
});

test.run();
