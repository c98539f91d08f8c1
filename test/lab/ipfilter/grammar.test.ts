import { readFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { loadFilter } from './load.ts';

interface Entry {
  readonly text: string;
  readonly family: 'ipv4' | 'ipv6';
  readonly accepted: boolean;
  readonly printed: readonly string[];
  readonly engineErrno: readonly number[];
  readonly warnings: readonly string[];
  readonly crash?: boolean;
}

const test = suite('ipf grammar');
const entries = JSON.parse(readFileSync('test/fixtures/conformance/ipf-grammar.json', 'utf8')) as Entry[];

function answer({ text, family }: Entry): Omit<Entry, 'text' | 'family'> {
  const { ending, printed, errnos, warnings } = loadFilter(text, family);
  const accepted = ending === 'done';
  return { accepted, printed, engineErrno: errnos, warnings, ...(ending === 'crash' ? { crash: true } : {}) };
}

test('takes, refuses and prints every file as illumos does', () => {
  const wrong = entries.filter((entry) => {
    const { text: _, family: __, ...wanted } = entry;
    try {
      assert.equal(answer(entry), wanted);
      return false;
    } catch {
      return true;
    }
  });
  console.log(`ipf-grammar.json: ${entries.length - wrong.length} of ${entries.length} as illumos`);
  for (const entry of wrong) {
    const { text, family, ...wanted } = entry;
    assert.equal(answer(entry), wanted, `${family} ${JSON.stringify(text)}`);
  }
});

test.run();
