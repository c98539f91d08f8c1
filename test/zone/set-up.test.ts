import { createHash } from 'node:crypto';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseAddress } from '../../src/domain/address.ts';
import type { ZoneMetadata } from '../../src/domain/metadata.ts';
import { parseDomainName, parseLinkName, parseZoneName } from '../../src/domain/names.ts';
import { parseInterfaceAddress } from '../../src/domain/prefix.ts';
import { parseResolvedRule } from '../../src/domain/resolved-rule.ts';
import type { Origin, TemplateLayer } from '../../src/domain/template-layer.ts';
import { quoteForShell } from '../../src/illumos/command.ts';
import { formatMetadata } from '../../src/ini/metadata.ts';
import { formatLastGood, parseLastGood } from '../../src/plan/last-good.ts';
import { digestOfLayers } from '../../src/plan/template-digest.ts';
import { bootProgramHead, EDITION } from '../../src/plan/zone-inputs.ts';
import { HOST_BOOT, LAST_GOOD, metadataFor } from '../../src/plan/zone-paths.ts';
import type { System } from '../../src/system/system.ts';
import type { Occasion } from '../../src/zone/apply.ts';
import { startForwarding } from '../../src/zone/forward.ts';
import { setUp } from '../../src/zone/set-up.ts';
import { createFakeZone, type FakeZone, FORWARDING, IPFILTER, Killed } from '../support/fake-zone.ts';
import { memberMetadata, nic, proxyMetadata } from '../support/metadata.ts';

const METADATA = metadataFor('proxy');

const test = suite('setUp');

function zoneWith(metadata: ZoneMetadata): FakeZone {
  const zone = createFakeZone();
  zone.files.set(EDITION, 'one\n');
  zone.files.set(METADATA, formatMetadata(metadata));
  return zone;
}

/** Runs the method; gives its exit status and what it changed. */
async function method(zone: FakeZone, occasion: Occasion, name = 'proxy') {
  zone.changes.splice(0);
  zone.log.splice(0);
  const status = await setUp({ zone: name, occasion, now: 1_800_000_000, system: zone.system });
  return { status, changes: [...zone.changes] };
}

/** The system of a zone, and the programs that are run by it. */
function listening({ system }: FakeZone) {
  const asked: string[] = [];
  const run: System['run'] = async (command) => {
    asked.push(command.program);
    return await system.run(command);
  };
  return { asked, system: { ...system, run } };
}

/** A proxy that has booted and forwards. */
async function runningProxy(metadata = proxyMetadata()): Promise<FakeZone> {
  const zone = zoneWith(metadata);
  await method(zone, 'start');
  await afterBoot(zone);
  return zone;
}

/** What SMF does after set-up: ipfilter, then zonenet-forwarding. */
async function afterBoot(zone: FakeZone): Promise<void> {
  zone.startIpfilter();
  assert.is(await startForwarding('proxy', zone.system), 0, zone.log.join('\n'));
  zone.services.set(FORWARDING, 'online');
}

/** All that matters of a zone, for comparing two. */
function stateOf({ files, addresses, routes, services, properties, kernel }: FakeZone) {
  const kept = [...files].filter(([path]) => !path.startsWith('/var/zonenet/status') && !path.includes('candidates'));
  const settings = [...properties].filter(([name]) => !/^status\/(applied|milliseconds)$/.test(name)).sort();
  const { active, nat, forwarding, forwarding6 } = kernel;
  const sorted = addresses.map(({ object, addr, state }) => `${object} ${addr} ${state}`).sort();
  return {
    files: kept.sort(),
    addresses: sorted,
    routes,
    services: [...services],
    settings,
    active,
    nat,
    forwarding,
    forwarding6,
  };
}

