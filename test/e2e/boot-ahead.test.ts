// Boots planned ahead, in the lab: zones without any Node end as zones that Node configures; and what a plan does that does not fit.
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type LabHandle, startLab } from '../lab/lab.ts';
import { startDnsmasq } from '../lab/outside/dnsmasq.ts';
import { startInternet } from '../lab/outside/internet.ts';
import { DNSMASQ, ROOTLESS_DNSMASQ } from '../support/rootless-dnsmasq.ts';

const test = suite<{ ahead: LabHandle; byNode: LabHandle }>('boots planned ahead');

const ZNETADM = '/opt/zonenet/bin/znetadm';
const LOG = '/var/svc/log/network-zonenet:default.log';
const KSH93 = '/usr/bin/ksh93';
const ZONES = ['proxy', 'web1', 'db1', 'fw1', 'own1', 'leased', 'bare1'];

/** A lab of an ordinary user has no account that haproxy could change to. */
const USER = process.getuid?.() === 0 ? '' : '-V web_user=root';

/** Of the proxy, as the host sees them while it does not run. */
const CERTIFICATES = '/zones/proxy/root/etc/zonenet/certificates';

/** What zonecfg is told so that a zone sees another file or directory in a place. */
const lofs = (dir: string, special: string) => [
  'add fs',
  `set dir=${dir}`,
  `set special=${special}`,
  'set type=lofs',
  'end',
];

/** One of each kind, not yet booted. */
async function build(lab: LabHandle, how: string) {
  const znetadm = async (words: string) => await lab.mustRun(`${ZNETADM} ${words}`);
  await lab.mustRun('mkdir -p /export/nothing /etc/zonenet/templates/zones/own1');
  // Zones without Node get an empty directory in the place of its own, and an empty file in that of the machine's.
  await lab.writeFile('global', '/export/empty', '');
  const hidden = [
    ['/opt/ooce/bin', '/export/nothing'] as const,
    ...(existsSync('/usr/bin/node') ? [['/usr/bin/node', '/export/empty'] as const] : []),
  ];
  await lab.writeFile(
    'global',
    '/export/without-node',
    hidden.map(([dir, special]) => `${lofs(dir, special).join('\n')}\n`).join(''),
  );
  await lab.writeFile(
    'global',
    '/etc/zonenet/zonenet.ini',
    'format = 1\nnameserver[] = 203.0.113.1\ndomain = site.example\n',
  );
  await lab.writeFile(
    'global',
    '/etc/zonenet/templates/zones/own1/motd.hbs',
    'It\'s {{facts.zone}} with "quotes", $HOME and `pwd`\\\n',
  );
  await lab.writeFile(
    'global',
    '/etc/zonenet/templates/zones/own1/files.ini',
    '[motd]\ntemplate = motd.hbs\npath = /etc/motd\nmode = 0640\nwhen = always\ncheck = /usr/bin/grep quotes {file}\n' +
      'reload = restart svc:/system/name-service-cache:default\npolicy = managed\n[seed]\ntemplate = motd.hbs\npath = /etc/seed/one\nwhen = always\npolicy = seeded\n',
  );
  await znetadm('create-network -a 10.2.0.0/24 -6 fd00:1::/64 --names dns back');
  await znetadm('create-network -a 10.3.0.0/29 front');
  await znetadm(
    `create-zone ${how} -R back -x e1000g0=203.0.113.5/24,2001:db8::5/64 -r 203.0.113.1 -r 2001:db8::1 ${USER} proxy`,
  );
  await znetadm(`create-zone ${how} -R front -x e1000g0=dhcp leased`);
  await znetadm(`create-zone ${how} -N back web1`);
  await znetadm(`create-zone ${how} -N back=10.2.0.9 -N front --route 10.99.0.0/16=10.2.0.3 db1`);
  await znetadm(`create-zone ${how} -N back fw1`);
  await znetadm('add-rule fw1 allow in tcp from any to self port 22 note ssh');
  await znetadm('add-forward tcp/8080 web1:80');
  await lab.mustRun(
    `mkdir -p ${CERTIFICATES}; cd ${CERTIFICATES}; umask 077; openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=www.example.org -keyout k -out c 2>/dev/null && cat k c >www.pem && rm k c`,
  );
  if (lab.mode === 'rootless') {
    await lab.mustRun(`mkdir -p ${dirname(`/zones/proxy/root${DNSMASQ}`)}`);
    await lab.writeFile('global', `/zones/proxy/root${DNSMASQ}`, ROOTLESS_DNSMASQ, 0o755);
  }
  await znetadm('publish --cert www web1:8080 www.example.org');
  await znetadm(`create-zone ${how} -N front own1`);
  await znetadm(`create-zone ${how} -N back bare1`);
}

