// The lists of mutations follow the lab: whoever changes a line that one of them changes adapts it there.
import { existsSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { mutatedText, parseMutations, readMutations } from './mutation.ts';
import { readVerdict } from './run-tests.ts';

const test = suite('mutations');
const mutations = readMutations('.');

test('are at least 40, each with a name of its own', () => {
  const names = mutations.map(({ name }) => name);
  assert.ok(names.length >= 40);
  assert.is(new Set(names).size, names.length);
});

test('change text that stands in its file once, and name test files that exist', () => {
  const errors: string[] = [];
  for (const mutation of mutations) {
    const { name, file, tests } = mutation;
    if (!existsSync(`test/lab/${file}`) || file === '') errors.push(`mutation "${name}": no test/lab/${file}`);
    else {
      try {
        mutatedText('.', mutation);
      } catch (error) {
        errors.push(String(error));
      }
    }
    if (tests.length === 0) errors.push(`mutation "${name}" has no test`);
    for (const each of tests) if (!existsSync(`test/${each}.ts`)) errors.push(`mutation "${name}": no test/${each}.ts`);
  }
  assert.equal(errors, []);
});

test('are read with their lines as they stand', () => {
  const text =
    '# head\n\n## one: thing\nfile a/b.ts\ntest lab/a.test\ntest lab/b.test\n-   if (x) {\n- y();\n\n## two\nfile c.ts\n';
  assert.equal(parseMutations(text), [
    { name: 'one: thing', file: 'a/b.ts', tests: ['lab/a.test', 'lab/b.test'], find: '  if (x) {\ny();', replace: '' },
    { name: 'two', file: 'c.ts', tests: [], find: '', replace: '' },
  ]);
});

test('count as noticed only by a test that fails by name', () => {
  const failed = 'FAIL lab/a.test.mjs  1/2  0.1 s\n     |    FAIL  suite  "says no"\n     1 of 2 did not pass\n';
  assert.equal(readVerdict(failed, 1), { kind: 'failed', tests: ['says no'] });
  const early =
    'FAIL lab/a.test.mjs  0/0  1.0 s\n     |  lab (c)  • •\n     | words\n     | • ✘ •   Exiting early before testing is finished.\n';
  assert.equal(readVerdict(early, 1), { kind: 'failed', tests: ['a test of lab (c)'] });
  assert.equal(readVerdict('FAIL lab/a.test.mjs  0/0  9.9 s\n     did not end within 120 s\n', 1), { kind: 'late' });
  assert.is(readVerdict('Error: cannot compile\n', 1).kind, 'broken');
  assert.equal(readVerdict('1 passed, 0 failed, 0 skipped\n', 0), { kind: 'passed' });
});

test.run();