test('a member gets address, route and files, and in.routed stays off', async () => {
  const zone = zoneWith(memberMetadata());
  const { status, changes } = await method(zone, 'start', 'web1');
  assert.is(status, 0);
  assert.equal(changes, [
    '/usr/sbin/ipadm create-addr -t -T static -a 10.2.0.2/24 znic1/v4',
    '/usr/sbin/route -n add default 10.2.0.1',
    'write /etc/nodename',
    'write /etc/inet/hosts',
    '/usr/sbin/routeadm -d ipv4-routing -u',
    'write /var/zonenet/last-good.json',
    'write /var/zonenet/status.svccfg',
    '/usr/sbin/svccfg -s svc:/network/zonenet:default -f /var/zonenet/status.svccfg',
    'write /var/zonenet/status.ini',
  ]);
  assert.is(zone.files.get('/etc/nodename'), 'web1\n');
  assert.is(zone.properties.get('status/generation'), '1');
  assert.is(zone.properties.get('status/verified'), 'true');
  assert.is(zone.properties.get('status/message'), '');
});

test('the log of a first boot', async () => {
  const zone = zoneWith(memberMetadata());
  await method(zone, 'start', 'web1');
  assert.equal(
    zone.log.map((line) => line.replace(/sha256 [0-9a-f]{8}/, 'sha256 …')),
    [
      'zone web1, metadata generation 1 (sha256 …), booting',
      'znic1/v4    10.2.0.2/24        created, ok',
      'default     10.2.0.1           added',
      '/etc/nodename, /etc/inet/hosts written',
      'in.routed   off for good',
      'verified in 0.1 s',
    ],
  );
});

test('a second run changes nothing and says so in one line', async () => {
  const zone = zoneWith(memberMetadata());
  await method(zone, 'start', 'web1');
  const { status, changes } = await method(zone, 'refresh', 'web1');
  assert.is(status, 0);
  assert.equal(changes, []);
  assert.is(zone.log.length, 1);
  assert.match(
    zone.log[0] ?? '',
    /^zone web1, metadata generation 1 \(sha256 [0-9a-f]{8}\): nothing to change, verified/,
  );
});

test('a proxy gets its filter, and forwarding last', async () => {
  const zone = zoneWith(proxyMetadata());
  const { status, changes } = await method(zone, 'start');
  assert.is(status, 0);
  assert.equal(
    changes.filter((change) => change.startsWith('/')),
    [
      '/usr/sbin/ipadm create-addr -t -T static -a 203.0.113.5/24 pnic0/v4',
      '/usr/sbin/ipadm create-addr -t -T static -a 10.2.0.1/24 znic0/v4',
      '/usr/sbin/route -n add default 203.0.113.1',
      '/usr/sbin/svcadm refresh svc:/system/name-service-cache:default',
      '/usr/sbin/svcadm enable svc:/system/identity:domain',
      '/usr/sbin/svccfg -s svc:/network/ipfilter:default setprop firewall_config_default/policy = astring: "custom"',
      '/usr/sbin/svcadm refresh svc:/network/ipfilter:default',
      '/usr/sbin/svcadm enable svc:/network/ipfilter:default',
      '/usr/sbin/routeadm -d ipv4-routing -u',
      '/usr/sbin/svcadm refresh svc:/system/name-service-cache:default',
      '/usr/sbin/svcadm enable -t svc:/network/zonenet-forwarding:default',
      '/usr/sbin/svccfg -s svc:/network/zonenet:default -f /var/zonenet/status.svccfg',
    ],
  );
  assert.is(zone.kernel.forwarding, false);
  await afterBoot(zone);
  assert.is(zone.kernel.forwarding, true);
  assert.equal((await method(zone, 'refresh')).changes, []);
});

