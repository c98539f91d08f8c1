// Forwards: what is decided, refused, told to proxies and taken away with the zones; killed at every change.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseAddress } from '../../src/domain/address.ts';
import { parseNetworkName, parseZoneName } from '../../src/domain/names.ts';
import { parsePortRange } from '../../src/domain/port.ts';
import { parseInterfaceAddress, parsePrefix } from '../../src/domain/prefix.ts';
import { createNetwork } from '../../src/host/create-network.ts';
import { createZone } from '../../src/host/create-zone.ts';
import type { ForwardRequest } from '../../src/host/decide-forward.ts';
import { deleteZone } from '../../src/host/delete-zone.ts';
import { findDrift } from '../../src/host/drift.ts';
import { addForward, deleteForward, planAddForward } from '../../src/host/forwards.ts';
import { exportRecords, importRecords } from '../../src/host/import-records.ts';
import { forwardRows } from '../../src/host/show-forwards.ts';
import { readRecords } from '../../src/host/store.ts';
import { planSync, sync } from '../../src/host/sync.ts';
import { parseBundle } from '../../src/ini/bundle.ts';
import { parseMetadata } from '../../src/ini/metadata.ts';
import { checkMetadata } from '../../src/ini/metadata-check.ts';
import { rejects } from '../support/assertions.ts';
import { createFakeHost, type FakeHost } from '../support/fake-host.ts';
import { hostWith, memberRequest, networkRequest, on, outside, proxyRequest } from '../support/story.ts';

const test = suite('forwards');

/** "tcp 443 8443", with an outside address "tcp 203.0.113.5 443 8443". */
function asked(zone: string, words: string): ForwardRequest {
  const parts = words.split(' ');
  const address = parts.length === 4 ? { outside: parseAddress(parts[1] ?? '') } : {};
  const [ports = '', port = ports] = parts.slice(parts.length === 4 ? 2 : 1);
  const all = port.startsWith('=') ? ({ toOne: true } as const) : {};
  return {
    zone: parseZoneName(zone),
    protocol: parts[0] === 'udp' ? 'udp' : 'tcp',
    ports: parsePortRange(ports),
    port: Number(port.replace('=', '')),
    ...all,
    ...address,
  };
}

const key = (words: string) => {
  const { protocol, ports, outside: address } = asked('x', words);
  return { protocol, ports, ...(address === undefined ? {} : { outside: address }) };
};

const metadata = (fake: FakeHost, zone: string) => fake.files.get(`/var/zonenet/zones/${zone}/metadata.ini`) ?? '';
const record = (fake: FakeHost, zone: string) => fake.files.get(`/etc/zonenet/zones/${zone}.ini`) ?? '';
const redirects = (fake: FakeHost, zone = 'proxy') => metadata(fake, zone).match(/^rdr\[\] = .*$/gm) ?? [];

/** The story with IPv6 on its network and outside. */
async function dualHost(): Promise<FakeHost> {
  const fake = createFakeHost();
  await createNetwork(networkRequest({ inet6: parsePrefix('fd00:1::/64') }), fake.host);
  const addresses = ['203.0.113.5/24', '2001:db8::5/64'].map(parseInterfaceAddress);
  const [way] = outside('203.0.113.5/24').outside;
  if (way === undefined) throw new Error('the story has one');
  await createZone(proxyRequest({ outside: [{ ...way, addresses }] }), fake.host);
  await createZone(memberRequest('web1'), fake.host);
  return fake;
}

/** The story, and behind it a network "inner" with a proxy of its own, and a zone "deep" on that. */
async function nestedHost(): Promise<FakeHost> {
  const fake = await hostWith('back', 'proxy', 'web1');
  await createNetwork(
    networkRequest({ name: parseNetworkName('inner'), prefix: parsePrefix('10.9.0.0/24') }),
    fake.host,
  );
  const gate = { name: parseZoneName('gate'), routes: [parseNetworkName('inner')], networks: [on('back')] };
  await createZone(proxyRequest({ ...gate, outside: [], routers: [] }), fake.host);
  await createZone(memberRequest('deep', undefined, { networks: [on('inner')] }), fake.host);
  return fake;
}

