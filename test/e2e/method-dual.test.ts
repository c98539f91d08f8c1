// Both families in the lab: a proxy with NAT66, a zone behind it, and what is on the outside wire. DHCP, routes, NICs.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Internet, startInternet } from '../lab/outside/internet.ts';
import { type StoryLab, startStoryLabWith } from '../support/lab-zone.ts';

const FORWARDING = 'svc:/network/zonenet-forwarding:default';
const IPV6 = 'svc:/network/zonenet-ipv6:default';
const INSIDE = /^(10\.2\.0\.|fd00:1:)/;

const test = suite<{ story: StoryLab; internet: Internet }>('the method and both families');

/** An IPv6 address outside, and the router there. */
const OUTSIDE6 = (text: string) =>
  text
    .replace('address[] = 203.0.113.5/24', 'address[] = 203.0.113.5/24\naddress[] = 2001:db8::5/64')
    .replace('router[] = 203.0.113.1', 'router[] = 203.0.113.1\nrouter[] = 2001:db8::1');

test.before(async (context) => {
  context.story = await startStoryLabWith('-6 fd00:1::/64', 'proxy', 'web1');
  context.internet = await startInternet(context.story.lab);
});

test.after(async ({ story }) => {
  await story.stop();
});

const fetch6 = ({ run }: StoryLab, { address6 }: Internet) =>
  run(`curl -g -s --max-time 2 'http://[${address6}]/'`, { zone: 'web1' }).then(({ stdout }) => stdout.trim());

const shown = async ({ run }: StoryLab, zone: string, command: string) => (await run(command, { zone })).stdout;
const addresses = (story: StoryLab, zone: string) =>
  shown(story, zone, '/usr/sbin/ipadm show-addr -p -o addrobj,type,state,addr');
const status = async (story: StoryLab, zone: string) =>
  await shown(story, zone, '/usr/bin/svcprop -c -p status svc:/network/zonenet:default');

test('a zone with IPv6 is verified when both halves of its boot are', async ({ story }) => {
  for (const zone of ['proxy', 'web1']) {
    assert.is(await story.state(zone, IPV6), 'online');
    assert.match(await status(story, zone), /status\/verified boolean true/);
  }
  assert.match(await addresses(story, 'web1'), /^znic1\/v6:[a-z-]+:ok:fd00\\:1\\:\\:2\/64$/m);
});

test('a refresh brings IPv6 outside, and a zone behind reaches it through NAT66', async ({ story, internet }) => {
  await story.editMetadata('proxy', OUTSIDE6);
  const log = await story.logOf('proxy', () => story.refresh('proxy'));
  assert.match(log, /verified in/, log);
  const wire = await internet.capture();
  assert.is(await fetch6(story, internet), 'peer 2001:db8::5');
  assert.is((await story.run(`ping -6 -n -c 1 -W 2 ${internet.address6}`, { zone: 'web1' })).status, 0);
  const frames = await wire.stop();
  assert.ok(frames.some(({ kind }) => kind === 'ipv6'));
  assert.equal(
    frames.filter(({ source }) => source !== undefined && INSIDE.test(source)),
    [],
  );
});

test('a refresh with nothing new changes nothing', async ({ story }) => {
  for (const zone of ['proxy', 'web1']) {
    const log = await story.logOf(zone, () => story.refresh(zone));
    assert.match(log, /nothing to change, verified in/, log);
  }
});

test('at boot IPv6 comes by its own service, and forwarding after it; nothing leaks meanwhile', async ({
  story,
  internet,
}) => {
  const wire = await internet.capture();
  const ping = story.spawn([
    '/usr/sbin/zlogin',
    '-n',
    'web1',
    `ping -6 -n -i 0.02 ${internet.address6} & ping -n -i 0.02 ${internet.address}`,
  ]);
  await ping.said('bytes from');
  const mark = await story.mark();
  await story.reboot('proxy');
  await story.reached('proxy', FORWARDING, 'online');
  assert.is(await story.state('proxy', IPV6), 'online');
  const lines = (await story.calls(mark, { internal: true }))
    .filter(({ zone }) => zone === 'proxy')
    .map(({ argv }) => argv.join(' '));
  const order = [
    '-T static -a 203.0.113.5/24',
    'ipf -s',
    '-T addrconf -p stateful=no,stateless=no pnic0/ll',
    '-T static -a 2001:db8::5/64',
    'add -inet6 default 2001:db8::1',
    'forwarding=on ipv4',
    'forwarding=on ipv6',
  ];
  const at = (text: string) => lines.findIndex((line) => line.includes(text));
  assert.equal(
    order.filter((text) => at(text) < 0),
    [],
    lines.join('\n'),
  );
  assert.equal(
    order.toSorted((a, b) => at(a) - at(b)),
    order,
  );
  assert.is(await fetch6(story, internet), 'peer 2001:db8::5');
  await ping.kill('SIGTERM');
  const frames = await wire.stop();
  assert.ok(frames.length > 20);
  assert.equal(
    frames.filter(({ source }) => source !== undefined && INSIDE.test(source)),
    [],
  );
});

test('a stranger does not reach the inside, in either family', async ({ internet }) => {
  await internet.routeTo('10.2.0.0/24', '203.0.113.5');
  await internet.run(['ip', '-6', 'route', 'replace', 'fd00:1::/64', 'via', '2001:db8::5']);
  for (const target of ['10.2.0.2', '[fd00:1::2]', '[2001:db8::5]']) {
    const { status: code } = await internet.run(['curl', '-g', '-s', '--max-time', '1', `http://${target}/`]);
    assert.is.not(code, 0, target);
  }
  assert.is.not((await internet.run(['ping', '-6', '-n', '-c', '1', '-W', '1', 'fd00:1::2'])).status, 0);
});

test('without in.ndpd IPv4 is complete, and the status says what is missing', async ({ story }) => {
  await story.mustRun('/usr/sbin/svcadm disable -s svc:/network/routing/ndp:default', { zone: 'web1' });
  await story.logOf('web1', () => story.refresh('web1'));
  assert.match(await status(story, 'web1'), /status\/message astring IPv6\\ is\\ not\\ configured/);
  await story.mustRun('/usr/sbin/svcadm enable -s svc:/network/routing/ndp:default', { zone: 'web1' });
  await story.logOf('web1', () => story.refresh('web1'));
  assert.match(await status(story, 'web1'), /status\/message astring ""/);
});

test('IPv6 that goes away takes addresses, routes, rules and forwarding along', async ({ story }) => {
  for (const zone of ['proxy', 'web1']) {
    await story.editMetadata(zone, (text) => text.replace(/^.*(fd00:1:|2001:db8:).*\n/gm, ''));
    const log = await story.logOf(zone, () => story.refresh(zone));
    assert.match(log, /verified in/, log);
    assert.not.match((await addresses(story, zone)).replace(/^lo0.*$/gm, ''), /\\:/);
  }
  const forwarding = '/usr/sbin/ipadm show-ifprop -c -o ifname,current -p forwarding -m ipv6';
  assert.not.match(await shown(story, 'proxy', forwarding), /nic0:on/);
});

test.run();