test('a reboot finds its files and configures the rest again', async () => {
  const zone = await runningProxy();
  const before = structuredClone(stateOf(zone));
  zone.reboot();
  const { status, changes } = await method(zone, 'start');
  assert.is(status, 0);
  assert.equal(changes, [
    '/usr/sbin/ipadm create-addr -t -T static -a 203.0.113.5/24 pnic0/v4',
    '/usr/sbin/ipadm create-addr -t -T static -a 10.2.0.1/24 znic0/v4',
    '/usr/sbin/route -n add default 203.0.113.1',
    '/usr/sbin/svcadm enable -t svc:/network/zonenet-forwarding:default',
  ]);
  await afterBoot(zone);
  assert.equal(stateOf(zone), before);
});

test('a new NAT rule is loaded while nothing is forwarded', async () => {
  const zone = await runningProxy();
  const [outside, inside] = proxyMetadata().nics;
  if (outside === undefined || inside === undefined) throw new Error('the story has two');
  const moved = { ...outside, addresses: [parseInterfaceAddress('203.0.113.6/24')] };
  zone.files.set(METADATA, formatMetadata(proxyMetadata({ generation: 2, nics: [moved, inside] })));
  const { status, changes } = await method(zone, 'refresh');
  assert.is(status, 0);
  assert.equal(
    changes.filter((change) => change.startsWith('/')),
    [
      '/usr/sbin/ipadm delete-addr pnic0/v4',
      '/usr/sbin/ipadm create-addr -t -T static -a 203.0.113.6/24 pnic0/v4',
      '/usr/sbin/ipadm set-prop -t -p forwarding=off ipv4',
      '/usr/sbin/ipnat -C -f /var/zonenet/candidates/ipnat.conf',
      '/usr/sbin/ipadm set-prop -t -p forwarding=on ipv4',
      '/usr/sbin/svccfg -s svc:/network/zonenet:default -f /var/zonenet/status.svccfg',
    ],
  );
  assert.equal((await method(zone, 'refresh')).changes, []);
});

test('where files alone change, the rest of the zone is asked once, and services by one svcs a look', async () => {
  const zone = await runningProxy();
  const resolver = { ...proxyMetadata().resolver, domain: parseDomainName('other.internal') };
  zone.files.set(METADATA, formatMetadata(proxyMetadata({ generation: 2, resolver })));
  const { asked, system } = listening(zone);
  assert.is(await setUp({ zone: 'proxy', occasion: 'refresh', now: 1_800_000_000, system }), 0);
  assert.match(zone.files.get('/etc/resolv.conf') ?? '', 'other.internal');
  const times = (program: string) => asked.filter((one) => one === program).length;
  assert.equal(
    [
      '/usr/sbin/dladm',
      '/usr/bin/netstat',
      '/usr/sbin/ipfstat',
      '/usr/sbin/ipnat',
      '/usr/sbin/ipadm',
      '/usr/bin/svcs',
    ].map(times),
    // The filter has two families, NAT a file and a kernel, ipadm addresses and forwarding; files are looked at thrice.
    [1, 1, 2, 2, 4, 3],
  );
});

test('a member that filters asks for all services of a look by one svcs', async () => {
  const zone = createFakeZone();
  const rules = [parseResolvedRule('allow in tcp from any to any port 22')];
  const resolver = { nameservers: [parseAddress('10.2.0.1')], search: [] };
  zone.files.set(METADATA, formatMetadata(memberMetadata({ rules, resolver })));
  assert.is((await method(zone, 'start', 'web1')).status, 0, zone.log.join('\n'));
  const { asked, system } = listening(zone);
  assert.is(await setUp({ zone: 'web1', occasion: 'refresh', now: 1_800_000_000, system }), 0, zone.log.join('\n'));
  // One of the candidates, one of the whole zone.
  assert.is(asked.filter((program) => program === '/usr/bin/svcs').length, 2, asked.join(' '));
});

