import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseAddress } from '../../src/domain/address.ts';
import type { Nic, ZoneMetadata } from '../../src/domain/metadata.ts';
import { parseLinkName, parseNetworkName } from '../../src/domain/names.ts';
import { parseInterfaceAddress } from '../../src/domain/prefix.ts';
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
    'an IPv6 address, in this version',
    memberMetadata({ nics: [nic({ addresses: addresses('10.2.0.2/24', 'fd00::2/64') })] }),
    ['12:13: [nic.znic1] address: fd00::2/64 is an IPv6 address'],
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
