import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { checkVars, mergeVars, parseVar, parseVarName, parseVarValue } from '../../src/domain/vars.ts';
import { refusal } from '../support/assertions.ts';

const test = suite('vars');

test('a name again makes a list, and an empty text is a text', () => {
  const one = parseVar('admin=a@example.com');
  assert.equal(one, { admin: 'a@example.com' });
  assert.equal(parseVar('admin=x=y', one), { admin: ['a@example.com', 'x=y'] });
  assert.equal(parseVar('motd='), { motd: '' });
});

test('later values replace earlier ones by name', () => {
  assert.equal(mergeVars({ a: '1', b: ['x', 'y'] }, { b: '2' }, {}), { a: '1', b: '2' });
});

for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty', '1a', 'a-b', 'a.b', '', 'x'.repeat(65)]) {
  test(`"${name}" is no name of a value`, () => {
    assert.is(refusal(() => parseVarName(name)).code, 'NAME_INVALID');
  });
}

for (const value of ['a\nb', 'a\rb', '\x1b[2J', '\u2028', '\ufeff', 'x'.repeat(1025)]) {
  test(`${JSON.stringify(value.slice(0, 10))} is no value`, () => {
    assert.is(refusal(() => parseVarValue(value)).code, 'VALUE_INVALID');
  });
}

test('too many are refused', () => {
  assert.throws(
    () => checkVars(Object.fromEntries(Array.from({ length: 201 }, (_, i) => [`a${i}`, '']))),
    /201 values/,
  );
  assert.throws(() => checkVars({ a: new Array<string>(501).fill('') }), /501 texts in the list "a"/);
});

test('a word without "=" is refused', () => {
  assert.throws(() => parseVar('motd'), /has no "="/);
});

test.run();
