import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  type Address,
  addressFromValue,
  addressValue,
  familyOf,
  parseAddress,
  parseIpv4,
  parseIpv6,
} from '../../src/domain/address.ts';
import { OperatorError } from '../../src/domain/errors.ts';

const test = suite('address');

const isAddressError = (error: unknown) =>
  error instanceof OperatorError && error.code === 'ADDRESS_INVALID' && error.hint !== undefined;

for (const text of [
  '',
  '10.0.0',
  '10.0.0.256',
  '010.0.0.1',
  ' 10.0.0.1',
  '10.0.0.1\n',
  '0x0a.0.0.1',
  '10.0.0.1/24',
  '1e1.0.0.1',
  '10.0.0.0.1',
]) {
  test(`refuses ${JSON.stringify(text)} as IPv4`, () => assert.throws(() => parseIpv4(text), isAddressError));
}

for (const text of [':::', '1::2::3', 'fd00:1', 'fe80::1%znic0', 'fd00::g', '::1 ', '10.0.0.1']) {
  test(`refuses ${JSON.stringify(text)} as IPv6`, () => assert.throws(() => parseIpv6(text), isAddressError));
}

for (const [text, canonical] of [
  ['10.0.0.1', '10.0.0.1'],
  ['FD00:1:0:0:0:0:0:2', 'fd00:1::2'],
  ['2001:DB8::0:1', '2001:db8::1'],
  ['::', '::'],
] as const) {
  test(`writes ${text} as ${canonical}`, () => assert.is(parseAddress(text), canonical));
}

test('gives the value of an address with a dotted quad at its end', () => {
  assert.is(addressValue(parseIpv6('::ffff:10.0.0.1')), 0xffff0a000001n);
});

test('an address is its value and back, in both families', () => {
  const same = (address: Address) => assert.is(addressFromValue(addressValue(address), familyOf(address)), address);
  fc.assert(fc.property(fc.ipV4(), (text) => same(parseIpv4(text))));
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: (1n << 128n) - 1n }), (value) =>
      assert.is(addressValue(addressFromValue(value, 'inet6')), value),
    ),
  );
});

test.run();
