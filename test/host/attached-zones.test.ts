// Zones that somebody else made, and links for zones that are there.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseMembership, parseOutside } from '../../src/cli/link-options.ts';
import { parseAddress } from '../../src/domain/address.ts';
import { parseForward } from '../../src/domain/forward.ts';
import { parseLinkName, parseNetworkName, parseZoneName } from '../../src/domain/names.ts';
import { parsePortRange } from '../../src/domain/port.ts';
import { parsePrefix } from '../../src/domain/prefix.ts';
import { type AttachRequest, attachZone, planAttachZone } from '../../src/host/attach-zone.ts';
import { bootAttached } from '../../src/host/boot-attached.ts';
import { createNetwork } from '../../src/host/create-network.ts';
import { createZone } from '../../src/host/create-zone.ts';
import { deleteZone } from '../../src/host/delete-zone.ts';
import { type Detaching, detachZone, planDetachZone } from '../../src/host/detach-zone.ts';
import { addForward, deleteForward } from '../../src/host/forwards.ts';
import { planSync, sync } from '../../src/host/sync.ts';
import { parseMetadata } from '../../src/ini/metadata.ts';
import { manifestsOf } from '../../src/plan/host-paths.ts';
import { rejects } from '../support/assertions.ts';
import type { FakeHost } from '../support/fake-host.ts';
import { hostWith, memberRequest, networkRequest } from '../support/story.ts';

/** Of a zone behind a proxy. */
const MANIFESTS = manifestsOf({ name: 'mail', role: 'member' });

const test = suite('attached zones');

const request = (name: string, overrides: Partial<AttachRequest> = {}): AttachRequest => ({
  name: parseZoneName(name),
  routes: [],
  outside: [],
  networks: [],
  routers: [],
  staticRoutes: [],
  ...overrides,
});
const onNetworks = (name: string, ...networks: string[]) => request(name, { networks: networks.map(parseMembership) });

const ALL: Detaching = { networks: [], links: [] };
const from = (...networks: string[]): Detaching => ({ ...ALL, networks: networks.map(parseNetworkName) });
const links = (...names: string[]): Detaching => ({ ...ALL, links: names.map(parseLinkName) });

/** What somebody else configured: a mount, a link and an attribute of their own. */
const MAIL = [
  'set zonepath="/zones/mail"',
  'set brand="ipkg"',
  'set autoboot=true',
  'set ip-type=exclusive',
  'add fs',
  'set dir="/data"',
  'set special="/export/data"',
  'set type="lofs"',
  'end',
  'add net',
  'set physical="mail0"',
  'end',
  'add attr',
  'set name="comment"',
  'set type="string"',
  'set value="do not touch"',
  'end',
];

/** The story with web1, a second network front, and the zone mail. */
async function host(state = 'installed', config: readonly string[] = MAIL): Promise<FakeHost> {
  const fake = await hostWith('back', 'proxy', 'web1');
  await createNetwork(
    networkRequest({ name: parseNetworkName('front'), prefix: parsePrefix('10.3.0.0/24') }),
    fake.host,
  );
  fake.links.set('mail0', { class: 'vnic', mtu: 1500, over: 'e1000g0' });
  fake.zones.set('mail', { state, generation: 0, config: [...config] });
  fake.changes.splice(0);
  return fake;
}

test('a zone that somebody else made gets links, mounts and a record, and gives back exactly those', async () => {
  const fake = await host();
  const before = fake.snapshot();
  const { record } = await attachZone(onNetworks('mail', 'back'), fake.host);
  assert.equal([record.origin, record.state, record.nics[0]?.link], ['attached', 'ready', 'znic2']);
  const config = fake.zones.get('mail')?.config ?? [];
  assert.equal(config.slice(0, MAIL.length), MAIL);
  assert.ok(config.includes('set physical="znic2"') && config.includes('set dir="/etc/zonenet/host"'));
  assert.is(parseMetadata(fake.files.get('/var/zonenet/zones/proxy/metadata.ini') ?? '', 'm').members.length, 2);
  assert.equal(await planSync(fake.host), { plan: [], faults: [] });
  assert.is((await rejects(() => deleteZone(parseZoneName('mail'), false, fake.host))).code, 'NOT_OURS');
  assert.is((await rejects(() => createZone(memberRequest('mail'), fake.host))).code, 'EXISTS');
  await detachZone(parseZoneName('mail'), ALL, fake.host);
  const after = fake.snapshot();
  assert.equal(after.zones, before.zones);
  assert.equal(after.links, before.links);
  assert.equal(Object.keys(after.files), Object.keys(before.files));
});

