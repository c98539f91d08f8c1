// Each row of facts.md names a fact that exists in form, and a test that exists in fact.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

const test = suite('facts');

interface Row {
  readonly behaviour: string;
  readonly fact: string;
  readonly file: string;
  readonly name: string;
}

/** Rows "| behaviour | fact | file.test.ts: name of the test |"; "\|" is a bar inside a cell. */
function readRows(text: string): Row[] {
  const lines = text.split('\n').filter((line) => line.startsWith('| ') && !line.startsWith('| behaviour '));
  return lines.map((line) => {
    const cells = line
      .slice(1, line.lastIndexOf('|'))
      .split(/(?<!\\)\|/)
      .map((cell) => cell.trim().replaceAll('\\|', '|'));
    const [behaviour = '', fact = '', where = ''] = cells;
    assert.is(cells.length, 3, `three cells: ${line}`);
    const [, file = '', name = ''] = /^`?([\w./-]+\.test\.ts)`?: ?"?(.*?)"?$/.exec(where) ?? [];
    return { behaviour, fact, file, name };
  });
}

const rows = readRows(readFileSync('test/lab/facts.md', 'utf8'));

/** The source of a test file, with the quoting of its string literals taken away. */
const sources = new Map<string, string>();
function sourceOf(file: string): string {
  const known = sources.get(file);
  if (known !== undefined) return known;
  const path = join('test', file);
  assert.ok(existsSync(path), `test/${file} is not there`);
  const text = readFileSync(path, 'utf8').replace(/\\(['"`\\])/g, '$1');
  sources.set(file, text);
  return text;
}

test('there is at least a row for each part of the lab', () => assert.ok(rows.length >= 6, `${rows.length} rows`));

test('every behaviour points to a fact: a section, or a file of the conformance data', () => {
  const known = /§\d+(\.\d+)?|ipfilter\.md \d+|lab\.md part \d+|conformance|design\.md|default-rules\.md/;
  for (const { behaviour, fact } of rows) assert.match(fact, known, `${behaviour}: ${fact}`);
});

test('every behaviour is held by a test that exists', () => {
  for (const { behaviour, file, name } of rows) {
    assert.ok(file !== '' && name !== '', `"${behaviour}" names no test as "file.test.ts: name"`);
    assert.ok(sourceOf(file).includes(name), `test/${file} has no test "${name}" (for "${behaviour}")`);
  }
});

test.run();