test('rules that somebody took out of the kernel come back by a swap', async () => {
  const zone = await runningProxy();
  zone.kernel.active.inet.splice(3, 1);
  const { changes } = await method(zone, 'refresh');
  assert.equal(changes, [
    '/usr/sbin/ipf -I -F a',
    '/usr/sbin/ipf -6 -I -F a',
    '/usr/sbin/ipf -I -f /etc/ipf/ipf.conf',
    '/usr/sbin/ipf -6 -I -f /etc/ipf/ipf6.conf',
    '/usr/sbin/ipf -s',
  ]);
  assert.equal((await method(zone, 'refresh')).changes, []);
});

test('forwarding that was on before the rules are proved goes off first', async () => {
  const zone = zoneWith(proxyMetadata());
  zone.kernel.forwarding = true;
  const { changes } = await method(zone, 'start');
  assert.is(
    changes.find((change) => !change.startsWith('write')),
    '/usr/sbin/ipadm set-prop -t -p forwarding=off ipv4',
  );
});

test('an ipfilter that runs with another policy is restarted, with forwarding off', async () => {
  const zone = await runningProxy();
  zone.properties.set('firewall_config_default/policy', 'allow');
  const { status, changes } = await method(zone, 'refresh');
  assert.is(status, 0);
  assert.equal(changes, [
    '/usr/sbin/ipadm set-prop -t -p forwarding=off ipv4',
    '/usr/sbin/svccfg -s svc:/network/ipfilter:default setprop firewall_config_default/policy = astring: "custom"',
    '/usr/sbin/svcadm disable -s -t svc:/network/ipfilter:default',
    '/usr/sbin/svcadm refresh svc:/network/ipfilter:default',
    '/usr/sbin/svcadm enable svc:/network/ipfilter:default',
  ]);
});

test('forwarding is never put on while ipfilter does not run, whatever its service says', async () => {
  const zone = await runningProxy();
  zone.kernel.forwarding = false;
  zone.services.set(IPFILTER, 'maintenance');
  await method(zone, 'refresh');
  assert.is(zone.kernel.forwarding, false);
  assert.is(zone.services.get(IPFILTER), 'offline');
});

test('addresses, routes and links in the way are put right', async () => {
  const zone = await runningProxy();
  zone.addresses.push({ object: 'pnic0/v4n2', type: 'static', state: 'ok', addr: '10.2.0.9/24' });
  zone.addresses.push({ object: 'other0/v4', type: 'static', state: 'ok', addr: '192.0.2.1/24' });
  zone.routes.push({ to: 'default', router: '203.0.113.77', link: 'pnic0' });
  zone.files.delete('/etc/nodename');
  zone.links.set('/etc/nodename', '/etc/passwd');
  const { status, changes } = await method(zone, 'refresh');
  assert.is(status, 0);
  assert.equal(changes, [
    '/usr/sbin/ipadm delete-addr pnic0/v4n2',
    '/usr/sbin/route -n delete default 203.0.113.77',
    'write /etc/nodename',
  ]);
  assert.is(zone.addresses.at(-1)?.object, 'other0/v4');
});

test('a duplicate address is a failure with a name', async () => {
  const zone = zoneWith(memberMetadata());
  zone.claimed.add('10.2.0.2/24');
  const { status } = await method(zone, 'start', 'web1');
  assert.is(status, 1);
  assert.match(zone.log.join('\n'), /Cannot use 10\.2\.0\.2 on znic1\/v4: another machine on that network has it/);
  assert.is(zone.properties.get('status/verified'), 'false');
  zone.claimed.clear();
  assert.is((await method(zone, 'start', 'web1')).status, 0);
});

