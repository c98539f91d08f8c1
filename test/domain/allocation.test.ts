import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseIpv4 } from '../../src/domain/address.ts';
import { createAddressGiver, createLinkNames } from '../../src/domain/allocation.ts';
import { parseLinkName, parseNetworkName, parseZoneName } from '../../src/domain/names.ts';
import {
  bottomAddress,
  checkHostAddress,
  checkNetworkPrefix,
  type Network,
  usableCount,
} from '../../src/domain/network.ts';
import { parsePrefix } from '../../src/domain/prefix.ts';
import { parseReservation } from '../../src/domain/reservation.ts';
import { refusal } from '../support/assertions.ts';

const test = suite('allocation');

const zone = parseZoneName('z');
const network = (prefix: string, ...reservations: string[]): Network => ({
  name: parseNetworkName('back'),
  state: 'ready',
  prefixes: [parsePrefix(prefix)],
  routers: [bottomAddress(parsePrefix(prefix))],
  etherstub: parseLinkName('zstub0'),
  mtu: 1500,
  reservations: reservations.map(parseReservation),
  vars: {},
});

/** The next addresses of a network, as many as asked for. */
function next(count: number, of: Network, owners = new Map(of.routers.map((router) => [router, 'the router']))) {
  const giver = createAddressGiver(of, owners);
  const [prefix = parsePrefix('10.0.0.0/8')] = of.prefixes;
  return Array.from({ length: count }, () => giver.next(prefix, zone));
}

test('names take the lowest free numbers, gaps first, each once', () => {
  const name = createLinkNames(new Set(['znic0', 'znic2', 'znic10', 'pnic1']));
  assert.equal(['znic', 'znic', 'pnic', 'znic', 'pnic'].map(name), ['znic1', 'znic3', 'pnic0', 'znic4', 'pnic2']);
});

test('addresses take the lowest free one, never network, broadcast or router', () => {
  const back = network('10.2.0.0/29');
  assert.equal(next(5, back), ['10.2.0.2', '10.2.0.3', '10.2.0.4', '10.2.0.5', '10.2.0.6']);
  const error = refusal(() => next(6, back));
  assert.is(error.code, 'NETWORK_FULL');
  assert.match(error.message, /all 6 of network "back"/);
  assert.equal(next(2, network('fd00:1::/64')), ['fd00:1::2', 'fd00:1::3']);
});

test('reserved addresses are passed over, whole ranges at once', () => {
  assert.equal(next(2, network('10.2.0.0/24', '10.2.0.2-10.2.0.99', '10.2.0.101')), ['10.2.0.100', '10.2.0.102']);
  assert.equal(next(1, network('fd00:1::/64', 'fd00:1::2-fd00:1::ffff:ffff')), ['fd00:1::1:0:0']);
  assert.match(refusal(() => next(1, network('10.2.0.0/30', '10.2.0.2'))).message, /are taken or reserved/);
});

test('a reserved address goes to its zone, and to no other', () => {
  const back = network('10.2.0.0/24', '10.2.0.50 z', '10.2.0.60-10.2.0.69');
  assert.equal(next(1, back), ['10.2.0.50']);
  const giver = createAddressGiver(back, new Map());
  const [prefix = parsePrefix('10.0.0.0/8')] = back.prefixes;
  assert.is(giver.wanted(parseIpv4('10.2.0.61'), prefix, zone), '10.2.0.61');
  const error = refusal(() => giver.wanted(parseIpv4('10.2.0.50'), prefix, parseZoneName('other')));
  assert.equal(
    [error.code, error.message],
    ['ADDRESS_TAKEN', 'Cannot give 10.2.0.50 to zone "other": it is reserved for zone "z"'],
  );
  assert.is(refusal(() => giver.wanted(parseIpv4('10.2.0.61'), prefix, zone)).code, 'ADDRESS_TAKEN');
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