test('a forward is in the record of its zone, and its proxy is told the address and refreshed', async () => {
  const fake = await hostWith('back', 'proxy', 'web1');
  await addForward(asked('web1', 'tcp 443 8443'), fake.host);
  assert.match(record(fake, 'web1'), 'forward[] = tcp 203.0.113.5 443 8443\n');
  assert.match(metadata(fake, 'proxy'), '[forward.web1]\nrdr[] = tcp 203.0.113.5 443 10.2.0.2 8443\n');
  assert.not.match(metadata(fake, 'web1'), 'rdr');
  assert.equal(
    fake.changes.map((change) => change.replace(/ svc:.*/, '')),
    [
      'write /etc/zonenet/zones/web1.ini',
      'write /var/zonenet/zones/proxy/metadata.ini',
      '/usr/sbin/svcadm -z proxy refresh',
    ],
  );
  const text = metadata(fake, 'proxy');
  checkMetadata(parseMetadata(text, 'm'), text, 'm');
  assert.equal(await planSync(fake.host), { plan: [], faults: [] });
});

test('the plan names it, and changes nothing', async () => {
  const fake = await hostWith('back', 'proxy', 'web1');
  const { plan } = await planAddForward(asked('web1', 'udp 5000-5009 =7'), fake.host);
  assert.equal(
    plan.map(({ sign, about, note }) => `${sign} ${about} ${note}`.trim()),
    [
      '~ record forward udp 203.0.113.5 5000-5009 =7',
      '~ metadata generation 2 → 3: forward udp 203.0.113.5 5000-5009 10.2.0.2 =7',
      '~ refresh',
    ],
  );
  assert.equal(fake.changes, []);
});

test('tcp and udp may both have a port; the same one twice is refused, whichever zone asks, ranges included', async () => {
  const fake = await hostWith('back', 'proxy', 'web1', 'db1');
  await addForward(asked('web1', 'tcp 53'), fake.host);
  await addForward(asked('db1', 'udp 53'), fake.host);
  await addForward(asked('db1', 'tcp 8000-8010 9000'), fake.host);
  assert.is(redirects(fake).length, 3);
  for (const [zone, words, who] of [
    ['db1', 'tcp 53', 'web1'],
    ['web1', 'tcp 53 54', 'web1'],
    ['web1', 'tcp 8010 80', 'db1'],
    ['web1', 'tcp 1-9999 1', 'web1'],
    ['web1', 'tcp 7990-8000 =80', 'db1'],
  ] as const) {
    const before = fake.changes.length;
    const error = await rejects(() => addForward(asked(zone, words), fake.host));
    assert.is(error.code, 'IN_USE', words);
    assert.match(error.message, `zone "${who}"`);
    assert.match(error.hint ?? '', 'znetadm delete-forward -a 203.0.113.5 ');
    assert.is(fake.changes.length, before);
  }
  const again = await rejects(() => addForward(asked('web1', 'tcp 53'), fake.host));
  assert.is(again.code, 'EXISTS');
});

test('a forward that is deleted frees its port, and one that is not there is not found', async () => {
  const fake = await hostWith('back', 'proxy', 'web1', 'db1');
  const before = fake.snapshot();
  await addForward(asked('web1', 'tcp 443'), fake.host);
  await deleteForward(key('tcp 443'), fake.host);
  assert.is(record(fake, 'web1'), before.files['/etc/zonenet/zones/web1.ini']);
  assert.equal(redirects(fake), []);
  assert.is((await rejects(() => deleteForward(key('tcp 443'), fake.host))).code, 'NOT_FOUND');
  await addForward(asked('db1', 'tcp 443'), fake.host);
  assert.is((await rejects(() => deleteForward(key('tcp 442-443'), fake.host))).code, 'NOT_FOUND');
  assert.is((await rejects(() => deleteForward(key('udp 443'), fake.host))).code, 'NOT_FOUND');
});