for (const [what, spoil, code] of [
  ['missing', () => undefined, 96],
  ['cut short', (text: string) => text.slice(0, text.indexOf('router')), 96],
  ['of another zone', (text: string) => text.replace('zone = proxy', 'zone = proxy2'), 96],
  ['of a newer format', (text: string) => text.replace('format = 1', 'format = 2'), 96],
  ['with an unknown key', (text: string) => text.replace('mtu =', 'mtuu ='), 96],
] as const) {
  test(`metadata ${what}: at first boot nothing is changed and the method fails`, async () => {
    const zone = zoneWith(proxyMetadata());
    const text = spoil(zone.files.get(METADATA) ?? '');
    if (text === undefined) zone.files.delete(METADATA);
    else zone.files.set(METADATA, text);
    const { status, changes } = await method(zone, 'start');
    assert.is(status, code);
    assert.equal(
      changes.filter((change) => !change.includes('status')),
      [],
    );
    assert.is(zone.properties.get('status/verified'), 'false');
    assert.match(zone.properties.get('status/message') ?? '', /metadata\.ini/);
  });

  test(`metadata ${what}: on refresh all stays as it runs, and the service online`, async () => {
    const zone = await runningProxy();
    const before = structuredClone(stateOf(zone));
    const good = zone.files.get(METADATA) ?? '';
    const text = spoil(good);
    if (text === undefined) zone.files.delete(METADATA);
    else zone.files.set(METADATA, text);
    const { status } = await method(zone, 'refresh');
    assert.is(status, 0);
    assert.match(zone.log.join('\n'), /The configuration in use \(generation 1\) stays\./);
    assert.is(zone.properties.get('status/generation'), '1');
    assert.is(zone.properties.get('status/verified'), 'true');
    zone.files.set(METADATA, good);
    await method(zone, 'refresh');
    assert.is(zone.properties.get('status/message'), '');
    assert.equal(stateOf(zone), before);
  });
}

test('what the software before had kept as last good is of use until the next refresh', async () => {
  const zone = await runningProxy();
  const { metadata, files } = parseLastGood(zone.files.get(LAST_GOOD) ?? '');
  const digest = createHash('sha256')
    .update(JSON.stringify([metadata, files]))
    .digest('hex');
  const older = (sum: string) =>
    zone.files.set(
      LAST_GOOD,
      `${JSON.stringify({ format: 1, key: 'a', digest: sum, metadata, files }, undefined, 1)}\n`,
    );
  older(digest);
  assert.is(await startForwarding('proxy', zone.system), 0);
  older(digest.replace(/./, (first) => (first === '0' ? '1' : '0')));
  assert.is.not(await startForwarding('proxy', zone.system), 0);
  assert.ok((await method(zone, 'refresh')).changes.includes('write /var/zonenet/last-good.json'));
  assert.is(await startForwarding('proxy', zone.system), 0);
});

test('at boot the last good configuration takes the place of broken metadata', async () => {
  const zone = await runningProxy();
  zone.reboot();
  zone.files.set(METADATA, 'format = 1\n');
  const { status } = await method(zone, 'start');
  assert.is(status, 0);
  assert.match(zone.log.join('\n'), /The last good configuration \(generation 1\) is used\./);
  assert.is(
    zone.addresses.some(({ addr }) => addr === '203.0.113.5/24'),
    true,
  );
  await afterBoot(zone);
  assert.is(zone.kernel.forwarding, true);
});

test('a template with an unknown variable changes nothing', async () => {
  const zone = await runningProxy();
  zone.directories.add('/etc/zonenet/templates');
  zone.files.set('/etc/zonenet/templates/ipnat.conf.hbs', 'map {{nosuch}}\n');
  const { status, changes } = await method(zone, 'refresh');
  assert.is(status, 0);
  assert.equal(
    changes.filter((change) => !change.includes('status')),
    [],
  );
  assert.match(
    zone.log[0] ?? '',
    /^\/etc\/zonenet\/templates\/ipnat\.conf\.hbs:1:7: unknown variable "\{\{nosuch\}\}"/,
  );
});

