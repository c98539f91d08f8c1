import { readFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Command, createParser, type Value } from './zonecfg-grammar.ts';

const test = suite('zonecfg grammar');

interface Case {
  readonly text: string;
  readonly accepted: boolean;
  readonly commands: readonly string[];
  readonly messages: readonly string[];
}
const cases: readonly Case[] = JSON.parse(readFileSync('test/fixtures/conformance/zonecfg-grammar.json', 'utf8'));

/** The notation of the conformance data. */
function notation({ line, name, args, resource, property, properties }: Command): string {
  const words = properties.map((pair) => `${pair.name}=${notationOf(pair.value)}`);
  const what = resource ?? property;
  return [
    `${line}: ${name}`,
    ...args.map((arg) => `arg=${arg}`),
    ...(what === undefined ? [] : [`resource=${what}`]),
    ...words,
  ].join(' ');
}

function notationOf(value: Value): string {
  switch (value.kind) {
    case 'simple':
      return `"${value.text}"`;
    case 'complex':
      return `(${value.pairs.map(([name, text]) => `${name}="${text}"`).join(',')})`;
    case 'list':
      return `[${value.items.map(notationOf).join(',')}]`;
  }
}

/** Reads as far as the first error or `exit`, as the data does. */
function judge(text: string): Omit<Case, 'text'> {
  const next = createParser(text);
  const commands: string[] = [];
  for (;;) {
    const parsed = next();
    switch (parsed.kind) {
      case 'command':
        commands.push(notation(parsed.command));
        if (parsed.command.name === 'exit') return { accepted: true, commands, messages: [] };
        break;
      case 'syntax error': {
        const messages = `syntax error on line ${parsed.line} at '${parsed.at}'`.split('\n');
        return { accepted: false, commands, messages };
      }
      case 'usage error':
        return { accepted: false, commands, messages: [`usage error: ${parsed.command}`] };
      case 'end':
        return { accepted: true, commands, messages: [] };
      case 'nothing':
        break;
    }
  }
}

test(`reads all ${cases.length} files of the conformance data as illumos does`, () => {
  assert.is(cases.length, 261);
  for (const { text, ...expected } of cases) assert.equal(judge(text), expected, JSON.stringify(text));
});

test('goes on behind an error with the next command', () => {
  const next = createParser('set zonepath=/z oops; commit\nfrobnicate\nverify\n');
  const kinds = Array.from({ length: 5 }, next).map((parsed) =>
    parsed.kind === 'command' ? parsed.command.name : parsed.kind,
  );
  assert.equal(kinds, ['syntax error', 'commit', 'syntax error', 'verify', 'end']);
});

test.run();