test('a zone that goes takes its forwards along', async () => {
  const fake = await hostWith('back', 'proxy', 'web1', 'db1');
  await addForward(asked('web1', 'tcp 443'), fake.host);
  await deleteZone(parseZoneName('web1'), false, fake.host);
  assert.equal(redirects(fake), []);
  await addForward(asked('db1', 'tcp 443'), fake.host);
  assert.equal(redirects(fake), ['rdr[] = tcp 203.0.113.5 443 10.2.0.3 443']);
  assert.equal(await planSync(fake.host), { plan: [], faults: [] });
});

test('both families, each of its own; the outside address is IPv4 unless another is named', async () => {
  const fake = await dualHost();
  await addForward(asked('web1', 'tcp 443 8443'), fake.host);
  await addForward(asked('web1', 'tcp 2001:db8::5 443 8443'), fake.host);
  assert.equal(redirects(fake), [
    'rdr[] = tcp 203.0.113.5 443 10.2.0.2 8443',
    'rdr[] = tcp 2001:db8::5 443 fd00:1::2 8443',
  ]);
  const error = await rejects(() => deleteForward(key('tcp 443'), fake.host));
  assert.is(error.code, 'VALUE_INVALID');
  assert.match(error.hint ?? '', '203.0.113.5, 2001:db8::5');
  await deleteForward(key('tcp 2001:db8::5 443 1'), fake.host);
  assert.is(redirects(fake).length, 1);
});

test('an address of a family that the zone has not is refused', async () => {
  const fake = createFakeHost();
  await createNetwork(networkRequest(), fake.host);
  const [way] = outside('203.0.113.5/24').outside;
  if (way === undefined) throw new Error('the story has one');
  const addresses = ['203.0.113.5/24', '2001:db8::5/64'].map(parseInterfaceAddress);
  await createZone(proxyRequest({ outside: [{ ...way, addresses }] }), fake.host);
  await createZone(memberRequest('web1'), fake.host);
  const error = await rejects(() => addForward(asked('web1', 'tcp 2001:db8::5 443 443'), fake.host));
  assert.is(error.code, 'NOT_FOUND');
  assert.match(error.message, 'no IPv6 address on a network of "proxy"');
});

test('through a proxy behind a proxy it takes two steps, and the hint has both', async () => {
  const fake = await nestedHost();
  const error = await rejects(() => addForward(asked('deep', 'tcp 203.0.113.5 443 8443'), fake.host));
  assert.is(error.code, 'NOT_FOUND');
  assert.match(error.message, 'proxy "gate" is between');
  assert.match(error.hint ?? '', 'znetadm add-forward -a 203.0.113.5 tcp/443 gate:443\n');
  assert.match(error.hint ?? '', 'znetadm add-forward -a 10.2.0.3 tcp/443 deep:8443');
  await addForward(asked('gate', 'tcp 203.0.113.5 443 443'), fake.host);
  await addForward(asked('deep', 'tcp 10.2.0.3 443 8443'), fake.host);
  assert.equal(redirects(fake), ['rdr[] = tcp 203.0.113.5 443 10.2.0.3 443']);
  assert.equal(redirects(fake, 'gate'), ['rdr[] = tcp 10.2.0.3 443 10.9.0.2 8443']);
  assert.equal(await planSync(fake.host), { plan: [], faults: [] });
});

const dhcp = async () => {
  const fake = await hostWith('back');
  const way = { ...outside('203.0.113.5/24').outside[0], addresses: [], dhcp: true, addrconf: false };
  await createZone(proxyRequest({ outside: [way], routers: [] }), fake.host);
  await createZone(memberRequest('web1'), fake.host);
  return fake;
};