test('a file that its reader refuses changes nothing', async () => {
  const zone = await runningProxy();
  zone.files.set('/etc/zonenet/templates/ipf.conf.hbs', '{{> banner}}\npas in all\n');
  const { status } = await method(zone, 'refresh');
  assert.is(status, 0);
  assert.match(zone.log.join('\n'), /Cannot use the new \/etc\/ipf\/ipf\.conf, from template ipf\.conf\.hbs/);
  assert.match(zone.log.join('\n'), /syntax error error at "pas"/);
  assert.not.match(zone.files.get('/etc/ipf/ipf.conf') ?? '', /pas in all/);
});

test('the templates of the zone win over those of the host', async () => {
  const layer = (origin: Origin, text: string): TemplateLayer => {
    const directory = '/etc/zonenet/host/templates';
    return { origin, directory, templates: [{ name: 'nodename.hbs', path: '', text }] };
  };
  const layers = [layer('host', 'all-{{zone}}\n'), layer('host for this zone', 'host-{{zone}}\n')];
  const templates = digestOfLayers(layers);
  const zone = zoneWith(memberMetadata(templates === undefined ? {} : { templates }));
  zone.files.set('/etc/zonenet/host/templates/all/nodename.hbs', 'all-{{zone}}\n');
  zone.files.set('/etc/zonenet/host/templates/zone/nodename.hbs', 'host-{{zone}}\n');
  await method(zone, 'start', 'web1');
  assert.is(zone.files.get('/etc/nodename'), 'host-web1\n');
  zone.files.set('/etc/zonenet/templates/nodename.hbs', 'zone-{{zone}}\n');
  await method(zone, 'refresh', 'web1');
  assert.is(zone.files.get('/etc/nodename'), 'zone-web1\n');
});

/** What is kept of web1, with another name in its files. */
function calledOtherwise(lastGood: string, name: string): string {
  const { key = '', metadata: text, facts = memberMetadata(), files } = parseLastGood(lastGood);
  const changed = files.map((one) => (one.content === 'web1\n' ? { ...one, content: `${name}\n` } : one));
  assert.not.equal(changed, files);
  return formatLastGood({ text, metadata: facts, files: changed, key });
}

test('what the host has rendered for the same inputs is taken', async () => {
  const zone = zoneWith(memberMetadata());
  const other = zoneWith(memberMetadata({ generation: 2 }));
  await method(other, 'start', 'web1');
  const made = calledOtherwise(other.files.get(LAST_GOOD) ?? '', "web1's");
  const publish = (lastGood: string) => {
    const { key = '' } = parseLastGood(made);
    const lines = ["text_2='one\n'", `text_3=${quoteForShell(lastGood)}`, 'last_good=$text_3', ''];
    zone.files.set(METADATA, formatMetadata(memberMetadata({ generation: 2 })));
    zone.files.set(HOST_BOOT, `${bootProgramHead(key)}${lines.join('\n')}`);
  };
  await method(zone, 'start', 'web1');
  publish(made);
  await method(zone, 'refresh', 'web1');
  assert.is(zone.files.get('/etc/nodename'), "web1's\n");
  assert.is(zone.files.get(LAST_GOOD), made);
  assert.equal((await method(zone, 'refresh', 'web1')).changes, []);
  for (const damaged of [made.replace("web1's", 'web2'), made.slice(0, -20), made.replace(/^ "facts".*\n/m, ''), '']) {
    await method(zone, 'start', 'web1');
    zone.files.delete(LAST_GOOD);
    publish(damaged);
    await method(zone, 'refresh', 'web1');
    assert.is(zone.files.get('/etc/nodename'), 'web1\n');
  }
  // A clone has them too.
  publish(made);
  zone.files.delete(LAST_GOOD);
  assert.is((await method(zone, 'start', 'web2')).status, 96);
});

