import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseLinkName, parseNetworkName } from '../../src/domain/names.ts';
import type { Network } from '../../src/domain/network.ts';
import { parseInterfaceAddress } from '../../src/domain/prefix.ts';
import type { ZoneNic } from '../../src/domain/zone-record.ts';
import type { LinkProtection } from '../../src/illumos/dladm.ts';
import { planProtection } from '../../src/plan/protection.ts';

const test = suite('planProtection');

const back = parseNetworkName('back');

function nic(overrides: Partial<ZoneNic> & { address?: readonly string[] } = {}): ZoneNic {
  const { address = ['10.2.0.2/24'], ...rest } = overrides;
  return {
    link: parseLinkName('znic1'),
    over: parseLinkName('zstub0'),
    side: 'inside',
    network: back,
    mtu: 1500,
    dhcp: false,
    addrconf: false,
    addresses: address.map(parseInterfaceAddress),
    routers: [],
    routes: [],
    ...rest,
  };
}

const MAC = new Map([['znic1', '2:8:20:4e:1f:a0']]);

/** The commands for one link, without "dladm set-linkprop -t -p". */
function plan(
  role: 'proxy' | 'member',
  one: ZoneNic,
  have?: LinkProtection,
  networks: readonly Network[] = [],
): string[] {
  const links = new Map(have === undefined ? [] : [[one.link as string, have]]);
  const steps = planProtection({ role, nics: [one] }, networks, { links, macs: MAC });
  return steps.map(({ what }) => what.replace('/usr/sbin/dladm set-linkprop -t -p ', ''));
}

const ALL = 'protection=mac-nospoof,restricted,ip-nospoof,dhcp-nospoof znic1';

test('a member is held to its own addresses, which are allowed before they are asked for', () => {
  assert.equal(plan('member', nic()), ['allowed-ips=10.2.0.2/32 znic1', ALL]);
});

test('with IPv6 its link-local address is allowed too', () => {
  assert.equal(plan('member', nic({ address: ['10.2.0.2/24', 'fd00:1::2/64'] })), [
    'allowed-ips=10.2.0.2/32,fd00:1::2/128,fe80::8:20ff:fe4e:1fa0/128 znic1',
    ALL,
  ]);
});

test('a proxy is never held to addresses', () => {
  assert.equal(plan('proxy', nic()), ['protection=mac-nospoof,restricted,dhcp-nospoof znic1']);
  const outside: ZoneNic = { ...nic(), side: 'outside' };
  assert.equal(plan('proxy', outside), ['protection=mac-nospoof,restricted znic1']);
});

test('what is as it should be is left, in whatever order and spelling dladm shows it', () => {
  const have = {
    types: ['restricted', 'mac-nospoof', 'dhcp-nospoof', 'ip-nospoof'],
    allowedIps: ['fe80::8:20ff:fe4e:1fa0/128', 'fd00:1:0::2/128', '10.2.0.2/32'],
  };
  assert.equal(plan('member', nic({ address: ['10.2.0.2/24', 'fd00:1::2/64'] }), have), []);
});

test('addresses that forbid a proxy to forward go, once nothing asks for them', () => {
  const have = { types: ['ip-nospoof'], allowedIps: ['10.2.0.2/32'] };
  assert.equal(plan('proxy', nic(), have), [
    'protection=mac-nospoof,restricted,dhcp-nospoof znic1',
    '/usr/sbin/dladm reset-linkprop -t -p allowed-ips znic1',
  ]);
});

test('a member whose address changed is allowed the new one only', () => {
  const have = { types: ['mac-nospoof', 'restricted', 'ip-nospoof', 'dhcp-nospoof'], allowedIps: ['10.2.0.9/32'] };
  assert.equal(plan('member', nic(), have), ['allowed-ips=10.2.0.2/32 znic1']);
});

for (const [why, one] of [
  ['DHCP', nic({ dhcp: true, address: [] })],
  ['router advertisements', nic({ addrconf: true })],
  ['nobody here', nic({ address: [] })],
] as const) {
  test(`a member whose addresses come by ${why} is not held to any`, () => {
    assert.equal(plan('member', one), ['protection=mac-nospoof,restricted,dhcp-nospoof znic1']);
  });
}

test('more addresses than dladm takes are not held to', () => {
  const many = Array.from({ length: 33 }, (_, index) => `10.2.0.${index + 2}/24`);
  const none = ['protection=mac-nospoof,restricted,dhcp-nospoof znic1'];
  assert.equal(plan('member', nic({ address: many })), none);
  // 20 of them are few enough, but too long.
  assert.equal(plan('member', nic({ address: many.slice(0, 20) })), none);
  assert.is(plan('member', nic({ address: many.slice(0, 15) })).length, 2);
});

test('links of a network that is not protected are left alone', () => {
  const network: Network = {
    name: back,
    state: 'ready',
    prefixes: [],
    routers: [],
    etherstub: parseLinkName('zstub0'),
    mtu: 1500,
    reservations: [],
    vars: {},
    unprotected: true,
  };
  assert.equal(plan('member', nic(), { types: ['restricted'], allowedIps: [] }, [network]), []);
});

test.run();