/** Waits until services have come up, and none is on its way any more. */
async function settled(lab: LabHandle, zone: string): Promise<void> {
  const end = performance.now() + 120_000;
  while (performance.now() < end) {
    const { stdout } = await lab.run(['/usr/bin/svcs', '-z', zone, '-H', '-o', 'state,fmri']);
    if (/online +svc:\/milestone\/multi-user-server:default/.test(stdout) && !stdout.includes('*')) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`${zone} does not settle`);
}

/** What there is of a zone: files, addresses, routes, rules, services. Times and durations are no part of it. */
async function stateOf(lab: LabHandle, zone: string): Promise<string> {
  const commands = [
    'ipadm show-addr -p -o addrobj,type,state,addr | sed s/:from-gz:/:static:/ | sed "s,/ll:[a-z]*:,/ll:addrconf:,; s/fe80[^%]*%/fe80%/; s/fe80.*/fe80/"',
    'ipadm show-ifprop -c -o ifname,proto,property,current -p forwarding',
    'netstat -rnv | sed "s/fe80[^ ]*/fe80/g; s/ [0-9]* *[0-9]* *$//; s/ [0-9]* \\([A-Z]*\\) / \\1 /" | sed "s/  */ /g"',
    'routeadm -p ipv4-routing; svcs -H -o state,fmri | sort',
    'svcprop -c -p firewall_config_default ipfilter | sort; ipfstat -io 2>&1; ipfstat -6 -io 2>&1; ipnat -l 2>&1 | sed "/active sessions/,$ d"',
    'svcprop -c -p status zonenet | grep -v "applied\\|milliseconds" | sort; grep -v "^applied\\|^milliseconds" /var/zonenet/status.ini',
    'for file in /etc/nodename /etc/inet/hosts /etc/resolv.conf /etc/nsswitch.conf /etc/ipf/*.conf /etc/zonenet-names/* /etc/zonenet-web/* /etc/motd /etc/seed/* /var/zonenet/last-good.json /var/zonenet/routes /var/zonenet/filter; do ls -l $file 2>&1 | cut -c1-10; echo $file; sed "/^ \\"key\\": /d" $file 2>&1; done',
    'ls -a /var/zonenet /etc/seed /etc/ipf 2>&1 | grep -v "^boot$\\|^code-\\|candidates\\|compiled"',
  ];
  return await lab.mustRun(`${commands.join('; ')}; true`, { zone });
}

const boot = async (lab: LabHandle, zone: string, how: 'boot' | 'reboot') => {
  await lab.mustRun(['/usr/sbin/zoneadm', '-z', zone, how]);
  await settled(lab, zone);
};

test.before(async (context) => {
  [context.ahead, context.byNode] = await Promise.all([startLab(), startLab()]);
  const labs = [context.ahead, context.byNode];
  await Promise.all(labs.map((lab) => startInternet(lab)));
  // An empty file: plans made ahead are for no software that a zone could have.
  await context.byNode.mustRun('mount --bind /dev/null /opt/zonenet/lib/edition');
  await Promise.all([build(context.ahead, '--no-boot -f /export/without-node'), build(context.byNode, '--no-boot')]);
  await Promise.all(
    labs.map(async (lab) => {
      const address = (await lab.mustRun('dladm show-vnic -p -o link,macaddress | grep ^pnic1')).trim();
      const mac = address.slice(address.indexOf(':') + 1).replaceAll('\\', '');
      await startDnsmasq(lab, { leases: [{ mac: macOf(mac), address: '203.0.113.40', name: 'leased' }] });
      for (const zone of ZONES) await boot(lab, zone, 'boot');
    }),
  );
});

/** As Linux writes it: illumos leaves zeros out. */
const macOf = (text: string) =>
  text
    .split(':')
    .map((part) => part.padStart(2, '0'))
    .join(':');

test.after(async ({ ahead, byNode }) => {
  await Promise.all([ahead, byNode].map((lab) => lab?.stop()));
});