test('as a proxy it stays one while zones are behind it, and so does one of its networks', async () => {
  const fake = await host();
  const [front, other, name] = [parseNetworkName('front'), parseNetworkName('other'), parseZoneName('mail')];
  await createNetwork(networkRequest({ name: other, prefix: parsePrefix('10.4.0.0/24') }), fake.host);
  const before = fake.snapshot();
  const asProxy = { routes: [front, other], outside: [parseOutside('e1000g0=203.0.113.8/24')] };
  await attachZone(request('mail', { ...asProxy, routers: [parseAddress('203.0.113.1')] }), fake.host);
  await createZone(memberRequest('db1', undefined, { networks: [parseMembership('front')] }), fake.host);
  for (const what of [ALL, from('front')]) {
    const error = await rejects(() => detachZone(name, what, fake.host));
    assert.is(error.code, 'IN_USE');
    assert.match(error.message, 'network "front", used by db1');
    assert.match(error.hint ?? '', 'znetadm delete-zone db1');
  }
  await deleteZone(parseZoneName('db1'), false, fake.host);
  await detachZone(name, from('front'), fake.host);
  await detachZone(name, ALL, fake.host);
  const { zones, links: left, files } = fake.snapshot();
  assert.equal([zones, left, files], [before.zones, before.links, before.files]);
});

test('it boots anew on request, and gets our services through its own repository server', async () => {
  const fake = await host('running');
  let imported = 0;
  fake.onImport = () => {
    imported += 1;
  };
  fake.hasServices = (zone) => zone !== 'mail' || imported === MANIFESTS.length;
  const attachment = await attachZone(onNetworks('mail', 'back'), fake.host);
  assert.is(attachment.needsBoot, true);
  fake.changes.splice(0);
  await bootAttached(attachment, fake.host);
  assert.equal(fake.changes, [
    '/usr/sbin/zoneadm -z mail reboot',
    '/usr/sbin/dladm set-linkprop -t -p allowed-ips=10.2.0.3/32 znic2',
    '/usr/sbin/dladm set-linkprop -t -p protection=mac-nospoof,restricted,ip-nospoof,dhcp-nospoof znic2',
    ...MANIFESTS.map((manifest) => `/usr/sbin/svccfg -z mail import ${manifest}`),
  ]);
  const again = await attachZone(request('mail'), fake.host);
  assert.equal(again.record.nics, attachment.record.nics);
});

test('a zone with the stack of the host gets addresses in its configuration, and no mounts', async () => {
  const fake = await host(
    'installed',
    MAIL.map((line) => line.replace('exclusive', 'shared')),
  );
  await attachZone(onNetworks('mail', 'back'), fake.host);
  const config = fake.zones.get('mail')?.config ?? [];
  assert.ok(config.includes('set address="10.2.0.3/24"'));
  assert.not.ok(config.includes('set dir="/opt/zonenet"'));
  await detachZone(parseZoneName('mail'), ALL, fake.host);
  assert.equal(
    fake.zones.get('mail')?.config,
    MAIL.map((line) => line.replace('exclusive', 'shared')),
  );
});

test('a running proxy of ours gets another network at once', async () => {
  const fake = await host();
  const { record } = await attachZone(request('proxy', { routes: [parseNetworkName('front')] }), fake.host);
  assert.equal(
    record.nics.map(({ link, side, network }) => [link, side, network]),
    [
      ['pnic0', 'outside', undefined],
      ['znic0', 'inside', 'back'],
      ['znic2', 'inside', 'front'],
    ],
  );
  const order = fake.changes.filter((change) => /zone=|sbin.zonecfg|metadata|refresh/.test(change));
  assert.equal(order, [
    '/usr/sbin/zonecfg -z proxy -f /var/run/zonenet/proxy.zonecfg',
    '/usr/sbin/dladm set-linkprop -t -p zone=proxy znic2',
    'write /var/zonenet/zones/proxy/metadata.ini',
    '/usr/sbin/svcadm -z proxy refresh svc:/network/zonenet:default',
  ]);
  const { networks } = parseMetadata(fake.files.get('/var/zonenet/zones/proxy/metadata.ini') ?? '', 'm');
  assert.equal(
    networks.map(({ name }) => name),
    ['back', 'front'],
  );
  const drift = await planSync(fake.host);
  assert.equal([drift.plan, drift.faults], [[], []]);
});

