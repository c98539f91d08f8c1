// The host itself as a proxy, with one public address: zones reach the world through it, its own traffic goes on as
// before, and nothing is left when it is a proxy no more.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Internet, startInternet } from '../lab/outside/internet.ts';
import { type Peer, startPeer } from '../lab/outside/peer.ts';
import { type StoryLab, startStoryLab } from '../support/lab-zone.ts';

interface Context {
  story: StoryLab;
  internet: Internet;
  /** A program on the host. */
  host: Peer;
  web: Peer;
  /** The host before it was a proxy. */
  before: readonly string[];
}

const test = suite<Context>('the global zone as a proxy');

const HOST = '203.0.113.9';
const FILTER_TEXT = '# ipf.conf of the package: no rules\n';

const LOOK = [
  'cat /etc/inet/hosts /etc/ipf/ipf.conf',
  'ls -A /etc/ipf /etc/zonenet/zones /var/zonenet 2>/dev/null',
  'svcs -a -H -o state,fmri | sort',
  'dladm show-link -p -o link,class,mtu,over',
  'ipadm show-addr -p -o addrobj,type,state,addr',
  'ipadm show-ifprop -c -o ifname,proto,property,current -p forwarding',
  'netstat -rn -f inet',
  'svcprop -c -p firewall_config_default svc:/network/ipfilter:default | grep -v version',
];

/** What there is of the host, without what stays for the networks that are left. */
async function look({ lab }: StoryLab): Promise<string[]> {
  const answers: string[] = [];
  for (const line of LOOK) answers.push((await lab.run(['/bin/sh', '-c', line])).stdout);
  return answers;
}

/** Waits until that is all that check tells of. */
async function tells({ lab }: StoryLab, wanted: string): Promise<void> {
  const end = Date.now() + 60_000;
  for (;;) {
    const { stdout } = await lab.run('/opt/zonenet/bin/znetadm check -p -o of,item');
    if (stdout === wanted) return;
    assert.ok(Date.now() < end, stdout);
  }
}

test.before(async (context) => {
  const story = await startStoryLab();
  context.story = story;
  context.internet = await startInternet(story.lab);
  const { lab } = story;
  for (const line of [
    'ipadm create-if e1000g0',
    `ipadm create-addr -T static -a ${HOST}/24 e1000g0/v4`,
    'route add default 203.0.113.1',
  ]) {
    await lab.mustRun(line);
  }
  await lab.writeFile('global', '/etc/ipf/ipf.conf', FILTER_TEXT);
  context.host = await startPeer(lab, { zone: 'global' });
  context.before = await look(story);
});

test.after(async ({ story }) => {
  await story.stop();
});

test('a connection of the host goes on while it becomes a proxy; its plan is told first', async (context) => {
  const { story, internet, host } = context;
  const listener = await internet.listen({ port: 2222 });
  const client = await host.tcp('203.0.113.1', 2222, { ms: 2000 });
  const served = await listener.accept(2000);
  const plan = await story.znetadm('attach-zone -n -R back global');
  assert.match(plan, '/usr/sbin/dladm create-vnic -l zstub0 znic0');
  assert.match(plan, '/usr/sbin/svccfg import /opt/zonenet/smf-manifests/zonenet.xml');
  assert.equal(await look(story), context.before);
  const said = await story.znetadm('attach-zone -R back global');
  assert.match(said, `zone global: e1000g0 as the host has it, ${HOST}/24, znic0 over zstub0 10.2.0.1/24`);
  client.send('still\n');
  await served.expect('still\n');
  assert.match(await story.znetadm('check'), 'everything is as recorded');
});

