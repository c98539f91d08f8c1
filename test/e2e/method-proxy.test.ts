// The boot method in a proxy, in the lab, with packets on the wire: order, refresh without harm, failing closed.
import { setTimeout } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { startInternet } from '../lab/outside/internet.ts';
import { type StoryLab, startStoryLab } from '../support/lab-zone.ts';

const FORWARDING = 'svc:/network/zonenet-forwarding:default';
const IPFILTER = 'svc:/network/ipfilter:default';
const INSIDE = /^10\.2\.0\./;

type Internet = Awaited<ReturnType<typeof startInternet>>;

const test = suite<{ story: StoryLab; internet: Internet }>('the method in a proxy');

test.before(async (context) => {
  context.story = await startStoryLab('proxy', 'web1');
  context.internet = await startInternet(context.story.lab);
});

/** Every test finds the shipped templates in use. */
test.before.each(async ({ story }) => {
  const had = await story.run('rm -r /etc/zonenet/templates', { zone: 'proxy' });
  if (had.status === 0) await story.logOf('proxy', () => story.refresh('proxy'));
});

test.after(async ({ story }) => {
  await story.stop();
});

const override = (name: string) => `/etc/zonenet/templates/${name}.hbs`;
const NAT = (first: number, last: number) =>
  ['{{> banner}}', '{{#each maps}}']
    .concat(
      [`portmap tcp/udp ${first}:${last}`, `icmpidmap icmp ${first}:${last}`, ''].map((words) =>
        `map {{link}} {{network}} -> {{to}} ${words}`.trim(),
      ),
    )
    .concat('{{/each}}', '')
    .join('\n');

const fetchPage = (story: StoryLab) =>
  story.run('curl -s --max-time 2 http://203.0.113.1/', { zone: 'web1' }).then(({ stdout }) => stdout.trim());

async function forwarding({ run }: StoryLab): Promise<string> {
  const asked = '/usr/sbin/ipadm show-ifprop -c -o ifname,current -p forwarding -m ipv4';
  return (await run(asked, { zone: 'proxy' })).stdout
    .split('\n')
    .filter((line) => /nic0/.test(line))
    .sort()
    .join(' ');
}

const ON = 'pnic0:on znic0:on';
const OFF = 'pnic0:off znic0:off';

test('after boot the rules in the kernel are those of the files, and it forwards', async ({ story }) => {
  for (const fmri of ['svc:/network/zonenet:default', IPFILTER, FORWARDING]) {
    assert.is(await story.state('proxy', fmri), 'online', fmri);
  }
  assert.is(await forwarding(story), ON);
  assert.match(await fetchPage(story), /203\.0\.113\.5/);
  assert.equal((await story.mustRun('/usr/sbin/ipnat -l', { zone: 'proxy' })).split('\n').slice(1, 4), [
    'map pnic0 10.2.0.0/24 -> 203.0.113.5/32 portmap tcp/udp 10000:29999',
    'map pnic0 10.2.0.0/24 -> 203.0.113.5/32 icmpidmap icmp 10000:29999',
    'map pnic0 10.2.0.0/24 -> 203.0.113.5/32',
  ]);
  assert.match(
    await story.readFile('proxy', '/var/svc/log/network-zonenet-forwarding:default.log'),
    /zonenet: rules proved by the plan made ahead; forwarding on\n/,
  );
});

test('set-up ends before ipfilter starts, and forwarding comes last', async ({ story }) => {
  const mark = await story.mark();
  await story.reboot('proxy');
  await story.until(`/usr/bin/svcs -z proxy -H -o state ${FORWARDING}`, 'online');
  const lines = (await story.calls(mark)).filter(({ zone }) => zone === 'proxy').map(({ argv }) => argv.join(' '));
  const at = (text: string) => lines.findIndex((line) => line.includes(text));
  // What stock services do is not recorded; rules are in the kernel only once ipfilter has started.
  const order = [
    'create-addr -t -T static -a 203.0.113.5/24',
    'add default 203.0.113.1',
    `enable -t ${FORWARDING}`,
    'ipfstat -io',
    'forwarding=on',
  ];
  assert.ok(
    order.every((text) => at(text) >= 0),
    lines.join('\n'),
  );
  assert.equal(
    order.toSorted((a, b) => at(a) - at(b)),
    order,
  );
});

