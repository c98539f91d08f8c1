// Names and leases of a hidden network: the real dnsmasq in the proxy, asked by zones behind it; a guest's lease; hosts.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { startDnsmasq } from '../lab/outside/dnsmasq.ts';
import { startInternet } from '../lab/outside/internet.ts';
import { type StoryLab, startStoryLabWith } from '../support/lab-zone.ts';
import { DNSMASQ, ROOTLESS_DNSMASQ } from '../support/rootless-dnsmasq.ts';

const NAMES = 'svc:/network/zonenet-names:default';

const test = suite<{ story: StoryLab }>('names and leases in the lab');

test.before(async (context) => {
  const story = await startStoryLabWith('--names dns -6 fd00:1::/64');
  context.story = story;
  await startInternet(story.lab);
  await startDnsmasq(story.lab, { hosts: { 'www.example': ['203.0.113.80'] } });
  await story.lab.writeFile('global', '/etc/zonenet/zonenet.ini', 'format = 1\nnameserver[] = 203.0.113.1\n');
  await story.znetadm('create-zone -R back -x e1000g0=203.0.113.5/24 -r 203.0.113.1 proxy');
  if (story.lab.mode === 'rootless') {
    await story.lab.writeFile('proxy', DNSMASQ, ROOTLESS_DNSMASQ, 0o755);
    await story.lab.mustRun(`svcadm disable -s ${NAMES}; svcadm enable -s ${NAMES}`, { zone: 'proxy' });
    await story.lab.mustRun('svcadm refresh svc:/network/zonenet:default', { zone: 'proxy' });
  }
  await story.znetadm('create-zone -N back web1');
  await story.until(`/usr/bin/svcs -z proxy -H -o state ${NAMES}`, 'online');
});

test.after(({ story }) => story.stop());

/** The answers to a question, sorted; what the server refuses gives its word for it. */
async function lookUp({ lab }: StoryLab, name: string, zone = 'web1', server = '10.2.0.1'): Promise<string> {
  const { stdout } = await lab.run(`busybox nslookup ${name} ${server}`, { zone });
  const answers = stdout.split('\n\n').slice(1).join('\n');
  const found = [...answers.matchAll(/^Address(?: \d)?: (\S+)|name = (\S+)/gm)].map((match) => match[1] ?? match[2]);
  return found.length > 0 ? found.sort().join(' ') : (/NXDOMAIN|REFUSED|SERVFAIL/.exec(stdout)?.[0] ?? stdout);
}

test('zones find each other by name and by address, in both families, and names outside by their proxy', async ({
  story,
}) => {
  assert.is(await lookUp(story, 'web1.back.internal'), '10.2.0.2 fd00:1::2');
  assert.is(await lookUp(story, 'proxy.back.internal'), '10.2.0.1 fd00:1::1');
  assert.is(await lookUp(story, '10.2.0.2'), 'web1.back.internal');
  assert.is(await lookUp(story, 'fd00:1::2'), 'web1.back.internal');
  assert.is(await lookUp(story, 'web1.back.internal', 'web1', 'fd00:1::1'), '10.2.0.2 fd00:1::2');
  assert.is(await lookUp(story, 'nobody.back.internal'), 'NXDOMAIN');
  assert.is(await lookUp(story, '10.2.0.77'), 'NXDOMAIN');
  assert.is(await lookUp(story, 'www.example'), '203.0.113.80');
});

test('a zone with our method asks its proxy', async ({ story }) => {
  const resolver = await story.lab.readFile('web1', '/etc/resolv.conf');
  assert.match(resolver, 'domain back.internal\nnameserver 10.2.0.1\nnameserver fd00:1::1\n');
  assert.match(await story.lab.readFile('proxy', '/etc/resolv.conf'), '\nnameserver 203.0.113.1\n');
});

test('zones come and go, and not one question is lost', async ({ story }) => {
  const asking = story.lab.run(
    'i=0; while [ ! -e /tmp/stop ]; do i=$((i+1)); busybox nslookup -type=a web1.back.internal 10.2.0.1 >/tmp/answer 2>&1 || cat /tmp/answer; done; echo asked $i',
    { zone: 'web1', timeoutMs: 120_000 },
  );
  await story.znetadm('create-zone -N back --no-boot db1');
  await story.until('zlogin web1 busybox nslookup -type=a db1.back.internal 10.2.0.1', '10.2.0.3');
  await story.znetadm('delete-zone db1');
  await story.until('zlogin web1 busybox nslookup -type=a db1.back.internal 10.2.0.1', 'NXDOMAIN');
  await story.lab.mustRun('touch /tmp/stop', { zone: 'web1' });
  const { stdout } = await asking;
  assert.match(stdout, /^asked \d+\n$/);
  console.log(`${stdout.trim()} while a zone came and went: none lost`);
});

test('a guest gets its address, router, resolver and MTU by DHCP, and nobody else gets one', async ({ story }) => {
  await story.znetadm('create-zone -N back=10.2.0.9 -b lx guest');
  await story.until('cat /zones/proxy/root/etc/zonenet-names/leases', '10.2.0.9');
  // What a Linux of its own would do: bring its link up, and ask.
  const link = (await story.lab.mustRun('dladm show-link -p -o link,class', { zone: 'guest' })).split(':')[0] ?? '';
  await story.lab.mustRun(['ipadm', 'create-if', link], { zone: 'guest' });
  const told = '#!/bin/sh\n[ "$1" = bound ] && echo "$ip/$mask $router $dns $domain $mtu"\nexit 0\n';
  await story.lab.writeFile('guest', '/tmp/told', told, 0o755);
  const words = ['-i', link, '-n', '-q', '-f', '-t', '5', '-T', '1', '-O', 'mtu', '-s', '/tmp/told'];
  const asked = await story.lab.run(['busybox', 'udhcpc', ...words], { zone: 'guest' });
  assert.is(asked.stdout.trim(), '10.2.0.9/24 10.2.0.1 10.2.0.1 back.internal 1500', asked.stderr.slice(0, 500));
  assert.match(await lookUp(story, 'guest.back.internal'), '10.2.0.9');
  assert.is(await lookUp(story, '10.2.0.9'), 'guest.back.internal');
});

test('with names=hosts zones have each other in /etc/hosts', async ({ story }) => {
  await story.znetadm('create-network -a 10.3.0.0/24 --names hosts side');
  await story.znetadm('create-zone -N side one');
  await story.znetadm('create-zone -N side two');
  await story.until('cat /zones/one/root/etc/inet/hosts', '10.3.0.3 two');
  assert.match(await story.lab.readFile('two', '/etc/inet/hosts'), '\n10.3.0.2 one\n');
  await story.znetadm('delete-zone two');
  await story.until('grep -cw 10.3.0.3 /zones/one/root/etc/inet/hosts || true', '0');
});

test.run();