test('a halted zone of ours leaves a network again', async () => {
  const fake = await host();
  await attachZone(onNetworks('web1', 'front'), fake.host);
  const error = await rejects(() => detachZone(parseZoneName('web1'), from('front'), fake.host));
  assert.equal([error.code, error.hint], ['IN_USE', 'to free them:   /usr/sbin/zoneadm -z web1 shutdown']);
  const web1 = fake.zones.get('web1');
  if (web1 !== undefined) web1.state = 'installed';
  await detachZone(parseZoneName('web1'), from('front'), fake.host);
  assert.not.ok(fake.links.has('znic2'));
  assert.not.ok(web1?.config.includes('set physical="znic2"'));
  assert.equal(await planSync(fake.host), { plan: [], faults: [] });
  assert.is((await rejects(() => planDetachZone(parseZoneName('web1'), from('back'), fake.host))).code, 'IN_USE');
});

test('a zone that is configured and not installed keeps what somebody has added, killed at any moment', async () => {
  const added = ['add fs', 'set dir="/mine"', 'set special="/export/mine"', 'set type="lofs"', 'end'];
  for (let nth = 1; ; nth++) {
    const fake = await host();
    await createZone(memberRequest('web2', undefined, { install: false, boot: false }), fake.host);
    fake.zones.get('web2')?.config.push(...added);
    fake.killAt = fake.changes.length + nth;
    const killed = await attachZone(onNetworks('web2', 'front'), fake.host).then(
      () => false,
      () => true,
    );
    fake.killAt = undefined;
    fake.locks.clear();
    await sync(fake.host);
    assert.ok(fake.zones.get('web2')?.config.join('\n').includes(added.join('\n')), `killed before change ${nth}`);
    assert.equal(await planSync(fake.host), { plan: [], faults: [] });
    if (!killed) return assert.ok(nth > 3);
  }
});

test('a zone that leaves the network its default router is on gets that of another', async () => {
  const fake = await host();
  await attachZone(onNetworks('web1', 'front'), fake.host);
  const web1 = fake.zones.get('web1');
  if (web1 !== undefined) web1.state = 'installed';
  await detachZone(parseZoneName('web1'), from('back'), fake.host);
  const { nics } = parseMetadata(fake.files.get('/var/zonenet/zones/web1/metadata.ini') ?? '', 'm');
  assert.equal(
    nics.map(({ link, routers }) => [link, ...routers]),
    [['znic2', '10.3.0.1']],
  );
  assert.equal(await planSync(fake.host), { plan: [], faults: [] });
});

test('what is forwarded to a zone keeps it on its network', async () => {
  const fake = await host();
  await attachZone(onNetworks('web1', 'front'), fake.host);
  await addForward({ zone: parseZoneName('web1'), ...parseForward('tcp 203.0.113.5 443 8443') }, fake.host);
  const web1 = fake.zones.get('web1');
  if (web1 !== undefined) web1.state = 'installed';
  const error = await rejects(() => planDetachZone(parseZoneName('web1'), from('back'), fake.host));
  assert.equal([error.code, error.hint], ['IN_USE', 'to free it:   znetadm delete-forward -a 203.0.113.5 tcp/443']);
});

test('a proxy loses a link outside when it has another, and nothing is forwarded from it', async () => {
  const fake = await host();
  const name = parseZoneName('proxy');
  const lastOne = await rejects(() => planDetachZone(name, links('pnic0'), fake.host));
  assert.match(lastOne.message, 'its last way out');
  await attachZone(request('proxy', { outside: [parseOutside('e1000g0:7=198.51.100.9/24')] }), fake.host);
  await addForward({ zone: parseZoneName('web1'), ...parseForward('tcp 198.51.100.9 443 8443') }, fake.host);
  const zone = fake.zones.get('proxy');
  if (zone !== undefined) zone.state = 'installed';
  const led = await rejects(() => detachZone(name, links('pnic1'), fake.host));
  assert.match(led.message, 'tcp 198.51.100.9 port 443 would lead nowhere');
  await deleteForward(
    { protocol: 'tcp', ports: parsePortRange('443'), outside: parseAddress('198.51.100.9') },
    fake.host,
  );
  await detachZone(name, links('pnic1'), fake.host);
  assert.not.ok(fake.links.has('pnic1'));
  assert.equal(await planSync(fake.host), { plan: [], faults: [] });
  for (const [link, code] of [
    ['pnic1', 'NOT_FOUND'],
    ['znic0', 'NOT_FOUND'],
    ['e1000g0', 'NOT_FOUND'],
  ] as const) {
    assert.is((await rejects(() => planDetachZone(name, links(link), fake.host))).code, code);
  }
});