test('files are rendered only when something that they are made from is new', async () => {
  const zone = zoneWith(memberMetadata());
  await method(zone, 'start', 'web1');
  // Nobody writes there by hand: so it is seen whether they were taken from there.
  const keep = (name: string) => {
    zone.files.set(LAST_GOOD, calledOtherwise(zone.files.get(LAST_GOOD) ?? '', name));
  };
  const nodename = async () => {
    await method(zone, 'refresh', 'web1');
    return zone.files.get('/etc/nodename');
  };
  keep('kept');
  assert.is(await nodename(), 'kept\n');
  zone.files.set(EDITION, 'two\n');
  assert.is(await nodename(), 'web1\n');
  keep('kept');
  zone.files.set('/etc/zonenet/local.ini', '[vars]\ncolour = blue\n');
  assert.is(await nodename(), 'web1\n');
  keep('kept');
  zone.files.set(METADATA, formatMetadata(memberMetadata({ generation: 7 })));
  assert.is(await nodename(), 'web1\n');
  for (const damage of [
    (text: string) => text.slice(0, 300),
    (text: string) => text.replace('web1\\n', 'web2\\n'),
    (text: string) => text.replace(/ "digest".*\n/, '').replace('web1\\n', 'web2\\n'),
  ]) {
    const kept = zone.files.get(LAST_GOOD) ?? '';
    assert.not.equal(damage(kept), kept);
    zone.files.set(LAST_GOOD, damage(kept));
    assert.is(await nodename(), 'web1\n');
    assert.is(zone.files.get(LAST_GOOD), kept);
  }
  zone.files.delete(EDITION);
  assert.is(await nodename(), 'web1\n');
});

test('a failed load of NAT rules leaves forwarding off', async () => {
  const zone = await runningProxy();
  zone.kernel.nat.splice(0, 1);
  zone.answers.set('/usr/sbin/ipnat -C', {
    status: 0,
    timedOut: false,
    stdout: '',
    stderr: '2:ioctl(add/insert nat rule): Invalid argument',
  });
  const { status } = await method(zone, 'refresh');
  assert.is(status, 0);
  assert.is(zone.kernel.forwarding, false);
  assert.is(zone.properties.get('status/verified'), 'false');
  zone.answers.clear();
  await method(zone, 'refresh');
  assert.is(zone.kernel.forwarding, true);
  assert.is(zone.properties.get('status/verified'), 'true');
});

for (const [name, template] of [
  ['ipf.conf', '{{> banner}}\npass in all\npass in all\n'],
  [
    'ipnat.conf',
    '{{> banner}}\n{{#each maps}}\nmap {{link}} {{network}} -> {{to}}\nmap {{link}} {{network}} -> {{to}}\n{{/each}}\n',
  ],
] as const) {
  test(`a rule of ${name} that only the kernel refuses: the old rules stay, and the proxy forwards`, async () => {
    const zone = await runningProxy();
    const before = structuredClone(stateOf(zone));
    zone.files.set(`/etc/zonenet/templates/${name}.hbs`, template);
    const { status } = await method(zone, 'refresh');
    assert.is(status, 0);
    assert.match(zone.log.join('\n'), /ioctl\(add\/insert (nat )?rule\): File exists/);
    assert.equal(zone.kernel.active, before.active);
    assert.equal(zone.kernel.nat, before.nat);
    assert.is(zone.kernel.forwarding, true);
    assert.is(zone.properties.get('status/verified'), 'false');
    zone.files.delete(`/etc/zonenet/templates/${name}.hbs`);
    await method(zone, 'refresh');
    assert.equal(stateOf(zone), before);
  });
}

test('a program that says yes and does nothing is found out', async () => {
  const zone = zoneWith(memberMetadata());
  zone.answers.set('/usr/sbin/route -n add', { status: 0, timedOut: false, stdout: '', stderr: '' });
  assert.is((await method(zone, 'start', 'web1')).status, 1);
  assert.match(zone.log.join('\n'), /after all steps this is left to do\n {2}.*no default route by 10\.2\.0\.1/);
});

