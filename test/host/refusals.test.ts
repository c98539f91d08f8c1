// Bad input: each refusal says what, why and how to mend it, and leaves nothing half done.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseAddress } from '../../src/domain/address.ts';
import { parseNetworkName, parseZoneName } from '../../src/domain/names.ts';
import { parsePrefix } from '../../src/domain/prefix.ts';
import { parseReservation } from '../../src/domain/reservation.ts';
import { createNetwork, type NetworkRequest } from '../../src/host/create-network.ts';
import { createZone } from '../../src/host/create-zone.ts';
import { deleteNetwork } from '../../src/host/delete-network.ts';
import { deleteZone } from '../../src/host/delete-zone.ts';
import type { ZoneRequest } from '../../src/host/zone-request.ts';
import { rejects } from '../support/assertions.ts';
import { hostWith, memberRequest, networkRequest, outside, proxyRequest } from '../support/story.ts';

const test = suite('refusals');

const named = (name: string, prefix: string): NetworkRequest =>
  networkRequest({ name: parseNetworkName(name), prefix: parsePrefix(prefix) });
const with6 = (prefix: string) => ({ ...named('b', '10.3.0.0/24'), inet6: parsePrefix(prefix) });

const NETWORKS: [what: string, request: NetworkRequest, code: string, message: string][] = [
  [
    'a larger prefix',
    named('b', '10.2.0.0/16'),
    'PREFIX_OVERLAPS',
    '10.2.0.0/16 contains 10.2.0.0/24, the prefix of network "back"',
  ],
  [
    'a smaller prefix',
    named('b', '10.2.0.128/25'),
    'PREFIX_OVERLAPS',
    '10.2.0.128/25 lies in 10.2.0.0/24, the prefix of network "back"',
  ],
  ['the same prefix', named('b', '10.2.0.0/24'), 'PREFIX_OVERLAPS', '10.2.0.0/24 is the prefix of network "back"'],
  [
    "the host's own network",
    named('b', '192.0.2.0/25'),
    'PREFIX_OVERLAPS',
    `192.0.2.0/25 lies in 192.0.2.0/24, the network of this host's e1000g0/v4`,
  ],
  [
    "a proxy's outside",
    named('b', '203.0.113.0/24'),
    'PREFIX_OVERLAPS',
    '203.0.113.0/24 is the outside network of zone "proxy"',
  ],
  ['a routed network within', named('b', '10.30.0.0/15'), 'PREFIX_OVERLAPS', 'destination of a route of this host'],
  [
    'a routed network around',
    named('b', '10.30.5.0/24'),
    'PREFIX_OVERLAPS',
    '10.30.5.0/24 lies in 10.30.0.0/16, the destination of a route of this host',
  ],
  ['loopback', named('b', '127.1.0.0/16'), 'PREFIX_OVERLAPS', 'the range of loopback addresses'],
  ['multicast', named('b', '239.0.0.0/8'), 'PREFIX_OVERLAPS', 'multicast'],
  ['too large', named('b', '10.0.0.0/7'), 'PREFIX_INVALID', '/7 is too large'],
  ['too small', named('b', '10.3.0.0/31'), 'PREFIX_INVALID', '/31 leaves no room'],
  ["another network's IPv6 prefix", with6('fd00:2::/48'), 'PREFIX_OVERLAPS', 'the prefix of network "front"'],
  ["a part of another network's", with6('fd00:2:0:1::/64'), 'PREFIX_OVERLAPS', 'the prefix of network "front"'],
  ['link-local IPv6', with6('fe80::/64'), 'PREFIX_OVERLAPS', 'range of link-local addresses'],
  ['IPv6 multicast', with6('ff05::/64'), 'PREFIX_OVERLAPS', 'range of multicast addresses'],
  ['a route to IPv6', with6('2001:db8:5::/48'), 'PREFIX_OVERLAPS', 'the destination of a route of this host'],
  ['IPv6 too small', with6('fd00:3::/65'), 'PREFIX_INVALID', '/65 leaves no room'],
  ['IPv6 too large', with6('fd00::/32'), 'PREFIX_INVALID', '/32 is too large'],
  [
    'IPv6 on links too small for it',
    { ...with6('fd00:3::/64'), mtu: 1279 },
    'VALUE_INVALID',
    'an MTU of 1279: it has an IPv6 prefix',
  ],
  [
    'two routers of a family',
    { ...named('b', '10.3.0.0/24'), routers: ['10.3.0.1', '10.3.0.2'].map(parseAddress) },
    'VALUE_INVALID',
    'two routers, 10.3.0.1 and 10.3.0.2',
  ],
  [
    'a router of a family it has not',
    { ...named('b', '10.3.0.0/24'), routers: [parseAddress('fd00:3::1')] },
    'ADDRESS_OUTSIDE',
    'it has no prefix of that family',
  ],
  ...(
    [
      ['10.4.0.7', 'ADDRESS_OUTSIDE', 'it is outside'],
      ['10.3.0.250-10.4.0.2', 'ADDRESS_OUTSIDE', 'it is outside'],
      ['10.3.0.255 web9', 'ADDRESS_OUTSIDE', 'broadcast'],
      ['10.3.0.0-10.3.0.9', 'VALUE_INVALID', 'it meets the router, 10.3.0.1'],
    ] as const
  ).map(([reserve, code, message]): (typeof NETWORKS)[number] => [
    `to reserve ${reserve}`,
    { ...named('b', '10.3.0.0/24'), reservations: [parseReservation(reserve)] },
    code,
    message,
  ]),
  [
    'reservations that overlap',
    {
      ...named('b', '10.3.0.0/24'),
      reservations: ['10.3.0.7-10.3.0.9', '10.3.0.9 web9'].map(parseReservation),
    },
    'VALUE_INVALID',
    'it meets 10.3.0.7-10.3.0.9',
  ],
  ['a name that is taken', named('back', '10.3.0.0/24'), 'EXISTS', 'there is one already: 10.2.0.0/24 on zstub0'],
  [
    'a router outside',
    { ...named('b', '10.3.0.0/24'), routers: [parseAddress('10.4.0.1')] },
    'ADDRESS_OUTSIDE',
    'it is outside 10.3.0.0/24',
  ],
  [
    'a router at the broadcast address',
    { ...named('b', '10.3.0.0/24'), routers: [parseAddress('10.3.0.255')] },
    'ADDRESS_OUTSIDE',
    'broadcast',
  ],
];