test('a refresh with nothing new asks and changes nothing', async ({ story }) => {
  const mark = await story.mark();
  const log = await story.logOf('proxy', () => story.refresh('proxy'));
  assert.match(log, /nothing to change, verified in/);
  const asked = /^(ipadm show-|dladm show-|netstat |svcprop |svcs |ipfstat |ipf (-6 )?-n -v -f |ipnat (-l|-n -v -f ))/;
  const calls = (await story.calls(mark)).filter(({ zone, internal }) => zone === 'proxy' && !internal);
  assert.equal(
    calls.map(({ argv }) => argv.join(' ')).filter((line) => !asked.test(line)),
    [],
  );
});

test('a connection lives on while NAT rules and filter change, and nothing leaves untranslated', async ({
  story,
  internet,
}) => {
  const wire = await internet.capture();
  const ping = story.spawn(['/usr/sbin/zlogin', '-n', 'web1', 'ping -i 0.01 203.0.113.1']);
  await ping.said('bytes from');
  for (const [first, last] of [
    [11000, 19999],
    [12000, 18999],
    [13000, 17999],
  ] as const) {
    await story.writeFile('proxy', override('ipnat.conf'), NAT(first, last));
    const log = await story.logOf('proxy', () => story.refresh('proxy'));
    assert.match(log, /NAT {9}replaced \(3 rules\), sessions kept/);
    assert.is(await forwarding(story), ON);
    assert.match(await fetchPage(story), /203\.0\.113\.5/);
  }
  await story.writeFile(
    'proxy',
    override('ipf.conf'),
    'pass in quick on pnic0 proto tcp from any to any port = 22 flags S keep state\n{{> base}}\n',
  );
  await story.writeFile(
    'proxy',
    '/etc/zonenet/templates/partials/base.hbs',
    await story.readFile('proxy', '/opt/zonenet/templates/ipf.conf.hbs'),
  );
  assert.match(await story.logOf('proxy', () => story.refresh('proxy')), /filter {6}swapped \(\d+ rules\)/);
  const seen = ping.stdout().split('\n').length;
  await setTimeout(300);
  assert.ok(ping.stdout().split('\n').length > seen, 'the ping has stopped');
  await ping.kill('SIGTERM');
  const frames = await wire.stop();
  assert.ok(frames.length > 50);
  assert.equal(
    frames.filter(({ source }) => source !== undefined && INSIDE.test(source)),
    [],
  );
});

test('a broken template changes nothing and the proxy goes on', async ({ story }) => {
  const before = await story.mustRun('/usr/sbin/ipfstat -io; /usr/sbin/ipnat -l | grep map', { zone: 'proxy' });
  await story.writeFile('proxy', override('ipf.conf'), '{{> banner}}\npas in all\n');
  const log = await story.logOf('proxy', () => story.refresh('proxy'));
  assert.match(log, /Cannot use the new \/etc\/ipf\/ipf\.conf, from template ipf\.conf\.hbs/);
  assert.match(log, /syntax error error at "\w+", line 4\nzonenet: {3}4 \| pas in all\n/, log);
  assert.is(await story.mustRun('/usr/sbin/ipfstat -io; /usr/sbin/ipnat -l | grep map', { zone: 'proxy' }), before);
  assert.match(await fetchPage(story), /203\.0\.113\.5/);
});

test('NAT rules that only the kernel refuses: the old ones are loaded again, and it forwards', async ({ story }) => {
  const twice = 'map {{link}} {{network}} -> {{to}}';
  await story.writeFile('proxy', override('ipnat.conf'), `{{#each maps}}\n${twice}\n${twice}\n{{/each}}\n`);
  const log = await story.logOf('proxy', () => story.refresh('proxy'));
  assert.match(log, /ioctl\(add\/insert nat rule\): File exists/, log);
  assert.match(log, /rules {7}those of the installed files are loaded again/, log);
  assert.match(await story.mustRun('/usr/sbin/ipnat -l', { zone: 'proxy' }), /portmap tcp\/udp 10000:29999/);
  assert.is(await forwarding(story), ON);
  assert.match(await fetchPage(story), /203\.0\.113\.5/);
});

