import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseAddress } from '../../src/domain/address.ts';
import { formatPrefix, parsePrefix } from '../../src/domain/prefix.ts';
import { formatReservation, parseReservation, reservationOf } from '../../src/domain/reservation.ts';
import { lowestFreeUla, parseUlaOfHost, ulaOfHost } from '../../src/domain/ula.ts';
import { refusal } from '../support/assertions.ts';

const test = suite('reservations and unique local prefixes');

for (const text of ['10.2.0.50', '10.2.0.50-10.2.0.59', '10.2.0.50 web.9', 'fd00::7-fd00::f']) {
  test(`"${text}" is read and written back`, () => assert.is(formatReservation(parseReservation(text)), text));
}

for (const [text, code] of [
  ['10.2.0.59-10.2.0.50', 'VALUE_INVALID'],
  ['10.2.0.50-fd00::7', 'VALUE_INVALID'],
  ['10.2.0.50-10.2.0.59 web9', 'VALUE_INVALID'],
  ['10.2.0.50 web9 web8', 'VALUE_INVALID'],
  ['10.2.0.1-10.2.0.2-10.2.0.3', 'VALUE_INVALID'],
  ['10.2.0.50 global', 'NAME_INVALID'],
  ['10.2.0.50-', 'ADDRESS_INVALID'],
] as const) {
  test(`"${text}" is refused`, () => assert.is(refusal(() => parseReservation(text)).code, code));
}

test('the ends of a reservation are in it', () => {
  const reservations = [parseReservation('10.2.0.50-10.2.0.59')];
  const held = ['10.2.0.49', '10.2.0.50', '10.2.0.59', '10.2.0.60', 'fd00::7'].map(
    (text) => reservationOf(parseAddress(text), reservations) !== undefined,
  );
  assert.equal(held, [false, true, true, false, false]);
});

test('the prefix of a host is fd and 40 random bits', () => {
  assert.is(formatPrefix(ulaOfHost('5f3c1a9e27')), 'fd5f:3c1a:9e27::/48');
  assert.is(formatPrefix(parseUlaOfHost('fd5f:3c1a:9e27::/48')), 'fd5f:3c1a:9e27::/48');
  for (const text of ['fc5f:3c1a:9e27::/48', 'fd5f:3c1a::/32', '10.0.0.0/8', '2001:db8::/48']) {
    assert.is(refusal(() => parseUlaOfHost(text)).code, 'PREFIX_INVALID');
  }
});

test('networks of a host take its lowest free /64', () => {
  const host = ulaOfHost('5f3c1a9e27');
  const next = (...taken: string[]) => {
    const found = lowestFreeUla(host, taken.map(parsePrefix));
    return found === undefined ? undefined : formatPrefix(found);
  };
  assert.is(next(), 'fd5f:3c1a:9e27::/64');
  assert.is(next('fd5f:3c1a:9e27::/64', '10.2.0.0/24'), 'fd5f:3c1a:9e27:1::/64');
  assert.is(next('fd5f:3c1a:9e27::/52'), 'fd5f:3c1a:9e27:1000::/64');
  assert.is(next('fd00::/8'), undefined);
});

test.run();
