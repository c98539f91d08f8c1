import { readFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { SyntaxFailure } from './lexer.ts';
import { addNatRule } from './nat-list.ts';
import type { NatRule } from './nat-rule.ts';
import { parseNatFile } from './parse-nat.ts';
import { formatNatRule } from './print-nat.ts';

const test = suite('ipnat grammar');

interface Answer {
  readonly accepted: boolean;
  readonly printed: readonly string[];
  readonly engineErrno: readonly number[];
  readonly warnings: readonly string[];
}

type Case = Answer & { readonly text: string; readonly family: string };

const cases: readonly Case[] = JSON.parse(readFileSync('test/fixtures/conformance/ipnat-grammar.json', 'utf8'));

const utf8 = (text: string) => Buffer.from(text, 'latin1').toString('utf8');

function answer(text: string): Answer {
  const printed: string[] = [];
  const engineErrno: number[] = [];
  const warnings: string[] = [];
  const list: NatRule[] = [];
  const sink = {
    rule(rule: NatRule) {
      printed.push(utf8(formatNatRule(rule)));
      engineErrno.push(addNatRule(list, rule));
    },
    warn: (line: string) => warnings.push(utf8(line)),
  };
  try {
    parseNatFile(Buffer.from(text), sink);
    return { accepted: true, printed, engineErrno, warnings };
  } catch (error) {
    if (!(error instanceof SyntaxFailure)) throw error;
    return { accepted: false, printed, engineErrno, warnings: [...warnings, utf8(error.message)] };
  }
}

test('answers every file of ipnat-grammar.json as illumos does', () => {
  const wrong = cases.flatMap(({ text, accepted, printed, engineErrno, warnings }) => {
    const want = { accepted, printed, engineErrno, warnings };
    const have = answer(text);
    return JSON.stringify(have) === JSON.stringify(want) ? [] : [{ text, want, have }];
  });
  console.log(`ipnat-grammar.json: ${cases.length - wrong.length} of ${cases.length} as illumos, ${wrong.length} not`);
  assert.equal(wrong, []);
});

test('takes the rules before an error', () => {
  const { accepted, printed, warnings } = answer('map e0 10.0.0.0/8 -> 0/32\nrdr e0 0/0 port 80 ->\n');
  assert.is(accepted, false);
  assert.equal(printed, ['map e0 10.0.0.0/8 -> 0.0.0.0/32']);
  assert.equal(warnings, ['syntax error error at "", line 1']);
});

test('names the line of the token after a rule, 1 after the last one', () => {
  const lines: number[] = [];
  const sink = { rule: (_rule: NatRule, line: number) => lines.push(line), warn: () => undefined };
  parseNatFile(Buffer.from('map e0 10.0.0.0/8 -> 0/32\n\nmap e0 10.0.0.0/9 -> 0/32 ;\n# end\n'), sink);
  assert.equal(lines, [3, 3]);
});

test.run();
