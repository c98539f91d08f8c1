import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { OperatorError } from '../../src/domain/errors.ts';
import { formatIni, parseIni } from '../../src/ini/document.ts';

const test = suite('ini document');

function faultOf(text: string): string {
  try {
    parseIni(text, 'x.ini');
  } catch (error) {
    if (error instanceof OperatorError && error.code === 'INI_INVALID') return error.message;
    throw error;
  }
  return '';
}

for (const [what, text, place] of [
  ['an indented header', 'a = 1\n [b]\n', 'x.ini:2:1:'],
  ['a header with a comment', '[b] ; note\n', 'x.ini:1:1:'],
  ['a line without "="', 'hello\n', 'x.ini:1:1:'],
  ['a key twice', 'a = 1\na = 2\n', 'x.ini:2:1:'],
  ['a section twice', '[a]\n[a]\n', 'x.ini:2:1:'],
  ['a byte order mark', '\ufeff[a]\n', 'x.ini:1:1:'],
  ['a value cut by a comment', 'a = Zone #5\n', 'x.ini:1:5:'],
  ['single quotes', "a = '[1,2]'\n", 'x.ini:1:5:'],
  ['a quote that does not close', 'a = "b\n', 'x.ini:1:5:'],
  ['a carriage return', 'a = 1\r\n', 'x.ini:1:6:'],
  ['a line separator', 'a = b\u2028c\n', 'x.ini:1:6:'],
  ['a NUL', 'a = b\0\n', 'x.ini:1:6:'],
] as const) {
  test(`refuses ${what}, with its place`, () => assert.is(faultOf(text).split(' ')[0], place));
}

test('tells all faults at once, each with its line and a caret', () => {
  assert.is(
    faultOf('ok = 1\nhello\n[s]\nok = 2\nok = 3\n'),
    [
      'x.ini:2:1: this is neither "[section]" nor "key = value"',
      '   2 | hello',
      '     | ^^^^^',
      '  Headers and keys begin in the first column; a comment has a line of its own',
      'x.ini:5:1: "ok" is there twice (first in line 4)',
      '   5 | ok = 3',
      '     | ^^',
      '  For a list write "ok[] = …" on every line',
    ].join('\n'),
  );
});

test('of a file of something else it tells enough, and what a terminal can bear', () => {
  const carriage = faultOf('a = 1\r\nb = 2\r\n[c]\r\n');
  assert.is(carriage.match(/x\.ini:/g)?.length, 1);
  const many = faultOf('hello\n'.repeat(50)).split('\n');
  assert.equal([many[0]?.slice(0, 10), many.at(-1)], ['x.ini:1:1:', 'x.ini: 30 more']);
  const long = faultOf(`${'x'.repeat(300)}\0${'y'.repeat(300)}\n`).split('\n');
  assert.equal(long.slice(0, 3), [
    'x.ini:1:301: a control character stands here',
    `   1 | …${'x'.repeat(100)}\\x00${'y'.repeat(99)}…`,
    `     | ${' '.repeat(101)}^`,
  ]);
});

test('keeps text that the ini package would turn into something else', () => {
  const { sections } = parseIni('a = true\nb = 010\n[web.1]\nc = null\n[7]\nx[] = 1\nx[] = 2\n', 'x.ini');
  assert.equal(
    sections.map(({ name, entries }) => [name, ...entries.map(({ key, value }) => `${key}=${value}`)]),
    [
      ['', 'a=true', 'b=010'],
      ['web.1', 'c=null'],
      ['7', 'x=1', 'x=2'],
    ],
  );
});

test('what is written is read back, whatever the value', () => {
  const values = fc.string({ unit: 'grapheme' }).filter((value) => !/[\x00-\x1f\x7f\u2028\u2029\ufeff]/.test(value));
  fc.assert(
    fc.property(values, fc.array(values), (value, items) => {
      const text = formatIni(
        ['comment'],
        [
          {
            name: 'web.1',
            entries: [
              ['one', value],
              ['many', items],
            ],
          },
        ],
      );
      const read = parseIni(text, 'x.ini').sections[1]?.entries ?? [];
      assert.equal(
        read.map((entry) => [entry.key, entry.value]),
        [['one', value], ...items.map((item) => ['many', item])],
      );
    }),
  );
});

test('a value that ini cannot hold is refused on writing', () => {
  assert.throws(
    () => formatIni([], [{ name: '', entries: [['a', 'x\ny']] }]),
    (error: unknown) => error instanceof RangeError,
  );
});

test.run();
