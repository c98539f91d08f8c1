import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { addressFromValue, addressValue, parseAddress } from '../../src/domain/address.ts';
import { parseLinkName, parseNetworkName } from '../../src/domain/names.ts';
import type { Network } from '../../src/domain/network.ts';
import { parsePrefix } from '../../src/domain/prefix.ts';
import { parseReservation } from '../../src/domain/reservation.ts';
import { countAddresses, formatAddressRange, freeAddresses } from '../../src/host/free-addresses.ts';

const test = suite('free addresses');

const network = (prefixes: readonly string[], routers: readonly string[], reserved: readonly string[]): Network => ({
  name: parseNetworkName('back'),
  state: 'ready',
  prefixes: prefixes.map(parsePrefix),
  routers: routers.map(parseAddress),
  etherstub: parseLinkName('zstub0'),
  mtu: 1500,
  reservations: reserved.map(parseReservation),
  vars: {},
});

const free = (...args: Parameters<typeof network>) => freeAddresses(network(...args), []).map(formatAddressRange);

for (const [what, prefix, router, reserved, wanted] of [
  ['a new network', '10.2.0.0/24', '10.2.0.1', [], ['10.2.0.2-10.2.0.254']],
  ['a router in the middle', '10.2.0.0/24', '10.2.0.9', [], ['10.2.0.1-10.2.0.8', '10.2.0.10-10.2.0.254']],
  ['a router at the end', '10.2.0.0/30', '10.2.0.2', [], ['10.2.0.1']],
  ['nothing left', '10.2.0.0/30', '10.2.0.1', ['10.2.0.2'], []],
  [
    'reservations that overlap',
    '10.2.0.0/28',
    '10.2.0.1',
    ['10.2.0.3-10.2.0.7', '10.2.0.5-10.2.0.9'],
    ['10.2.0.2', '10.2.0.10-10.2.0.14'],
  ],
  ['a reservation beyond the end', '10.2.0.0/28', '10.2.0.1', ['10.2.0.9-10.2.0.15'], ['10.2.0.2-10.2.0.8']],
  [
    'a large IPv6 prefix',
    'fd00:1::/64',
    'fd00:1::1',
    ['fd00:1::5'],
    ['fd00:1::2-fd00:1::4', 'fd00:1::6-fd00:1::ffff:ffff:ffff:ffff'],
  ],
] as const) {
  test(what, () => {
    assert.equal(free([prefix], [router], reserved), wanted);
  });
}

test('is what is left one by one', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 62 }),
      fc.array(fc.integer({ min: 0, max: 63 }), { maxLength: 40 }),
      (router, taken) => {
        const base = addressValue(parseAddress('10.2.0.0'));
        const address = (n: number) => addressFromValue(base + BigInt(n), 'inet');
        const ranges = freeAddresses(network(['10.2.0.0/26'], [address(router)], taken.map(address)), []);
        const listed = ranges.flatMap(({ first, last }) => {
          const all: number[] = [];
          for (let value = addressValue(first); value <= addressValue(last); value += 1n)
            all.push(Number(value - base));
          return all;
        });
        const wanted = Array.from({ length: 62 }, (_, n) => n + 1).filter((n) => n !== router && !taken.includes(n));
        assert.equal(listed, wanted);
        assert.is(countAddresses(ranges), BigInt(wanted.length));
      },
    ),
    { numRuns: 200 },
  );
});

test.run();
