import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createLexer, type Lexer, parseIpv6 } from './lexer.ts';

const test = suite('ipfilter lexer');

const WORDS = [
  ['pass', 'pass'],
  ['in', 'in'],
  ['ge', 'ge'],
] as const;

const BRACED = '$' + '{e}';

function lexerOf(text: string, warnings: string[] = []): Lexer {
  return createLexer(Buffer.from(text), WORDS, (line) => warnings.push(line));
}

function kinds(lexer: Lexer): string[] {
  const seen: string[] = [];
  for (let token = lexer.next(); token.kind !== 'end'; token = lexer.next()) seen.push(`${token.kind}(${token.text})`);
  return seen;
}

test('takes a newline as white space and keywords in any case', () => {
  assert.equal(kinds(lexerOf('PASS\nin\n')), ['pass(PASS)', 'in(in)']);
});

test('reads numbers, hexadecimal numbers, comparisons and addresses', () => {
  assert.equal(kinds(lexerOf('10.2 0x1f >= >< <> != fd00::1 abc0\n')), [
    'number(10)',
    '.(.)',
    'number(2)',
    'hex(0x1f)',
    'ge(>=)',
    '><(><)',
    '<>(<>)',
    'ne(!=)',
    'ipv6(fd00::1)',
    'string(abc0)',
  ]);
});

test('never makes a keyword of a quoted word', () => {
  assert.equal(kinds(lexerOf('"pass" pass\n')), ['string(pass)', 'pass(pass)']);
});

test('loses a word that the end of the file cuts short', () => {
  assert.equal(kinds(lexerOf('pass in')), ['pass(pass)']);
});

test('puts the value of a variable in its place', () => {
  const lexer = lexerOf('$e0 in\n');
  lexer.setVariable('e0', 'pass 10');
  assert.equal(kinds(lexer), ['pass(pass)', 'number(10)', 'in(in)']);
});

test('warns about an unknown variable and keeps its text', () => {
  const warnings: string[] = [];
  assert.equal(kinds(lexerOf(`${BRACED} in\n`, warnings)), [`string(${BRACED})`, 'in(in)']);
  assert.equal(warnings, ["1: unknown variable 'e}'"]);
});

test('names the last token and its line in a failure', () => {
  const lexer = lexerOf('in\n>= x\n');
  lexer.next();
  lexer.next();
  assert.is(lexer.failure('syntax error').message, 'syntax error error at "ge", line 2');
});

test('cuts numbers to 32 bits', () => {
  assert.is(lexerOf('4294967296 ').next().number, 0);
  assert.is(lexerOf('99999999999999999999 ').next().number, 0xffffffff);
});

test('reads IPv6 addresses as inet_pton does', () => {
  assert.equal(parseIpv6('::'), new Array(16).fill(0));
  assert.equal(parseIpv6('::ffff:203.0.113.5')?.slice(10), [255, 255, 203, 0, 113, 5]);
  assert.equal(parseIpv6('1:2:3:4:5:6:7:8')?.slice(0, 4), [0, 1, 0, 2]);
  for (const bad of ['', ':', 'fd00', '1::2::3', 'fd00:00001::', '1:2:3:4:5:6:7', '1:2:3:4:5:6:7::8:9'])
    assert.is(parseIpv6(bad), undefined, bad);
});

test.run();