test('zones behind it reach the world as the host, and nobody outside reaches them', async (context) => {
  const { story, internet } = context;
  await story.znetadm('create-zone -N back web1');
  context.web = await startPeer(story.lab, { zone: 'web1' });
  assert.is((await context.web.get(`http://203.0.113.1/`)).body, `peer ${HOST}\n`);
  await internet.routeTo('10.2.0.0/24', HOST);
  const http = await context.web.listen({ address: '::', port: 8080 });
  const knock = async (address: string, port: number) =>
    (await internet.run(['curl', '-s', '--max-time', '1', `http://${address}:${port}/`])).status;
  assert.is(await knock('10.2.0.2', 8080), 28);
  const ssh = await story.lab.run(['/opt/zonenet/bin/znetadm', 'add-forward', 'tcp/20-30', 'web1']);
  assert.is(ssh.status, 5);
  assert.match(ssh.stderr, "is the host's own: its administrators come by it");
  await story.znetadm('add-forward tcp/80 web1:8080');
  const coming = http.accept(2000);
  const client = await internet.tcp(HOST, 80, { ms: 2000 });
  assert.is((await coming).remote.address, '203.0.113.1');
  client.close();
  http.close();
});

test('the host serves and asks as before, and is no router for its neighbours', async (context) => {
  const { story, internet, host } = context;
  const ssh = await host.listen({ port: 22 });
  const coming = ssh.accept(2000);
  await internet.tcp(HOST, 22, { ms: 2000 });
  await coming;
  assert.is((await host.get('http://203.0.113.1/')).body, `peer ${HOST}\n`);
  // What is neither the host's nor of the inside, sent to it to be passed on, comes back on no wire.
  const forwarding = await story.lab.mustRun('ipadm show-ifprop -c -o ifname,proto,current -p forwarding');
  assert.match(forwarding, 'e1000g0:ipv4:on');
  assert.match(forwarding, 'znic0:ipv4:on');
  await internet.routeTo('198.51.100.0/24', HOST);
  const wire = await story.lab.capture({ zone: 'global' }, 'e1000g0');
  await internet.run(['ping', '-c', '3', '-i', '0.2', '-W', '1', '198.51.100.7']);
  const frames = await wire.stop();
  // An IPv4 header from byte 14 on, its source in bytes 12 to 15 of it: 203.0.113.1, who had sent them.
  const from = (hex: string) => hex.slice(52, 60);
  assert.ok(frames.filter(({ direction, hex }) => direction === 'in' && from(hex) === 'cb007101').length >= 3);
  assert.equal(
    frames.filter(({ direction, hex }) => direction === 'out' && from(hex) === 'cb007101'),
    [],
  );
  const rules = await story.lab.mustRun('ipfstat -o');
  assert.match(rules, `pass out quick on e1000g0 from ${HOST}/32 to any`);
  assert.match(rules, 'block out quick on e1000g0 all');
});

test('its hosts, name servers and default route stay its own', async ({ story, before }) => {
  const after = await look(story);
  assert.is(after[0]?.split('\n')[0], before[0]?.split('\n')[0]);
  assert.match(await story.lab.mustRun('netstat -rn -f inet'), 'default');
  assert.is(await story.lab.mustRun('cat /etc/inet/hosts'), '::1 localhost\n127.0.0.1 localhost loghost\n');
});

test('render shows what it has, with its own values', async ({ story }) => {
  assert.match(await story.znetadm('render global ipf.conf'), '/etc/ipf/ipf.conf: the same');
  await story.lab.writeFile('global', '/etc/zonenet/local.ini', '[vars]\ncolour = blue\n');
  assert.match(await story.znetadm('render -d global ipf.conf'), '"colour": "blue"');
  await story.lab.mustRun('rm /etc/zonenet/local.ini');
});

test('its rules can be added to, and it is a proxy again after a refresh and a restart of its filter', async (context) => {
  const { story, host, internet } = context;
  await story.znetadm('add-rule global block in tcp from any to self port 23');
  const telnet = await host.listen({ port: 23 });
  const status = (await internet.run(['curl', '-s', '--max-time', '1', `http://${HOST}:23/`])).status;
  assert.is(status, 28);
  telnet.close();
  await story.lab.mustRun('svcadm restart svc:/network/ipfilter:default');
  await story.lab.settled('global');
  assert.is((await context.web.get('http://203.0.113.1/')).body, `peer ${HOST}\n`);
  assert.match(await story.znetadm('check'), 'everything is as recorded');
});

