import { readFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { OperatorError } from '../../src/domain/errors.ts';
import { parseDomainName, parseLinkName, parseZoneName } from '../../src/domain/names.ts';

const test = suite('names');

interface NameFact {
  readonly kind: 'link' | 'address-object' | 'zone';
  readonly name: string;
  readonly valid: boolean;
}
const facts = JSON.parse(readFileSync('test/fixtures/conformance/names.json', 'utf8')) as NameFact[];

const accepts = (parse: (text: string) => unknown, name: string): boolean => {
  try {
    parse(name);
    return true;
  } catch (error) {
    if (error instanceof OperatorError && error.code === 'NAME_INVALID') return false;
    throw error;
  }
};

/** Names that illumos's function lets pass and we refuse on purpose: its manuals forbid or reserve them. */
const STRICTER = {
  link: (name: string) => /^[_.]/.test(name) || Number(/\d*$/.exec(name)) > 4294967294,
  zone: (name: string) => name.startsWith('SUNW'),
};

for (const { kind, name, valid } of facts) {
  if (kind === 'address-object') continue;
  test(`${kind} ${JSON.stringify(name)} is ${valid ? 'taken' : 'refused'}, as illumos does`, () => {
    const taken = accepts(kind === 'link' ? parseLinkName : parseZoneName, name);
    assert.is(taken, valid && !STRICTER[kind](name));
  });
}

test('a domain name is lowered and loses its last dot', () => {
  assert.is(parseDomainName('Back.Internal.'), 'back.internal');
  for (const name of ['', '-a.b', 'a..b', 'a_b', `${'a'.repeat(64)}.b`]) assert.not(accepts(parseDomainName, name));
});

test.run();