for (const [what, request, code, message] of NETWORKS) {
  test(`create-network refuses ${what}`, async () => {
    const fake = await hostWith('back', 'proxy');
    await createNetwork({ ...named('front', '10.7.0.0/24'), inet6: parsePrefix('fd00:2::/56') }, fake.host);
    fake.changes.splice(0);
    fake.routes.push(['10.30.0.0', '255.255.0.0']);
    fake.inet6Routes.push('2001:db8::/32', '::1', 'fe80::/10');
    const error = await rejects(() => createNetwork(request, fake.host));
    assert.is(error.code, code);
    assert.ok(error.message.includes(message), error.message);
    assert.ok(error.hint);
    assert.equal(fake.changes, []);
  });
}

const other = (overrides: Partial<ZoneRequest>) => proxyRequest({ name: parseZoneName('p2'), ...overrides });
const front = [parseNetworkName('front')];

const ZONES: [what: string, request: ZoneRequest, code: string, message: string][] = [
  ['an address that is taken', memberRequest('db1', '10.2.0.2'), 'ADDRESS_TAKEN', 'zone "web1" has it'],
  ["the router's address", memberRequest('db1', '10.2.0.1'), 'ADDRESS_TAKEN', 'the router of network "back" has it'],
  [
    'the network address',
    memberRequest('db1', '10.2.0.0'),
    'ADDRESS_OUTSIDE',
    'the address of the network 10.2.0.0/24 itself',
  ],
  ['the broadcast address', memberRequest('db1', '10.2.0.255'), 'ADDRESS_OUTSIDE', 'the broadcast address'],
  ['an address outside', memberRequest('db1', '10.3.0.2'), 'ADDRESS_OUTSIDE', 'outside 10.2.0.0/24'],
  [
    'an unknown network',
    { ...memberRequest('db1'), networks: [{ network: parseNetworkName('nowhere'), addresses: [], bare: false }] },
    'NOT_FOUND',
    'Cannot find network "nowhere"',
  ],
  ['a second router', other({}), 'IN_USE', 'network "back" has a router, zone "proxy"'],
  [
    'an uplink that is not there',
    other({ routes: front, ...outside('203.0.113.6/24', undefined, 'e1000g7') }),
    'LINK_MISSING',
    'this host has no link e1000g7',
  ],
  [
    'a VNIC as uplink',
    other({ routes: front, ...outside('203.0.113.6/24', undefined, 'pnic0') }),
    'LINK_MISSING',
    'a VNIC cannot be over another',
  ],
  [
    'an etherstub as uplink',
    other({ routes: front, ...outside('203.0.113.6/24', undefined, 'zstub0') }),
    'LINK_MISSING',
    'zstub0 is of class etherstub',
  ],
  [
    'an outside address of another zone',
    other({ routes: front, ...outside('203.0.113.5/24') }),
    'ADDRESS_TAKEN',
    'zone "proxy" has the address',
  ],
  [
    "the host's address outside",
    other({ routes: front, ...outside('192.0.2.10/24') }),
    'ADDRESS_TAKEN',
    'this host (e1000g0/v4)',
  ],
  [
    'an outside in a hidden network',
    other({ routes: front, ...outside('10.2.0.9/16') }),
    'PREFIX_OVERLAPS',
    'the prefix of network "back"',
  ],
  [
    'a default router elsewhere',
    other({ routes: front, ...outside('203.0.113.6/24', '198.51.100.1') }),
    'ADDRESS_OUTSIDE',
    'outside 203.0.113.0/24',
  ],
  [
    'itself as default router',
    other({ routes: front, ...outside('203.0.113.6/24', '203.0.113.6') }),
    'ADDRESS_TAKEN',
    'its own address',
  ],
  ['a name that znetadm has given', memberRequest('web1'), 'EXISTS', 'there is one already, with znic1'],
  ['a zone that somebody else made', memberRequest('mail'), 'EXISTS', 'which znetadm did not make'],
  [
    "somebody else's zonepath",
    { ...memberRequest('db1'), zonepath: '/zones/mail' },
    'EXISTS',
    'is the zonepath of zone "mail"',
  ],
];