test('without ipfilter nothing is forwarded; with it again, all is', async ({ story, internet }) => {
  const wire = await internet.capture();
  const ping = story.spawn(['/usr/sbin/zlogin', '-n', 'web1', 'ping -i 0.01 203.0.113.1']);
  await ping.said('bytes from');
  await story.mustRun(`/usr/sbin/svcadm -z proxy disable -s ${IPFILTER}`);
  await story.until(`/usr/bin/svcs -z proxy -H -o state ${FORWARDING}`, 'offline');
  assert.is(await forwarding(story), OFF);
  await story.mustRun(`/usr/sbin/svcadm -z proxy enable -s ${IPFILTER}`);
  await story.until(`/usr/bin/svcs -z proxy -H -o state ${FORWARDING}`, 'online');
  assert.match(await fetchPage(story), /203\.0\.113\.5/);
  await ping.kill('SIGTERM');
  await wire.stop();
});

test('rules that are not those of the files keep forwarding off, until a refresh', async ({ story }) => {
  await story.mustRun(`/usr/sbin/svcadm disable -s ${FORWARDING}`, { zone: 'proxy' });
  await story.mustRun('/usr/sbin/ipnat -C', { zone: 'proxy' });
  await story.mustRun(`/usr/sbin/svcadm enable -t ${FORWARDING}`, { zone: 'proxy' });
  await story.until(`/usr/bin/svcs -z proxy -H -o state ${FORWARDING}`, 'maintenance');
  assert.is(await forwarding(story), OFF);
  await story.logOf('proxy', () => story.refresh('proxy'));
  await story.until(`/usr/bin/svcs -z proxy -H -o state ${FORWARDING}`, 'online');
  assert.is(await forwarding(story), ON);
  assert.match(await fetchPage(story), /203\.0\.113\.5/);
});

test('a proxy whose set-up fails at boot filters with its last files and does not forward', async ({ story }) => {
  const good = await story.readFile('global', '/var/zonenet/zones/proxy/metadata.ini');
  await story.mustRun('rm /var/zonenet/last-good.json', { zone: 'proxy' });
  await story.editMetadata('proxy', () => 'format = 1\n');
  await story.mustRun(['/usr/sbin/zoneadm', '-z', 'proxy', 'reboot']);
  await story.until('/usr/bin/svcs -z proxy -H -o state svc:/network/zonenet:default', 'maintenance');
  await story.until(`/usr/bin/svcs -z proxy -H -o state ${IPFILTER}`, 'online');
  assert.match(await story.mustRun('/usr/sbin/ipfstat -io', { zone: 'proxy' }), /block in all/);
  assert.is(await story.state('proxy', FORWARDING), 'disabled');
  await story.editMetadata('proxy', () => good);
  await story.mustRun('/usr/sbin/svcadm -z proxy clear svc:/network/zonenet:default');
  await story.until(`/usr/bin/svcs -z proxy -H -o state ${FORWARDING}`, 'online');
  assert.match(await fetchPage(story), /203\.0\.113\.5/);
});

test('killed at each kind of change of a refresh, the next one ends right and nothing leaked', async ({
  story,
  internet,
}) => {
  const wire = await internet.capture();
  const ping = story.spawn(['/usr/sbin/zlogin', '-n', 'web1', 'ping -i 0.01 203.0.113.1']);
  await ping.said('bytes from');
  let port = 20000;
  for (const action of ['kill-before', 'kill-after'] as const) {
    for (const match of ['forwarding=off', '-C -f', 'forwarding=on'] as const) {
      port += 500;
      await story.writeFile('proxy', override('ipnat.conf'), NAT(port, port + 400));
      await story.fault({ zone: 'proxy', match, action });
      await story.logOf('proxy', () => story.refresh('proxy'));
      await story.clearFaults();
      await story.until('/usr/bin/svcs -z proxy -H -o state svc:/network/zonenet:default', 'online');
      await story.until(`/usr/sbin/zlogin -n proxy /usr/sbin/ipnat -l`, `${port}:${port + 400}`);
      await story.until(`/usr/bin/svcs -z proxy -H -o state ${FORWARDING}`, 'online');
      assert.match(await fetchPage(story), /203\.0\.113\.5/, `${action} ${match}`);
    }
  }
  await ping.kill('SIGTERM');
  const frames = await wire.stop();
  assert.equal(
    frames.filter(({ source }) => source !== undefined && INSIDE.test(source)),
    [],
  );
});

test.run();
