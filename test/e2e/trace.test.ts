// What trace tells of packets, beside what becomes of such packets in the lab.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { PeerError } from '../lab/outside/inbox.ts';
import { type Internet, startInternet } from '../lab/outside/internet.ts';
import { type Listener, type Peer, startPeer } from '../lab/outside/peer.ts';
import { type StoryLab, startDualStory } from '../support/lab-zone.ts';

interface Context {
  story: StoryLab;
  internet: Internet;
  peers: Readonly<Record<string, Peer>>;
}

const test = suite<Context>('trace');

test.before(async (context) => {
  const story = await startDualStory('web1', 'db1');
  context.story = story;
  context.internet = await startInternet(story.lab);
  for (const words of [
    'add-forward tcp/443 web1:8443',
    'add-forward tcp/8000-8009 web1:9000',
    'add-forward -a 2001:db8::5 tcp/443 web1:8443',
    'add-rule proxy allow in tcp from 203.0.113.0/24 to self port 22',
    'add-rule proxy block in tcp from zone:db1 to any port 25',
    'add-rule web1 reject in tcp from zone:db1 to self port 3306',
  ]) {
    await story.znetadm(words);
  }
  const peers: Record<string, Peer> = {};
  for (const zone of ['proxy', 'web1', 'db1']) peers[zone] = await startPeer(story.lab, { zone });
  context.peers = peers;
});

test.after(async ({ story }) => {
  await story.stop();
});

/** Whether a connection comes about, and whom the listener sees. */
async function reach(from: Pick<Peer, 'tcp'>, address: string, port: number, listener: Listener): Promise<string> {
  try {
    const client = await from.tcp(address, port, { ms: 1000 });
    const served = await listener.accept(1000);
    const seen = served.remote.address;
    client.close();
    served.close();
    return seen;
  } catch (error) {
    if (error instanceof PeerError) return 'no';
    throw error;
  }
}

interface Asked {
  readonly from: string;
  readonly to: string;
  readonly port: number;
  /** Where it ends, and at which port; "" for one that must not arrive. */
  readonly at: string;
  readonly listens?: number;
}

const OUTSIDE = '203.0.113.1';

const ASKED: readonly Asked[] = [
  { from: 'web1', to: OUTSIDE, port: 2525, at: 'outside, by e1000g0' },
  { from: 'db1', to: OUTSIDE, port: 25, at: '' },
  { from: 'web1', to: OUTSIDE, port: 25, at: 'outside, by e1000g0' },
  { from: 'web1', to: 'db1', port: 5432, at: 'zone db1' },
  { from: 'db1', to: 'web1', port: 3306, at: '' },
  { from: 'web1', to: 'proxy', port: 53, at: 'zone proxy' },
  { from: OUTSIDE, to: '203.0.113.5', port: 443, at: 'zone web1', listens: 8443 },
  { from: OUTSIDE, to: '203.0.113.5', port: 8003, at: 'zone web1', listens: 9003 },
  { from: OUTSIDE, to: '203.0.113.5', port: 22, at: 'zone proxy' },
  { from: OUTSIDE, to: '203.0.113.5', port: 23, at: '' },
  { from: '2001:db8::1', to: '2001:db8::5', port: 443, at: 'zone web1', listens: 8443 },
  { from: '2001:db8::1', to: '2001:db8::5', port: 80, at: '' },
];

const ADDRESSES: Readonly<Record<string, string>> = { web1: '10.2.0.2', db1: '10.2.0.3', proxy: '10.2.0.1' };

for (const { from, to, port, at, listens = port } of ASKED) {
  test(`from ${from} to ${to} port ${port}: ${at === '' ? 'blocked' : at}, and so it is`, async (context) => {
    const { story, internet, peers } = context;
    const end = to.includes(':') ? `[${to}]:${port}` : `${to}:${port}`;
    const said = await story.znetadm(`trace tcp ${from} ${end}`);
    assert.match(said, at === '' ? 'it does not arrive: it is blocked' : `it arrives: ${at}\n`);
    assert.not.match(said, 'not judged');
    // Somebody listens where it would come to, or, where it must not, wherever it could.
    const target =
      at === ''
        ? (peers[to] ?? (to === OUTSIDE ? internet : peers['proxy']))
        : (peers[at.replace('zone ', '')] ?? internet);
    const listener = await (target as Peer).listen({ address: '::', port: listens });
    const sender = peers[from] ?? internet;
    const seen = await reach(sender, ADDRESSES[to] ?? to, port, listener);
    assert.is(seen === 'no', at === '', `${said}\nseen: ${seen}`);
    listener.close();
  });
}

test('lines, translations and the whole way are told', async ({ story }) => {
  const rows = (await story.znetadm('trace -p -o zone,direction,link,what,where tcp web1 203.0.113.1:80')).split('\n');
  assert.equal(
    rows.map((row) => row.replace(/\d+$/, 'N')),
    [
      'web1:out:znic1:pass:ipf.conf\\:N',
      'proxy:in:znic0:pass:ipf.conf\\:N',
      'proxy:out:pnic0:pass:',
      'proxy:out:pnic0:map:ipnat.conf\\:N',
      '',
    ],
  );
  const whole = await story.znetadm('trace tcp 203.0.113.1 203.0.113.5:443');
  assert.match(whole, 'rdr pnic0 203.0.113.5/32 port 443 -> 10.2.0.2 port 8443 tcp');
  assert.match(whole, '10.2.0.2:8443');
  const { status, stderr } = await story.run('/opt/zonenet/bin/znetadm trace tcp web9 203.0.113.1:80');
  assert.is(status, 4);
  assert.match(stderr, 'there is no zone "web9"');
  assert.is((await story.run('/opt/zonenet/bin/znetadm trace tcp web1 db1')).status, 2);
  assert.match(await story.znetadm('trace icmp db1 203.0.113.1'), 'it arrives: outside');
});

test.run();