test('another address of the host is noticed, and taken over by repair', async ({ story }) => {
  await story.lab.mustRun('ipadm create-addr -T static -a 203.0.113.77/24 e1000g0/second');
  const { status, stdout } = await story.lab.run(['/opt/zonenet/bin/znetadm', 'check']);
  assert.is(status, 6);
  assert.match(stdout, 'addresses of e1000g0');
  await story.znetadm('repair');
  assert.match(await story.lab.mustRun('ipfstat -o'), 'pass out quick on e1000g0 from 203.0.113.77/32 to any');
  await story.lab.mustRun('ipadm delete-addr e1000g0/second');
  await story.znetadm('repair');
  assert.match(await story.znetadm('check'), 'everything is as recorded');
});

test('another address of the host is followed by the watch at its next look, and its own traffic goes on', async (context) => {
  const { story, host } = context;
  const watch = story.lab.spawn(['/bin/sh', '-c', 'exec /opt/zonenet/bin/znetadm watch 2>&1']);
  await watch.said('watching zones boot');
  // As a DHCP server moves it, when nobody is there to call repair.
  await story.lab.mustRun('ipadm create-addr -T static -a 203.0.113.78/24 e1000g0/third');
  await story.lab.mustRun('ipadm delete-addr e1000g0/v4');
  await watch.said('addresses of e1000g0 of the host are 203.0.113.78/24 now');
  // What was led away from the old address has lost its way, which is all that check tells when the new one is applied.
  await tells(story, 'zone "web1":forward tcp 203.0.113.9 port 80\n');
  assert.is((await host.get('http://203.0.113.1/')).body, 'peer 203.0.113.78\n');
  assert.is((await context.web.get('http://203.0.113.1/')).body, 'peer 203.0.113.78\n');
  await story.lab.mustRun(`ipadm create-addr -T static -a ${HOST}/24 e1000g0/v4`);
  await story.lab.mustRun('ipadm delete-addr e1000g0/third');
  await watch.said(`addresses of e1000g0 of the host are ${HOST}/24 now`);
  await watch.kill('SIGTERM');
  assert.is((await watch.ended).status, 0);
  await tells(story, '');
});

test('with zones behind it, it cannot be detached; after that nothing of ours is left', async ({ story, before }) => {
  const refused = await story.lab.run(['/opt/zonenet/bin/znetadm', 'detach-zone', 'global']);
  assert.is(refused.status, 5);
  assert.match(refused.stderr, 'used by web1');
  await story.znetadm('delete-zone web1');
  await story.znetadm('detach-zone global');
  assert.equal(await look(story), before);
});

test('a host that filters or forwards for somebody else is left alone', async ({ story }) => {
  const attach = () => story.lab.run(['/opt/zonenet/bin/znetadm', 'attach-zone', '-R', 'back', 'global']);
  await story.lab.writeFile('global', '/etc/ipf/ipnat.conf', 'map e1000g0 192.168.0.0/24 -> 0/32\n');
  const first = await attach();
  assert.is(first.status, 1);
  assert.match(first.stderr, 'has rules of its own: map e1000g0');
  await story.lab.mustRun('rm /etc/ipf/ipnat.conf');
  await story.lab.mustRun('ipadm set-prop -t -p forwarding=on ipv4');
  const second = await attach();
  assert.match(second.stderr, 'it forwards packets already');
  await story.lab.mustRun('ipadm set-prop -t -p forwarding=off ipv4');
  const third = await story.lab.run(['/opt/zonenet/bin/znetadm', 'attach-zone', '-N', 'back', 'global']);
  assert.match(third.stderr, 'it is behind no proxy');
});

test.run();
