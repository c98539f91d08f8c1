import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { addressFromValue } from '../../src/domain/address.ts';
import { parsePrefix, prefixRange } from '../../src/domain/prefix.ts';
import { freeRanges, lowestFreePrefix } from '../../src/host/free-prefixes.ts';

const test = suite('free prefixes');

test('the free prefix of a pool is the lowest that meets no taken one', () => {
  const pool = parsePrefix('10.64.0.0/10');
  const next = (...taken: string[]) => lowestFreePrefix(pool, 24, taken.map(parsePrefix));
  assert.equal(next(), parsePrefix('10.64.0.0/24'));
  assert.equal(next('10.64.0.0/24', '10.64.2.0/24'), parsePrefix('10.64.1.0/24'));
  // A piece of a /24 spoils all of it; a larger one around the pool leaves nothing.
  assert.equal(next('10.64.0.128/25'), parsePrefix('10.64.1.0/24'));
  assert.equal(next('192.168.0.0/16'), parsePrefix('10.64.0.0/24'));
  assert.is(next('10.0.0.0/8'), undefined);
  assert.is(next('10.64.0.0/10'), undefined);
  assert.is(lowestFreePrefix(parsePrefix('10.64.0.0/25'), 24, []), undefined);
  assert.equal(
    lowestFreePrefix(parsePrefix('10.0.0.0/23'), 24, [parsePrefix('10.0.0.0/24')]),
    parsePrefix('10.0.1.0/24'),
  );
});

// Counted one by one: the arithmetic on ranges must say the same.
test('free ranges are what no taken prefix holds', () => {
  const pool = parsePrefix('10.0.0.0/26');
  const { first, last } = prefixRange(pool);
  let seed = 7;
  const random = (below: number) => {
    seed = (seed * 1103515245 + 12345) % 2147483648;
    return Math.floor((seed / 2147483648) * below);
  };
  for (let round = 0; round < 200; round += 1) {
    const taken = Array.from({ length: random(6) }, () => {
      const length = 24 + random(9);
      const size = 2 ** (32 - length);
      const start = Math.floor(random(80) / size) * size;
      return { address: addressFromValue(first + BigInt(start), 'inet'), length };
    });
    const free: bigint[] = [];
    for (let value = first; value <= last; value += 1n) {
      const hit = taken.some((prefix) => prefixRange(prefix).first <= value && value <= prefixRange(prefix).last);
      if (!hit) free.push(value);
    }
    const found = freeRanges(pool, taken).flatMap((range) => {
      const values: bigint[] = [];
      for (let value = range.first; value <= range.last; value += 1n) values.push(value);
      return values;
    });
    assert.equal(found.map(String), free.map(String));
  }
});

test.run();
