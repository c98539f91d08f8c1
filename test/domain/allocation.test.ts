import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Address, parseIpv4 } from '../../src/domain/address.ts';
import { freeLinkNames, lowestFreeAddress } from '../../src/domain/allocation.ts';
import { bottomAddress, checkHostAddress, checkNetworkPrefix, usableCount } from '../../src/domain/network.ts';
import { parsePrefix } from '../../src/domain/prefix.ts';

const test = suite('allocation');

test('names take the lowest free numbers, gaps first', () => {
  assert.equal(freeLinkNames('znic', 3, new Set(['znic0', 'znic2', 'znic10'])), ['znic1', 'znic3', 'znic4']);
  assert.equal(freeLinkNames('znic', 0, new Set()), []);
});

test('addresses take the lowest free one, never network, broadcast or router', () => {
  const prefix = parsePrefix('10.2.0.0/29');
  const owners = new Map<Address, string>([[parseIpv4('10.2.0.1'), 'the router']]);
  const what = { zone: 'z', network: 'back' };
  const given = [];
  for (let count = 0; count < 5; count += 1) {
    const address = lowestFreeAddress(prefix, owners, what);
    given.push(address);
    owners.set(address, `zone ${count}`);
  }
  assert.equal(given, ['10.2.0.2', '10.2.0.3', '10.2.0.4', '10.2.0.5', '10.2.0.6']);
  assert.throws(() => lowestFreeAddress(prefix, owners, what), /all 6 of network "back"/);
});

for (const [prefix, good] of [
  ['10.0.0.0/8', true],
  ['10.2.0.0/24', true],
  ['10.2.0.0/30', true],
  ['0.0.0.0/7', false],
  ['10.2.0.0/31', false],
  ['10.2.0.1/32', false],
] as const) {
  test(`${prefix} is ${good ? 'a' : 'no'} hidden network`, () => {
    if (good) assert.ok(checkNetworkPrefix(parsePrefix(prefix)));
    else
      assert.throws(
        () => checkNetworkPrefix(parsePrefix(prefix)),
        (error: { code?: string }) => error.code === 'PREFIX_INVALID',
      );
  });
}

test('the bottom address is the first that a host can have', () => {
  assert.is(bottomAddress(parsePrefix('10.2.0.0/24')), '10.2.0.1');
  assert.is(bottomAddress(parsePrefix('10.128.0.0/9')), '10.128.0.1');
  assert.is(usableCount(parsePrefix('10.2.0.0/24')), 254n);
  assert.is(usableCount(parsePrefix('10.0.0.0/8')), 16777214n);
});

test('an address that no host can have is refused', () => {
  const prefix = parsePrefix('10.2.0.0/24');
  for (const address of ['10.2.0.0', '10.2.0.255', '10.2.1.1']) {
    assert.throws(
      () => checkHostAddress(parseIpv4(address), prefix, 'x'),
      (error: { code?: string }) => error.code === 'ADDRESS_OUTSIDE',
    );
  }
  assert.is(checkHostAddress(parseIpv4('10.2.0.254'), prefix, 'x'), '10.2.0.254');
});

test.run();
