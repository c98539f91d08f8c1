// A proxy that serves names: its files, its service, and what is told when that cannot be.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseAddress } from '../../src/domain/address.ts';
import { parseLease } from '../../src/domain/lease.ts';
import type { ZoneMetadata } from '../../src/domain/metadata.ts';
import { parseDomainName, parseNetworkName, parseZoneName } from '../../src/domain/names.ts';
import { parsePrefix } from '../../src/domain/prefix.ts';
import { formatMetadata } from '../../src/ini/metadata.ts';
import { metadataFor } from '../../src/plan/zone-paths.ts';
import type { Occasion } from '../../src/zone/apply.ts';
import { setUp } from '../../src/zone/set-up.ts';
import { createFakeZone, type FakeZone, NAMES } from '../support/fake-zone.ts';
import { proxyMetadata } from '../support/metadata.ts';

const METADATA = metadataFor('proxy');

const test = suite('a proxy that serves names');

const web1 = { zone: parseZoneName('Web.1'), addresses: [parseAddress('10.2.0.2')], leases: [] };
const guest = {
  zone: parseZoneName('guest'),
  addresses: [parseAddress('10.2.0.9')],
  leases: [parseLease('02:08:20:0a:0b:0c 10.2.0.9')],
};

/** The story, with names; `generation` is that of its metadata. */
function serving(generation: number, overrides: Partial<ZoneMetadata> = {}): ZoneMetadata {
  const name = parseNetworkName('back');
  const domain = parseDomainName('back.internal');
  return proxyMetadata({
    generation,
    networks: [{ name, prefixes: [parsePrefix('10.2.0.0/24')], domain }],
    members: [web1, guest],
    ...overrides,
  });
}

async function method(zone: FakeZone, occasion: Occasion, metadata: ZoneMetadata) {
  zone.files.set(METADATA, formatMetadata(metadata));
  zone.changes.splice(0);
  zone.log.splice(0);
  const status = await setUp({ zone: 'proxy', occasion, now: 1_800_000_000, system: zone.system });
  return { status, changes: zone.changes.filter((change) => /zonenet-names/.test(change)) };
}

async function running(metadata = serving(1)): Promise<FakeZone> {
  const zone = createFakeZone();
  assert.is((await method(zone, 'start', metadata)).status, 0, zone.log.join('\n'));
  zone.startIpfilter();
  zone.services.set(NAMES, 'online');
  return zone;
}

const body = (zone: FakeZone, name: string) =>
  (zone.files.get(`/etc/zonenet-names/${name}`) ?? '').split('\n').slice(3).join('\n');

test('it writes what dnsmasq reads, and enables it when all is there', async () => {
  const zone = createFakeZone();
  const { status, changes } = await method(zone, 'start', serving(1));
  assert.is(status, 0);
  assert.equal(
    changes.filter((change) => !change.startsWith('/opt/')),
    [
      'write /etc/zonenet-names/dnsmasq.conf',
      'write /etc/zonenet-names/hosts',
      'write /etc/zonenet-names/leases',
      'write /etc/zonenet-names/servers',
      `/usr/sbin/svcadm enable ${NAMES}`,
    ],
  );
  assert.is(
    body(zone, 'hosts'),
    [
      '10.2.0.1 proxy.back.internal proxy',
      '10.2.0.2 web.1.back.internal web.1',
      '10.2.0.9 guest.back.internal guest',
      '',
    ].join('\n'),
  );
  assert.is(body(zone, 'leases'), '02:08:20:0a:0b:0c,10.2.0.9\n');
  assert.is(body(zone, 'servers'), 'server=203.0.113.1\n');
  assert.match(
    body(zone, 'dnsmasq.conf'),
    [
      'interface=znic0',
      'local=/back.internal/',
      'rev-server=10.2.0.0/24',
      'dhcp-range=10.2.0.0,static,255.255.255.0,1h',
      'dhcp-option=tag:znic0,option:router,10.2.0.1',
      'dhcp-option=tag:znic0,option:dns-server,10.2.0.1',
      'dhcp-option=tag:znic0,option:domain-name,back.internal',
      'dhcp-option=tag:znic0,option:mtu,1500',
    ].join('\n'),
  );
  assert.match(
    zone.files.get('/etc/ipf/ipf.conf') ?? '',
    'pass in quick on znic0 proto udp from 0.0.0.0/32 port = 68 to 255.255.255.255/32 port = 67\n',
  );
});

test('a zone that comes is read again; nothing is restarted, and nothing at all when nothing is new', async () => {
  const zone = await running(serving(1, { members: [guest] }));
  assert.equal((await method(zone, 'refresh', serving(2))).changes, [
    'write /etc/zonenet-names/hosts',
    `/usr/sbin/svcadm refresh ${NAMES}`,
  ]);
  assert.equal((await method(zone, 'refresh', serving(2))).changes, []);
});

test('another MTU restarts it', async () => {
  const zone = await running();
  const nics = serving(2).nics.map((nic) => ({ ...nic, mtu: 1400 }));
  const { changes } = await method(zone, 'refresh', serving(2, { nics }));
  assert.ok(changes.includes(`/usr/sbin/svcadm restart ${NAMES}`), changes.join('\n'));
});

test('it is disabled when no network asks for names any more', async () => {
  const zone = await running();
  const { changes } = await method(zone, 'refresh', proxyMetadata({ generation: 2 }));
  assert.equal(changes, [`/usr/sbin/svcadm disable -s ${NAMES}`]);
  assert.is(zone.services.get(NAMES), 'disabled');
});

test('where it cannot run, the zone has its network all the same, and says what to do', async () => {
  const zone = await running();
  zone.services.set(NAMES, 'maintenance');
  zone.reboot();
  zone.services.set(NAMES, 'maintenance');
  const { status } = await method(zone, 'start', serving(1));
  assert.is(status, 97);
  assert.match(zone.log.join('\n'), `names and leases are not served: ${NAMES} is in maintenance`);
  assert.match(zone.log.join('\n'), `install it; then: svcadm clear ${NAMES}`);
});

test('a zone made before there was the service says where to get it', async () => {
  const zone = createFakeZone();
  zone.services.delete(NAMES);
  assert.is((await method(zone, 'start', serving(1))).status, 97);
  assert.match(zone.log.join('\n'), `this zone has no ${NAMES}`);
});

test.run();