test('a zone that somebody else made becomes a proxy when it was detached; one of ours is made as one', async () => {
  const fake = await host('installed');
  const asProxy = (name: string) => request(name, { routes: [parseNetworkName('front')] });
  await attachZone(onNetworks('mail', 'back'), fake.host);
  assert.is(
    (await rejects(() => planAttachZone(asProxy('mail'), fake.host))).hint,
    'to make it one:   znetadm detach-zone mail\n                  znetadm attach-zone -R NETWORK -x UPLINK=ADDRESS/LENGTH mail',
  );
  assert.match((await rejects(() => planAttachZone(asProxy('web1'), fake.host))).hint ?? '', /znetadm create-zone -R /);
});

for (const [what, start, attach, code, message] of [
  ['a zone that is not there', MAIL, onNetworks('nobody', 'back'), 'NOT_FOUND', 'this host has none of that name'],
  [
    'a zone that carries our mark',
    [...MAIL, 'add attr', 'set name="zonenet-id"', 'set type="string"', 'set value="x"', 'end'],
    onNetworks('mail', 'back'),
    'NOT_OURS',
    'attribute zonenet-id already',
  ],
  [
    'a zone with a mount where ours goes',
    [...MAIL, 'add fs', 'set dir="/opt/zonenet"', 'set special="/opt/zonenet"', 'set type="lofs"', 'end'],
    onNetworks('mail', 'back'),
    'NOT_OURS',
    'a mount at /opt/zonenet already',
  ],
  ['no link', MAIL, request('mail'), 'VALUE_INVALID', 'no link is asked for'],
  ['a network it is on', MAIL, onNetworks('web1', 'back'), 'EXISTS', 'on network "back" already'],
  [
    'a member as proxy',
    MAIL,
    request('web1', { routes: [parseNetworkName('front')] }),
    'VALUE_INVALID',
    'it is a member',
  ],
  [
    'a member with an outside',
    MAIL,
    request('web1', { outside: [parseOutside('e1000g0=203.0.113.9/24')] }),
    'VALUE_INVALID',
    'it is no proxy',
  ],
  ['a second router', MAIL, request('mail', { routes: [parseNetworkName('back')] }), 'IN_USE', 'has a router'],
] as const) {
  test(`refuses ${what}`, async () => {
    const fake = await host('installed', start);
    const error = await rejects(() => planAttachZone(attach, fake.host));
    assert.is(error.code, code, error.message);
    assert.ok(error.message.includes(message), error.message);
    assert.ok(error.hint);
    assert.equal(fake.changes, []);
  });
}

test('killed at any change, repair finishes what was begun, or nothing was', async () => {
  for (let kill = 1, killed = true; killed; kill += 1) {
    const fake = await host();
    fake.killAt = kill;
    killed = await attachZone(onNetworks('mail', 'back'), fake.host).then(
      () => false,
      () => true,
    );
    fake.killAt = undefined;
    fake.locks.clear();
    await sync(fake.host);
    const { plan, faults } = await planSync(fake.host);
    assert.equal([plan, faults], [[], []], `killed before change ${kill}`);
    if (fake.files.has('/etc/zonenet/zones/mail.ini')) await detachZone(parseZoneName('mail'), ALL, fake.host);
    assert.equal(fake.zones.get('mail')?.config, MAIL);
    assert.not.ok(fake.links.has('znic2'));
  }
});

test('killed at any change, detaching again finishes', async () => {
  for (let kill = 1, killed = true; killed; kill += 1) {
    const fake = await host();
    await attachZone(onNetworks('mail', 'back'), fake.host);
    fake.changes.splice(0);
    fake.killAt = kill;
    killed = await detachZone(parseZoneName('mail'), ALL, fake.host).then(
      () => false,
      () => true,
    );
    fake.killAt = undefined;
    fake.locks.clear();
    if (fake.files.has('/etc/zonenet/zones/mail.ini')) await detachZone(parseZoneName('mail'), ALL, fake.host);
    assert.equal(fake.zones.get('mail')?.config, MAIL, `killed before change ${kill}`);
    assert.not.ok(fake.links.has('znic2'));
    assert.equal(await planSync(fake.host), { plan: [], faults: [] });
  }
});

test.run();