/** What the methods of a zone said when it booted last. */
async function lastBoot(lab: LabHandle, zone: string): Promise<string> {
  const log = await lab.readFile(zone, LOG);
  return log.slice(log.lastIndexOf('Executing start method'));
}

async function assertSame({ ahead, byNode }: { ahead: LabHandle; byNode: LabHandle }, zone: string): Promise<void> {
  const [log, nodes] = await Promise.all([lastBoot(ahead, zone), lastBoot(byNode, zone)]);
  assert.match(log, /: booted by the plan made ahead, verified\n(.*\n)*.*with status 0\. \]\n$/, log);
  assert.match(nodes, /, booting\n/);
  assert.not.match(nodes, /made ahead/);
  assert.is(await stateOf(ahead, zone), await stateOf(byNode, zone));
}

for (const zone of ZONES) {
  test(`${zone}, first boot: without Node it is as Node makes it`, async (labs) => {
    await assertSame(labs, zone);
  });

  test(`${zone}, under ksh93, with all files gone or spoiled: it is as Node makes it`, async (labs) => {
    if (!existsSync(KSH93)) {
      process.stdout.write(`SKIPPED: /sbin/sh as ksh93, ${KSH93} is missing\n`);
      return;
    }
    // What the lab calls /sbin/sh is the machine's dash.
    await labs.ahead.mustRun(['/usr/sbin/zonecfg', '-z', zone, lofs('/usr/bin/dash', KSH93).join('; ')]);
    const spoil =
      'rm -rf /var/zonenet /etc/nodename /etc/resolv.conf; echo x >/etc/inet/hosts; chmod 600 /etc/inet/hosts; [ ! -d /etc/ipf ] || rm -f /etc/ipf/*.conf; ' +
      'printf "hosts:\\tfiles # ours\\n\\npasswd: files\\n" >/etc/nsswitch.conf';
    for (const lab of [labs.ahead, labs.byNode]) await lab.mustRun(spoil, { zone });
    await Promise.all([labs.ahead, labs.byNode].map((lab) => boot(lab, zone, 'reboot')));
    assert.match(await labs.ahead.mustRun(['/sbin/sh', '-c', 'echo $KSH_VERSION'], { zone }), /93u/);
    assert.match(await labs.ahead.readFile(zone, '/var/zonenet/status.ini'), /^milliseconds = [1-9]\d*$/m);
    await assertSame(labs, zone);
  });
}

for (const zone of ['proxy', 'web1']) {
  test(`${zone}, reboot with nothing changed: it is as Node makes it`, async (labs) => {
    await Promise.all([labs.ahead, labs.byNode].map((lab) => boot(lab, zone, 'reboot')));
    await assertSame(labs, zone);
  });
}

test('without Node: a link that is missing leaves the rest of the zone working, and it says so', async ({ ahead }) => {
  await ahead.mustRun(['/usr/sbin/zoneadm', '-z', 'db1', 'halt']);
  await ahead.mustRun(['/usr/sbin/zonecfg', '-z', 'db1', 'remove net physical=znic4']);
  await boot(ahead, 'db1', 'boot');
  const log = await lastBoot(ahead, 'db1');
  assert.match(log, /zonenet: znic4 is missing: the zone has no such link\n/);
  assert.match(log, /with status 97\. \]\n$/);
  const status = await ahead.mustRun('grep "verified\\|message" /var/zonenet/status.ini; ipadm show-addr -p -o addr', {
    zone: 'db1',
  });
  assert.match(status, /^verified = false\nmessage = znic4 is missing: the zone has no such link\n/);
  assert.match(status, /10\.2\.0\.9\/24/);
});