for (const [what, request, code, message] of ZONES) {
  test(`create-zone refuses ${what}`, async () => {
    const fake = await hostWith('back', 'proxy', 'web1');
    await createNetwork(
      networkRequest({ name: parseNetworkName('front'), prefix: parsePrefix('10.3.0.0/24') }),
      fake.host,
    );
    fake.zones.set('mail', {
      state: 'installed',
      generation: 0,
      config: ['set zonepath=/zones/mail', 'set brand=ipkg'],
    });
    fake.changes.splice(0);
    const error = await rejects(() => createZone(request, fake.host));
    assert.is(error.code, code, error.message);
    assert.ok(error.message.includes(message), error.message);
    assert.ok(error.hint);
    assert.equal(fake.changes, []);
    assert.is(fake.locks.size, 0);
  });
}

test('a full network is an error of its own', async () => {
  const fake = await hostWith();
  await createNetwork(networkRequest({ prefix: parsePrefix('10.2.0.0/30') }), fake.host);
  await createZone(memberRequest('web1'), fake.host);
  const error = await rejects(() => createZone(memberRequest('web2'), fake.host));
  assert.is(error.code, 'NETWORK_FULL');
});

test('a proxy with zones behind it is not deleted, and the refusal says what would free it', async () => {
  const fake = await hostWith('back', 'proxy', 'web1', 'db1');
  const error = await rejects(() => deleteZone(parseZoneName('proxy'), false, fake.host));
  assert.is(error.code, 'IN_USE');
  assert.is(error.message, 'Cannot delete zone "proxy": it is the router of network "back", used by db1, web1');
  assert.is(
    error.hint,
    [
      'to free it:   znetadm delete-zone db1',
      '              znetadm delete-zone web1',
      'or all:       znetadm delete-zone -r proxy      (shows its plan first with -n)',
    ].join('\n'),
  );
  assert.equal(fake.changes, []);
});

test('a network with zones on it is not deleted', async () => {
  const fake = await hostWith('back', 'web1');
  const error = await rejects(() => deleteNetwork(parseNetworkName('back'), fake.host));
  assert.equal([error.code, error.message], ['IN_USE', 'Cannot delete network "back": used by web1']);
});

test('a network with a VNIC of somebody else on it is not deleted', async () => {
  const fake = await hostWith('back');
  fake.links.set('mine0', { class: 'vnic', mtu: 9000, over: 'zstub0' });
  const error = await rejects(() => deleteNetwork(parseNetworkName('back'), fake.host));
  assert.is(error.code, 'IN_USE');
  assert.ok(error.message.includes('mine0'));
  assert.equal(fake.changes, []);
});

test('a zone that was made anew by somebody else is not deleted', async () => {
  const fake = await hostWith('back', 'web1');
  fake.zones.set('web1', { state: 'running', generation: 0, config: ['set zonepath=/zones/web1', 'set brand=ipkg'] });
  const error = await rejects(() => deleteZone(parseZoneName('web1'), false, fake.host));
  assert.is(error.code, 'NOT_OURS');
  assert.equal(fake.changes, []);
});

for (const [what, text, message] of [
  ['empty', '', '"format" is missing'],
  ['cut short', 'format = 1\nstate = ready\n', '"zone" is missing'],
  ['of another zone', undefined, 'this is the record of "web1", but the file is named for "db1"'],
] as const) {
  test(`nothing is allocated beside a record that is ${what}`, async () => {
    const fake = await hostWith('back', 'web1');
    fake.files.set('/etc/zonenet/zones/db1.ini', text ?? fake.files.get('/etc/zonenet/zones/web1.ini') ?? '');
    const error = await rejects(() => createZone(memberRequest('web3'), fake.host));
    assert.is(error.code, 'RECORD_INVALID');
    assert.ok(error.cause instanceof Error && error.cause.message.includes(message), String(error.cause));
    assert.equal(fake.changes, []);
  });
}

test.run();