const REFUSED: [
  what: string,
  start: () => Promise<FakeHost>,
  zone: string,
  words: string,
  code: string,
  why: string,
][] = [
  ['an unknown zone', () => hostWith('back', 'proxy'), 'web1', 'tcp 443', 'NOT_FOUND', 'no record of it'],
  ['a network without proxy', () => hostWith('back', 'web1'), 'web1', 'tcp 443', 'NOT_FOUND', 'no proxy is in front'],
  ['the proxy itself', () => hostWith('back', 'proxy'), 'proxy', 'tcp 443', 'NOT_FOUND', 'no proxy is in front'],
  [
    'an address that its proxy has not',
    () => hostWith('back', 'proxy', 'web1'),
    'web1',
    'tcp 203.0.113.9 443 443',
    'NOT_FOUND',
    'no outside address of its proxy',
  ],
  [
    "the proxy's inside address",
    () => hostWith('back', 'proxy', 'web1'),
    'web1',
    'tcp 10.2.0.1 443 443',
    'NOT_FOUND',
    'no outside address of its proxy',
  ],
  ['an outside by DHCP', dhcp, 'web1', 'tcp 443', 'NOT_FOUND', 'gets its address by DHCP'],
  ["NAT's first port", () => hostWith('back', 'proxy', 'web1'), 'web1', 'tcp 10000', 'IN_USE', 'given out by NAT'],
  ["NAT's last port", () => hostWith('back', 'proxy', 'web1'), 'web1', 'udp 29999', 'IN_USE', 'given out by NAT'],
  [
    "a range around NAT's ports",
    () => hostWith('back', 'proxy', 'web1'),
    'web1',
    'tcp 9000-30000 9000',
    'IN_USE',
    'given out by NAT',
  ],
  [
    'a range past the last port',
    () => hostWith('back', 'proxy', 'web1'),
    'web1',
    'tcp 8000-8010 65530',
    'VALUE_INVALID',
    'to 65530 and on',
  ],
];

for (const [what, start, zone, words, code, why] of REFUSED) {
  test(`add-forward refuses ${what}`, async () => {
    const fake = await start();
    fake.changes.splice(0);
    const error = await rejects(() => addForward(asked(zone, words), fake.host));
    assert.is(error.code, code, error.message);
    assert.match(error.message, why);
    assert.ok(error.hint);
    assert.equal(fake.changes, []);
    assert.equal([...fake.locks], []);
  });
}

test('ports beside those of NAT are taken, and those of NAT inside the zone', async () => {
  const fake = await hostWith('back', 'proxy', 'web1');
  await addForward(asked('web1', 'tcp 9999 12000'), fake.host);
  await addForward(asked('web1', 'tcp 30000'), fake.host);
  assert.is(redirects(fake).length, 2);
});

test('nothing is forwarded while a record cannot be read: it may have that port', async () => {
  const fake = await hostWith('back', 'proxy', 'web1', 'db1');
  fake.files.set('/etc/zonenet/zones/db1.ini', 'format = 1\n');
  assert.is((await rejects(() => addForward(asked('web1', 'tcp 443'), fake.host))).code, 'RECORD_INVALID');
  assert.equal(fake.changes, []);
});

test('two zones cannot be given a port by hand: the metadata with both are refused', async () => {
  const fake = await hostWith('back', 'proxy', 'web1');
  await addForward(asked('web1', 'tcp 8000-8010 9000'), fake.host);
  const text = metadata(fake, 'proxy');
  const fault = (more: string) => {
    const edited = text.replace('\n[end]', `\n[forward.db1]\nrdr[] = ${more}\n\n[end]`);
    try {
      checkMetadata(parseMetadata(edited, 'm'), edited, 'm');
      return '';
    } catch (error) {
      return String(error);
    }
  };
  assert.match(fault('tcp 203.0.113.5 8010 10.2.0.3 80'), 'tcp 203.0.113.5 port 8000-8010 is forwarded already');
  assert.match(fault('tcp 203.0.113.9 80 10.2.0.3 80'), '203.0.113.9 is on no link to the outside');
  assert.match(fault('tcp 203.0.113.5 80 192.0.2.1 80'), '192.0.2.1 is on no network behind this zone');
  assert.is(fault('udp 203.0.113.5 8010 10.2.0.3 80'), '');
});