test('without Node: a certificate that is of no use takes its sites along, and not the network', async ({ ahead }) => {
  const certificates = '/etc/zonenet/certificates';
  await ahead.mustRun(`cd ${certificates}; mv www.pem other; sed s/M/N/ other >www.pem`, { zone: 'proxy' });
  const said = 'the sites of /etc/zonenet-web/haproxy.cfg are not served: its program refuses it';
  for (const spoil of ['true', 'echo >>/etc/zonenet-web/haproxy.cfg']) {
    await ahead.mustRun(spoil, { zone: 'proxy' });
    await ahead.mustRun(['/usr/sbin/zoneadm', '-z', 'proxy', 'reboot']);
    await ahead.reached('proxy', 'svc:/network/zonenet-forwarding:default', 'online', 60_000);
    const log = await lastBoot(ahead, 'proxy');
    assert.match(log, `zonenet: ${said}\n`);
    assert.match(log, /with another status than 0: [\s\S]*www\.pem/);
    assert.match(log, /with status 97\. \]\n$/);
    assert.match(await ahead.readFile('proxy', '/var/zonenet/status.ini'), `verified = false\nmessage = ${said}\n`);
    assert.match(await ahead.mustRun('ipadm show-addr -p -o addr', { zone: 'proxy' }), /203\.0\.113\.5\/24/);
  }
  await ahead.mustRun(`cd ${certificates}; mv other www.pem`, { zone: 'proxy' });
  await boot(ahead, 'proxy', 'reboot');
  assert.match(await ahead.readFile('proxy', '/var/zonenet/status.ini'), /^verified = true$/m);
});

test('without Node: a file that cannot be written fails the boot, and when that is mended it is tried again', async ({
  ahead,
}) => {
  const fmri = 'svc:/network/zonenet:default';
  await ahead.mustRun('rm -f /etc/nodename; mkdir /etc/.nodename.zonenet', { zone: 'web1' });
  await ahead.mustRun(['/usr/sbin/zoneadm', '-z', 'web1', 'reboot']);
  await ahead.reached('web1', fmri, 'maintenance', 60_000);
  assert.match(await ahead.readFile('web1', LOG), /zonenet: Cannot write \/etc\/\.nodename\.zonenet\n/);
  await ahead.mustRun('rmdir /etc/.nodename.zonenet', { zone: 'web1' });
  await ahead.mustRun(['/usr/sbin/svcadm', '-z', 'web1', 'clear', fmri]);
  await ahead.reached('web1', fmri, 'online', 60_000);
  assert.is(await ahead.readFile('web1', '/etc/nodename'), 'web1\n');
  await settled(ahead, 'web1');
});

