import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseAddress } from '../../src/domain/address.ts';
import { parseLinkName, parseNetworkName, parseZoneName } from '../../src/domain/names.ts';
import type { Network } from '../../src/domain/network.ts';
import { parsePrefix } from '../../src/domain/prefix.ts';
import { parseReservation } from '../../src/domain/reservation.ts';
import { DEFAULT_SETTINGS } from '../../src/domain/settings.ts';
import type { ZoneRecord } from '../../src/domain/zone-record.ts';
import { formatNetworkRecord, parseNetworkRecord } from '../../src/ini/network-record.ts';
import { parseSettings } from '../../src/ini/settings.ts';
import { formatZoneRecord, parseZoneRecord } from '../../src/ini/zone-record.ts';
import { nic } from '../support/metadata.ts';

const test = suite('records');

const BACK: Network = {
  name: parseNetworkName('back'),
  state: 'ready',
  prefixes: [parsePrefix('10.2.0.0/24')],
  routers: [parseAddress('10.2.0.1')],
  etherstub: parseLinkName('zstub0'),
  mtu: 1500,
  reservations: ['10.2.0.10-10.2.0.19', '10.2.0.50', '10.2.0.51 web9'].map(parseReservation),
  vars: { dns: '10.2.0.1', admins: ['a b', 'c;d'] },
};

const zone = (name: string): ZoneRecord => ({
  name: parseZoneName(name),
  id: '7a951c4b-c107-4710-90b5-ef3fa1c8af73',
  state: 'creating',
  role: 'member',
  brand: 'ipkg',
  zonepath: `/zones/${name}`,
  autoboot: false,
  bootPending: true,
  origin: 'made',
  ipType: 'exclusive',
  install: true,
  extra: [],
  forwards: [],
  sites: [],
  rules: [],
  groups: [],
  nics: [{ ...nic(), over: parseLinkName('zstub0') }],
  vars: { motd: 'hello; # "you"', ntp: ['10.0.0.1'] },
});

test('a network reads back the same', () => {
  assert.equal(parseNetworkRecord(formatNetworkRecord(BACK), 'back.ini', BACK.name), BACK);
});

test('a zone with everything reads back the same', () => {
  const all: ZoneRecord = {
    ...zone('web1'),
    origin: 'attached',
    ipType: 'shared',
    install: false,
    template: 'SUNWlx',
    cloneOf: parseZoneName('7'),
    extra: ['add attr', 'set name=a', 'set value="x; y = [z] \\"', 'end'],
    nics: [
      {
        ...nic({ dhcp: true, addrconf: true, addresses: [], routers: [] }),
        over: parseLinkName('e1000g0'),
        vlan: 12,
        bandwidth: 50,
        priority: 'low',
      },
    ],
  };
  assert.equal(parseZoneRecord(formatZoneRecord(all), 'f.ini', all.name), all);
});

// Names that ini packages and shells make something else of.
for (const name of ['web1', '7', 'web.1', 'a-b_c.d', 'true', 'null', '1.2.3.4', 'x'.repeat(63)]) {
  test(`a zone called ${name} reads back the same`, () => {
    assert.equal(parseZoneRecord(formatZoneRecord(zone(name)), 'f.ini', parseZoneName(name)), zone(name));
  });
}

const fault = (change: (text: string) => string) => {
  try {
    parseZoneRecord(change(formatZoneRecord(zone('web1'))), '/etc/zonenet/zones/web1.ini', parseZoneName('web1'));
  } catch (error) {
    return error as Error & { code: string };
  }
  throw new Error('was taken');
};

for (const [what, change, message] of [
  ['is empty', () => '', '/etc/zonenet/zones/web1.ini:1:1: "format" is missing'],
  ['is cut short', (text: string) => text.slice(0, text.indexOf('[end]')), 'the file is cut short'],
  ['lost a line', (text: string) => text.replace(/^over = .*\n/m, ''), '[nic.znic1] "over" is missing'],
  ['is of a newer format', (text: string) => text.replace('format = 1', 'format = 2'), 'Cannot read "2" as a number'],
  [
    'names a shell',
    (text: string) => text.replace('[nic.znic1]', '[nic.x; rm]'),
    'this is neither "[section]" nor "key = value"',
  ],
  [
    'names no link',
    (text: string) => text.replace('over = zstub0', 'over = z-stub'),
    'over: Cannot use "z-stub" as the name of a link',
  ],
  [
    'has an unknown key',
    (text: string) => text.replace('role = member', 'role = member\ncolour = x'),
    'unknown key "colour"',
  ],
  [
    'leads out of its path',
    (text: string) => text.replace('/zones/web1', '/zones/../etc'),
    'Cannot use "/zones/../etc" as a path of a zone',
  ],
  ['is of another zone', (text: string) => text.replace('zone = web1', 'zone = web2'), 'this is the record of "web2"'],
] as const) {
  test(`a record that ${what} is refused with its place`, () => {
    const error = fault(change);
    assert.ok(['RECORD_INVALID', 'INI_INVALID'].includes(error.code));
    assert.ok(error.message.includes(message), error.message);
  });
}

test('all faults of a record are told at once', () => {
  const error = fault((text) => text.replace('role = member', 'role = boss').replace('mtu = 1500', 'mtu = big'));
  assert.ok(error.message.includes(':6:8: role: Cannot use "boss"'), error.message);
  assert.ok(error.message.includes('mtu: Cannot read "big" as a number'), error.message);
});

test('settings say only what is other than usual', () => {
  assert.equal(parseSettings('format = 1\n', 'zonenet.ini'), DEFAULT_SETTINGS);
  const settings = parseSettings(
    'format = 1\nuplink = ixgbe0\npool[] = 172.16.0.0/12\npool-prefix-length = 26\nnameserver[] = 9.9.9.9\n',
    'f',
  );
  assert.equal(settings, {
    ...DEFAULT_SETTINGS,
    uplink: 'ixgbe0',
    pools: [{ address: '172.16.0.0', length: 12 }],
    poolPrefixLength: 26,
    resolver: { nameservers: ['9.9.9.9'], search: [] },
  });
});

test('a misspelt setting is refused by name', () => {
  assert.throws(
    () => parseSettings('format = 1\nuplnik = e1000g0\n', '/etc/zonenet/zonenet.ini'),
    /:2:1: unknown key "uplnik"/,
  );
});

test.run();
