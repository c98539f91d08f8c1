// A network is renumbered, renamed and given IPv6, and single zones get other addresses, while they run, with packets that tell
// whether they followed.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { startDnsmasq } from '../lab/outside/dnsmasq.ts';
import type { PeerError } from '../lab/outside/inbox.ts';
import { type Internet, startInternet } from '../lab/outside/internet.ts';
import { startPeer } from '../lab/outside/peer.ts';
import { type StoryLab, startStoryLab } from '../support/lab-zone.ts';

const test = suite<{ story: StoryLab; internet: Internet }>('set-network and set-zone in the lab');

test.before(async (context) => {
  context.story = await startStoryLab('proxy', 'web1');
  context.internet = await startInternet(context.story.lab);
  await context.story.znetadm('create-zone -N back --no-boot db1');
});

test.after(({ story }) => story.stop());

const page = ({ run }: StoryLab, zone: string) =>
  run('curl -s --max-time 5 http://203.0.113.1/', { zone }).then(({ stdout }) => stdout.trim());

const addresses = async ({ mustRun }: StoryLab, zone: string) =>
  (await mustRun('/usr/sbin/ipadm show-addr -p -o addrobj,addr', { zone }))
    .split('\n')
    .filter((line) => line.startsWith('znic'))
    .map((line) => line.replaceAll('\\', ''));

test('renumbered and renamed, running zones follow at once, a halted one when it boots', async ({ story }) => {
  assert.match(await page(story, 'web1'), '203.0.113.5');
  const planned = await story.znetadm('set-network -n -a 10.3.0.0/24 --name front back');
  assert.match(planned, 'zone db1 follows at its next boot (it is installed)\nNothing was changed.\n');
  assert.equal(await addresses(story, 'web1'), ['znic1/v4:10.2.0.2/24']);
  const answer = await story.znetadm('set-network -a 10.3.0.0/24 --name front back');
  assert.is(
    answer,
    [
      'network front (was back): 10.3.0.0/24, router 10.3.0.1',
      'zone db1: 10.2.0.3 -> 10.3.0.3',
      'zone proxy: 10.2.0.1 -> 10.3.0.1',
      'zone web1: 10.2.0.2 -> 10.3.0.2',
      'zone db1 follows at its next boot (it is installed)',
      '',
    ].join('\n'),
  );
  assert.equal(await addresses(story, 'web1'), ['znic1/v4:10.3.0.2/24']);
  assert.match(await page(story, 'web1'), '203.0.113.5');
  await story.mustRun('/usr/sbin/zoneadm -z db1 boot');
  await story.until('/usr/bin/svcs -z db1 -H -o state svc:/milestone/multi-user-server:default', 'online');
  assert.equal(await addresses(story, 'db1'), ['znic2/v4:10.3.0.3/24']);
  assert.match(await page(story, 'db1'), '203.0.113.5');
  await story.znetadm('repair');
  assert.is((await story.run('/opt/zonenet/bin/znetadm check')).status, 0);
});

test('one zone, and then its proxy outside, get other addresses while they run; a forward follows', async (context) => {
  const { story, internet } = context;
  const listener = await (await startPeer(story.lab, { zone: 'web1' })).listen({ port: 8080 });
  await story.znetadm('add-forward tcp/80 web1:8080');
  assert.is(await story.znetadm('set-zone -a znic1=10.3.0.70 web1'), 'zone web1: znic1 10.3.0.70/24 router 10.3.0.1\n');
  assert.equal(await addresses(story, 'web1'), ['znic1/v4:10.3.0.70/24']);
  assert.match(await page(story, 'web1'), '203.0.113.5');
  await story.znetadm('set-zone -a pnic0=203.0.113.6/24 proxy');
  assert.match(await page(story, 'web1'), '203.0.113.6');
  const forwards = await story.znetadm('show-forward -p -o outside,to');
  assert.is(forwards, '203.0.113.6:10.3.0.70\n');
  const client = await internet.tcp('203.0.113.6', 80);
  const served = await listener.accept();
  assert.equal([served.local.address, served.remote.address], ['10.3.0.70', '203.0.113.1']);
  for (const end of [client, served]) end.close();
  const gone = internet.tcp('203.0.113.5', 80, { ms: 1500 }).then(
    () => 'answers',
    ({ code }: PeerError) => code,
  );
  assert.is(await gone, 'timeout');
  assert.is((await story.run('/opt/zonenet/bin/znetadm check')).status, 0);
  await story.reboot('proxy');
  assert.match(await page(story, 'web1'), '203.0.113.6');
});

test('the outside of a proxy becomes one by DHCP while it runs, and a static one again', async ({ story }) => {
  await story.znetadm('delete-forward tcp/80');
  await story.znetadm('repair');
  const listed = await story.mustRun('dladm show-vnic -p -o link,macaddress');
  const [, octets = ''] = /^pnic0:(.*)$/m.exec(listed) ?? [];
  const mac = octets.split('\\:').map((octet) => octet.padStart(2, '0'));
  await startDnsmasq(story.lab, { leases: [{ mac: mac.join(':'), address: '203.0.113.40', name: 'proxy' }] });
  await story.znetadm('set-zone -a pnic0=dhcp proxy');
  assert.match(await page(story, 'web1'), '203.0.113.40');
  assert.is((await story.run('/opt/zonenet/bin/znetadm check')).status, 0);
  await story.znetadm('set-zone -a pnic0=203.0.113.6/24 -r 203.0.113.1 proxy');
  assert.match(await page(story, 'web1'), '203.0.113.6');
  const addresses = await story.mustRun('/usr/sbin/ipadm show-addr -p -o addrobj,addr', { zone: 'proxy' });
  assert.equal(
    addresses.split('\n').filter((line) => line.startsWith('pnic0')),
    ['pnic0/v4:203.0.113.6/24'],
  );
  assert.is((await story.run('/opt/zonenet/bin/znetadm check')).status, 0);
});

test('an IPv6 prefix comes while zones run', async ({ story }) => {
  await story.znetadm('set-network -6 fd00:7::/64 front');
  assert.ok((await addresses(story, 'web1')).some((line) => line.includes('fd00:7::')));
  const { status } = await story.run('ping -6 -n -c 1 -W 5 fd00:7::1', { zone: 'web1' });
  assert.is(status, 0);
  await story.reboot('web1');
  await story.until('/usr/bin/svcs -z web1 -H -o state svc:/network/zonenet-ipv6:default', 'online');
  assert.ok((await addresses(story, 'web1')).some((line) => line.includes('fd00:7::')));
});

test.run();