test('what leads nowhere any more is told, with what takes it away, and the others stay', async () => {
  const fake = await hostWith('back', 'proxy', 'web1');
  await addForward(asked('web1', 'tcp 443'), fake.host);
  const moved = record(fake, 'proxy').replace('address[] = 203.0.113.5/24', 'address[] = 203.0.113.6/24');
  fake.files.set('/etc/zonenet/zones/proxy.ini', moved);
  const drift = (await findDrift(fake.host)).find(({ item }) => item.startsWith('forward'));
  assert.is(drift?.found, 'no proxy in front of zone "web1" has 203.0.113.5 outside');
  assert.match(drift?.fault?.hint ?? '', 'znetadm delete-forward -a 203.0.113.5 tcp/443');
  const records = await readRecords(fake.system);
  const [row] = await forwardRows(records.zones, records, fake.system);
  assert.match(row?.['state'] ?? '', /^leads nowhere: /);
  await deleteForward(key('tcp 443'), fake.host);
  assert.ok(!(await findDrift(fake.host)).some(({ item }) => item.startsWith('forward')));
});

test('show-forward has each with its way, in order of port, and who is down', async () => {
  const fake = await hostWith('back', 'proxy', 'web1', 'db1');
  await addForward(asked('db1', 'tcp 8080 80'), fake.host);
  await addForward(asked('web1', 'tcp 443 8443'), fake.host);
  await addForward(asked('web1', 'udp 5000-5009 =7'), fake.host);
  await fake.system.run({ program: '/usr/sbin/zoneadm', args: ['-z', 'db1', 'halt'] });
  const records = await readRecords(fake.system);
  assert.equal(
    (await forwardRows(records.zones, records, fake.system)).map((row) => Object.values(row).join(' ')),
    [
      'proxy 10.2.0.2 tcp 203.0.113.5 443 web1 8443 up',
      'proxy 10.2.0.3 tcp 203.0.113.5 8080 db1 80 db1 is installed',
      'proxy 10.2.0.2 udp 203.0.113.5 5000-5009 web1 =7 up',
    ],
  );
});

test('records with forwards go to another host as they are; one whose port is taken is refused', async () => {
  const fake = await hostWith('back', 'proxy', 'web1');
  await addForward(asked('web1', 'tcp 443'), fake.host);
  const bundle = await exportRecords(fake.host);
  const other = createFakeHost();
  await importRecords(parseBundle(bundle, 'f'), other.host);
  assert.is(record(other, 'web1'), record(fake, 'web1'));
  const twice = bundle.replace('forward[] = tcp 203.0.113.5 443 443\n', '$&forward[] = tcp 203.0.113.5 400-500 400\n');
  const error = await rejects(() => importRecords(parseBundle(twice, 'f'), createFakeHost().host));
  assert.match(error.message, 'zone "web1": tcp 203.0.113.5 port 443 leads to zone "web1"');
});

for (const [what, work] of [
  ['add-forward', (fake: FakeHost) => addForward(asked('web1', 'tcp 443'), fake.host)],
  ['delete-forward', (fake: FakeHost) => deleteForward(key('udp 53'), fake.host)],
] as const) {
  const start = async () => {
    const fake = await hostWith('back', 'proxy', 'web1');
    await addForward(asked('web1', 'udp 53'), fake.host);
    fake.changes.splice(0);
    return fake;
  };

  test(`${what} killed before each of its changes: the same command or repair ends it, and no forward is half there`, async () => {
    const done = await start();
    await work(done);
    assert.is(done.changes.length, 3);
    for (let k = 1; k <= 3; k += 1) {
      for (const again of ['command', 'repair'] as const) {
        const fake = await start();
        fake.killAt = k;
        await rejects(() => work(fake));
        fake.killAt = undefined;
        fake.locks.clear();
        if (again === 'repair') await sync(fake.host);
        // A deletion whose record is written is not found again: repair does the rest, and is what check asks for.
        else await work(fake).catch(async (error) => assert.ok(['NOT_FOUND', 'EXISTS'].includes(error.code)));
        if (again === 'command' && what === 'delete-forward') await sync(fake.host);
        const recorded = record(fake, 'web1').includes(what === 'add-forward' ? 'tcp 203' : 'udp 203');
        const told = redirects(fake).some((line) => line.includes(what === 'add-forward' ? 'tcp 203' : 'udp 203'));
        assert.is(told, recorded, `${k} ${again}`);
        if (again === 'command') assert.is(recorded, what === 'add-forward', `${k} ${again}`);
        assert.equal(await planSync(fake.host), { plan: [], faults: [] });
      }
    }
  });
}

test.run();
