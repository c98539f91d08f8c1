import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseAddress } from '../../src/domain/address.ts';
import type { Nic, ZoneMetadata } from '../../src/domain/metadata.ts';
import { parseLinkName, parseNetworkName } from '../../src/domain/names.ts';
import { parseInterfaceAddress } from '../../src/domain/prefix.ts';
import { parseStaticRoute } from '../../src/domain/static-route.ts';
import { formatMetadata } from '../../src/ini/metadata.ts';
import { checkMetadata } from '../../src/ini/metadata-check.ts';
import { memberMetadata, nic, proxyMetadata } from '../support/metadata.ts';

const test = suite('checkMetadata');

const addresses = (...texts: string[]) => texts.map(parseInterfaceAddress);
const second = (overrides: Partial<Nic>) => nic({ link: parseLinkName('znic7'), routers: [], ...overrides });

/** The first line of each fault, without the file's name. */
function faults(metadata: ZoneMetadata): string[] {
  try {
    checkMetadata(metadata, formatMetadata(metadata), 'm');
    return [];
  } catch (error) {
    return (error as Error).message.split('\n').flatMap((line) => /^m:(.*)/.exec(line)?.[1] ?? []);
  }
}

for (const [what, metadata, wanted] of [
  ['a member', memberMetadata(), []],
  ['a proxy', proxyMetadata(), []],
  ['a zone without a router', memberMetadata({ nics: [nic({ routers: [] })] }), []],
  [
    'a /31 has no broadcast address',
    memberMetadata({ nics: [nic({ addresses: addresses('10.2.0.1/31'), routers: [] })] }),
    [],
  ],
  [
    'network and broadcast addresses',
    memberMetadata({ nics: [nic({ addresses: addresses('10.2.0.0/24', '10.2.0.255/24') })] }),
    [
      '11:13: [nic.znic1] address: 10.2.0.0 is the network address of 10.2.0.0/24',
      '12:13: [nic.znic1] address: 10.2.0.255 is the broadcast address of 10.2.0.0/24',
    ],
  ],
  [
    'IPv6, static and by advertisements, and a route on each family',
    memberMetadata({
      nics: [
        nic({
          addrconf: true,
          addresses: addresses('10.2.0.2/24', 'fd00:1::2/64'),
          routers: [parseAddress('10.2.0.1'), parseAddress('fe80::1')],
          routes: ['10.9.0.0/16 10.2.0.7', 'fd00:9::/48 fd00:1::7'].map(parseStaticRoute),
        }),
      ],
    }),
    [],
  ],
  ['a lease', memberMetadata({ nics: [nic({ dhcp: true, addresses: [], routers: [] })] }), []],
  [
    'addresses and routers beside a lease',
    memberMetadata({ nics: [nic({ dhcp: true })] }),
    [
      '12:13: [nic.znic1] address: 10.2.0.2/24 stands beside DHCP',
      '13:12: [nic.znic1] router: 10.2.0.1 stands beside DHCP',
    ],
  ],
  [
    'IPv6 addresses that no host has',
    memberMetadata({ nics: [nic({ addresses: addresses('10.2.0.2/24', 'fe80::2/64', 'ff02::1/64', '::1/128') })] }),
    [
      '12:13: [nic.znic1] address: fe80::2 is a link-local address',
      '13:13: [nic.znic1] address: ff02::1 is no address of one host',
      '14:13: [nic.znic1] address: ::1 is no address of one host',
    ],
  ],
  [
    'IPv6 on a link too small for it',
    memberMetadata({ nics: [nic({ mtu: 1279, addresses: addresses('10.2.0.2/24', 'fd00:1::2/64') })] }),
    ['12:13: [nic.znic1] address: znic1 has an MTU of 1279'],
  ],
  [
    'routes twice and by a router elsewhere',
    memberMetadata({
      nics: [
        nic({ routes: ['10.9.0.0/16 10.2.0.7', '10.9.0.0/16 10.2.0.8', '10.8.0.0/16 10.3.0.1'].map(parseStaticRoute) }),
      ],
    }),
    [
      '14:11: [nic.znic1] route: 10.9.0.0/16 has a route already',
      '15:11: [nic.znic1] route: 10.3.0.1 is on no network of znic1',
    ],
  ],
  [
    'a router on another network',
    memberMetadata({ nics: [nic({ routers: [parseAddress('10.3.0.1')] })] }),
    ['12:12: [nic.znic1] router: 10.3.0.1 is on no network of znic1'],
  ],
  [
    'a zone that is its own router',
    memberMetadata({ nics: [nic({ routers: [parseAddress('10.2.0.2')] })] }),
    ["12:12: [nic.znic1] router: 10.2.0.2 is the zone's own address"],
  ],
  [
    'a second default router',
    memberMetadata({
      nics: [nic(), second({ addresses: addresses('10.9.0.2/24'), routers: [parseAddress('10.9.0.1')] })],
    }),
    ['19:12: [nic.znic7] router: 10.9.0.1 is a second default router beside 10.2.0.1'],
  ],
  [
    'an address on two links',
    memberMetadata({ nics: [nic(), second({ addresses: addresses('10.2.0.2/24') })] }),
    ['18:13: [nic.znic7] address: 10.2.0.2 is on znic1 already'],
  ],
  [
    'a proxy on a network that is not described',
    proxyMetadata({ networks: [] }),
    ['15:11: [nic.znic0] network: znic0 is inside, on network "back", which is not described'],
  ],
  [
    'a proxy that is not on its network',
    proxyMetadata({
      nics: [
        nic({
          link: parseLinkName('znic0'),
          network: parseNetworkName('back'),
          addresses: addresses('10.5.0.1/24'),
          routers: [],
        }),
      ],
    }),
    ['11:13: [nic.znic0] address: 10.5.0.1/24 is not on network "back"'],
  ],
] as const) {
  test(what, () => assert.equal(faults(metadata), [...wanted]));
}

test.run();
