import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { addressFromValue, parseAddress } from '../../src/domain/address.ts';
import { OperatorError } from '../../src/domain/errors.ts';
import {
  formatPrefix,
  netmaskOf,
  networkOf,
  type Prefix,
  parseInterfaceAddress,
  parsePrefix,
  prefixContains,
  prefixesOverlap,
  prefixRange,
} from '../../src/domain/prefix.ts';

const test = suite('prefix');

const codeOf = (run: () => unknown): string | undefined => {
  try {
    run();
    return undefined;
  } catch (error) {
    return error instanceof OperatorError ? error.code : `${error}`;
  }
};

for (const text of [
  '10.0.0.0',
  '10.0.0.0/',
  '10.0.0.0/33',
  '10.0.0.0/024',
  '10.0.0.0/ 8',
  '10.0.0.0/1.5',
  '10.0.0.0/24abc',
  '10.0.0.0/-1',
  'fd00::/129',
  '10.0.0.0/8/8',
]) {
  test(`refuses ${text}`, () =>
    assert.is(
      codeOf(() => parsePrefix(text)),
      'PREFIX_INVALID',
    ));
}

test('refuses host bits and names the network that was meant', () => {
  assert.throws(
    () => parsePrefix('10.2.0.5/24'),
    (error: unknown) =>
      error instanceof OperatorError && error.code === 'PREFIX_INVALID' && error.hint?.includes('10.2.0.0/24') === true,
  );
});

test('an interface address keeps its host bits', () => {
  assert.equal(networkOf(parseInterfaceAddress('10.2.0.7/24')), parsePrefix('10.2.0.0/24'));
  assert.equal(networkOf(parseInterfaceAddress('fd00:1::2/64')), parsePrefix('fd00:1::/64'));
});

test('a /0 holds every address of its family and none of the other', () => {
  assert.ok(prefixContains(parsePrefix('0.0.0.0/0'), parseAddress('255.255.255.255')));
  assert.not(prefixContains(parsePrefix('0.0.0.0/0'), parseAddress('::1')));
});

for (const [length, mask] of [
  [0, '0.0.0.0'],
  [8, '255.0.0.0'],
  [30, '255.255.255.252'],
  [32, '255.255.255.255'],
] as const) {
  test(`the netmask of /${length} is ${mask}`, () => assert.is(netmaskOf(length), mask));
}

const prefixes: fc.Arbitrary<Prefix> = fc
  .tuple(fc.bigInt({ min: 0n, max: (1n << 32n) - 1n }), fc.integer({ min: 0, max: 32 }))
  .map(([value, prefixLength]) => networkOf({ address: addressFromValue(value, 'inet'), prefixLength }));

test('overlap is the same from both sides, and is one of them holding the other', () => {
  fc.assert(
    fc.property(prefixes, prefixes, (a, b) => {
      const [ra, rb] = [prefixRange(a), prefixRange(b)];
      const expected = ra.first <= rb.last && rb.first <= ra.last;
      assert.is(prefixesOverlap(a, b), expected);
      assert.is(prefixesOverlap(b, a), expected);
    }),
  );
});

test('a prefix is read back as it is written', () => {
  fc.assert(fc.property(prefixes, (prefix) => assert.equal(parsePrefix(formatPrefix(prefix)), prefix)));
});

test.run();