test('killed anywhere, the next run ends as if nothing had been', async () => {
  const whole = await runningProxy();
  const wanted = stateOf(whole);
  for (const when of ['before', 'after'] as const) {
    for (let at = 1; ; at++) {
      const zone = zoneWith(proxyMetadata());
      zone.kill = { at, when };
      try {
        await method(zone, 'start');
        break;
      } catch (error) {
        if (!(error instanceof Killed)) throw error;
      }
      zone.kill = undefined;
      assert.is((await method(zone, 'start')).status, 0, `killed ${when} change ${at}`);
      await afterBoot(zone);
      assert.equal(stateOf(zone), wanted, `killed ${when} change ${at}`);
      assert.equal((await method(zone, 'refresh')).changes, []);
    }
  }
});

test('killed anywhere in a refresh, the next one ends right and forwarding is never on without NAT', async () => {
  const [outside, inside] = proxyMetadata().nics;
  if (outside === undefined || inside === undefined) throw new Error('the story has two');
  const moved = { ...outside, addresses: [parseInterfaceAddress('203.0.113.6/24')] };
  const second = proxyMetadata({ generation: 2, nics: [moved, inside] });
  const whole = await runningProxy(second);
  for (let at = 1; ; at++) {
    const zone = await runningProxy();
    zone.files.set(METADATA, formatMetadata(second));
    zone.kill = { at, when: 'after' };
    try {
      await method(zone, 'refresh');
      break;
    } catch (error) {
      if (!(error instanceof Killed)) throw error;
    }
    zone.kill = undefined;
    assert.ok(!zone.kernel.forwarding || zone.kernel.nat.length === 3, `killed after change ${at}`);
    await method(zone, 'refresh');
    const { files: _, ...rest } = stateOf(zone);
    const { files: __, ...wanted } = stateOf(whole);
    assert.equal(rest, wanted, `killed after change ${at}`);
    assert.equal((await method(zone, 'refresh')).changes, []);
  }
});

test('forwarding is refused while the rules in the kernel are not those of the files', async () => {
  const zone = await runningProxy();
  zone.kernel.forwarding = false;
  zone.kernel.nat.splice(2, 1);
  assert.is(await startForwarding('proxy', zone.system), 95);
  assert.is(zone.kernel.forwarding, false);
  assert.match(zone.log.join('\n'), /the rules in the kernel are not those of the files/);
});

test('forwarding is refused when a file was changed, when ipfilter is down, and on a member', async () => {
  const zone = await runningProxy();
  zone.kernel.forwarding = false;
  zone.services.set(IPFILTER, 'maintenance');
  assert.is(await startForwarding('proxy', zone.system), 95);
  zone.services.set(IPFILTER, 'online');
  zone.files.set('/etc/ipf/ipf.conf', 'pass in all\n');
  assert.is(await startForwarding('proxy', zone.system), 95);
  const member = zoneWith(memberMetadata());
  assert.is(await startForwarding('web1', member.system), 95);
  await method(member, 'start', 'web1');
  assert.is(await startForwarding('web1', member.system), 95);
  assert.is(zone.kernel.forwarding || member.kernel.forwarding, false);
});

test('several NICs and addresses', async () => {
  const zone = zoneWith(
    memberMetadata({
      zone: parseZoneName('web1'),
      nics: [
        nic({ addresses: [parseInterfaceAddress('10.2.0.2/24'), parseInterfaceAddress('10.2.0.12/24')] }),
        nic({ link: parseLinkName('znic7'), addresses: [parseInterfaceAddress('10.9.0.2/16')], routers: [] }),
      ],
    }),
  );
  await method(zone, 'start', 'web1');
  assert.equal(
    zone.addresses.slice(1).map(({ object, addr }) => `${object} ${addr}`),
    ['znic1/v4 10.2.0.2/24', 'znic1/v4n2 10.2.0.12/24', 'znic7/v4 10.9.0.2/16'],
  );
  assert.equal(
    zone.routes.map(({ to, router }) => `${to} ${router}`),
    ['default 10.2.0.1'],
  );
});

test.run();