test('without Node: a refresh with nothing new says so, one with news says when they come, and the next boot has them', async ({
  ahead,
}) => {
  const logged = async (act: () => Promise<unknown>) => {
    const before = (await ahead.readFile('bare1', LOG)).length;
    await act();
    for (let tries = 0; tries < 100; tries++) {
      const said = (await ahead.readFile('bare1', LOG)).slice(before);
      if (said.includes('exited with status')) return said;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error('no refresh');
  };
  const refresh = () => ahead.mustRun(['/usr/sbin/svcadm', '-z', 'bare1', 'refresh', 'svc:/network/zonenet:default']);
  assert.match(await logged(refresh), /nothing to change\n.*with status 0/);
  const news = await logged(async () => {
    const told = await ahead.run(`${ZNETADM} add-rule bare1 block in tcp from any to self port 25`);
    assert.is(told.status, 1);
    assert.match(
      told.stderr,
      /it says: generation 2 waits for the next boot, since this zone has no Node\n {2}to have it now: {2}\/usr\/sbin\/zoneadm -z bare1 reboot\n/,
    );
  });
  assert.match(
    news,
    /metadata generation 2 is there; without Node this zone takes it at its next boot\n {0,}.*zoneadm -z bare1 reboot/,
  );
  await boot(ahead, 'bare1', 'reboot');
  assert.match(await ahead.mustRun('ipfstat -io', { zone: 'bare1' }), /block in quick .*port = smtp/);
  await ahead.run(`${ZNETADM} delete-rule bare1 1`);
  await boot(ahead, 'bare1', 'reboot');
  assert.is(
    await ahead.mustRun('ls /etc/ipf; svcs -H -o state ipfilter; ls /var/zonenet/filter 2>&1 || true', {
      zone: 'bare1',
    }),
    "disabled\nls: cannot access '/var/zonenet/filter': No such file or directory\n",
  );
});

for (const [what, spoil, said] of [
  ['cut short', 'head -c 3000 $program >/tmp/p; cat /tmp/p >$program', /no plan made ahead fits/],
  [
    'for another edition of the software',
    'sed "s/^text_1=.*/text_1=\'another/" $program >/tmp/p; cat /tmp/p >$program',
    /no plan made ahead fits/,
  ],
  ['missing', 'rm $program', /no plan made ahead fits/],
] as const) {
  test(`a plan that is ${what}: Node does it; without one the zone says what to do, and sync mends it`, async ({
    ahead,
    byNode,
  }) => {
    await ahead.mustRun(`program=/var/zonenet/zones/web1/boot; ${spoil}`);
    await ahead.mustRun(['/usr/sbin/zoneadm', '-z', 'web1', 'reboot']);
    const { stdout } = await until(ahead, 'svcs -z web1 -H -o state svc:/network/zonenet:default', 'maintenance');
    assert.is(stdout, 'maintenance\n');
    const log = await lastBoot(ahead, 'web1');
    assert.match(log, said);
    assert.match(log, /on the host: znetadm sync/);
    await ahead.run(`rm -f /var/zonenet/zones/web1/boot; ${ZNETADM} sync`);
    await ahead.mustRun(['/usr/sbin/svcadm', '-z', 'web1', 'clear', 'svc:/network/zonenet:default']);
    await settled(ahead, 'web1');
    assert.match(await ahead.readFile('web1', '/var/zonenet/status.ini'), /^verified = true$/m);
    // IPv6 came with the rest this time, since in.ndpd ran; at the next boot it has a service of its own again.
    await boot(ahead, 'web1', 'reboot');
    await assertSame({ ahead, byNode }, 'web1');
  });
}

async function until(lab: LabHandle, command: string, wanted: string) {
  for (let tries = 0; ; tries++) {
    const result = await lab.run(command);
    if (result.stdout.includes(wanted) || tries === 200) return result;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

test('with Node: templates of a zone’s own are planned for by the zone, and a change of them is noticed', async ({
  byNode,
}) => {
  await byNode.mustRun('umount /opt/zonenet/lib/edition');
  await byNode.mustRun(`${ZNETADM} sync`);
  const mine = async (text: string) => {
    await byNode.mustRun('mkdir -p /etc/zonenet/templates', { zone: 'own1' });
    await byNode.writeFile('own1', '/etc/zonenet/templates/motd.hbs', text);
  };
  await mine('quotes, one of {{facts.zone}}\n');
  await boot(byNode, 'own1', 'reboot');
  assert.match(await lastBoot(byNode, 'own1'), /, booting\n/);
  await boot(byNode, 'own1', 'reboot');
  assert.match(await lastBoot(byNode, 'own1'), /made ahead/);
  await mine('quotes, two of {{facts.zone}}\n');
  await boot(byNode, 'own1', 'reboot');
  assert.match(await lastBoot(byNode, 'own1'), /, booting\n/);
  await boot(byNode, 'own1', 'reboot');
  assert.match(await lastBoot(byNode, 'own1'), /made ahead/);
  assert.is(await byNode.readFile('own1', '/etc/motd'), 'quotes, two of own1\n');
  // One that its program refuses: Node says why, and uses the last good ones.
  await mine('no such word\n');
  await boot(byNode, 'own1', 'reboot');
  assert.match(await lastBoot(byNode, 'own1'), /, booting\n/);
});

test('with Node: a site whose certificate is of no use is left out, and comes back with it', async ({ byNode }) => {
  const certificates = '/etc/zonenet/certificates';
  const served = () => byNode.mustRun('svcs -H -o state svc:/network/zonenet-web:haproxy', { zone: 'proxy' });
  await boot(byNode, 'proxy', 'reboot');
  assert.match(await lastBoot(byNode, 'proxy'), /made ahead/);
  assert.is(await served(), 'online\n');
  await byNode.mustRun(`mv ${certificates}/www.pem ${certificates}/other`, { zone: 'proxy' });
  await byNode.mustRun(['/usr/sbin/zoneadm', '-z', 'proxy', 'reboot']);
  await byNode.reached('proxy', 'svc:/network/zonenet-forwarding:default', 'online', 60_000);
  const log = await lastBoot(byNode, 'proxy');
  assert.match(log, /www\.example\.org\/ is not served: \/etc\/zonenet\/certificates\/www\.pem is missing/);
  assert.match(log, /, booting\n(.*\n)*.*with status 97\. \]\n$/);
  assert.is(await served(), 'disabled\n');
  await byNode.mustRun(`mv ${certificates}/other ${certificates}/www.pem`, { zone: 'proxy' });
  await boot(byNode, 'proxy', 'reboot');
  assert.match(await lastBoot(byNode, 'proxy'), /made ahead/);
  assert.is(await served(), 'online\n');
});

test.run();
