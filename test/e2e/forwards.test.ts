// Forwards with real packets, in both families: what is led in answers as the outside address, and nothing else is let in.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { PeerError } from '../lab/outside/inbox.ts';
import { type Internet, startInternet } from '../lab/outside/internet.ts';
import { type Listener, type Peer, startPeer } from '../lab/outside/peer.ts';
import { type StoryLab, startDualStory } from '../support/lab-zone.ts';

interface Context {
  story: StoryLab;
  internet: Internet;
  web: Peer;
  /** Another zone behind the proxy. */
  db: Peer;
}

const test = suite<Context>('forwards in the lab');

test.before(async (context) => {
  const story = await startDualStory('web1', 'db1');
  context.story = story;
  context.internet = await startInternet(story.lab);
  context.web = await startPeer(story.lab, { zone: 'web1' });
  context.db = await startPeer(story.lab, { zone: 'db1' });
});

test.after(async ({ story }) => {
  await story.stop();
});

const OUTSIDE = { inet: '203.0.113.5', inet6: '2001:db8::5' };

/** Exit status of curl where no connection came about: 7 refused, 28 no answer. It ends with its attempt: no SYN of it comes late. */
const CLOSED = [7, 28];
const knock = (address: string, port: number) => {
  const host = address.includes(':') ? `[${address}]` : address;
  return ['curl', '-g', '-s', '--max-time', '1', `http://${host}:${port}/`];
};
const isClosed = async ({ run }: Internet, address: string, port: number) =>
  CLOSED.includes((await run(knock(address, port))).status ?? -1);

/** The word that a TCP connection brings back, and whom the other end saw; or why there is none. */
async function reach(from: Pick<Peer, 'tcp'>, address: string, port: number, listener: Listener): Promise<string> {
  try {
    const client = await from.tcp(address, port, { ms: 1500 });
    const served = await listener.accept(1500);
    client.send('hello\n');
    await served.expect('hello\n');
    served.send('world\n');
    await client.expect('world\n');
    client.close();
    served.close();
    return `world, seen as ${served.remote.address}`;
  } catch (error) {
    if (error instanceof PeerError) return error.code;
    throw error;
  }
}

test('what is forwarded is reached from outside, in both families, and the zone sees who asks', async (context) => {
  const { story, internet, web } = context;
  const http = await web.listen({ address: '::', port: 8443 });
  for (const address of Object.values(OUTSIDE)) {
    assert.ok(await isClosed(internet, address, 443), `${address} before`);
  }
  const said = await story.znetadm('add-forward tcp/443 web1:8443');
  assert.match(said, 'forward tcp 203.0.113.5 port 443: to zone web1, 10.2.0.2 port 8443 (proxy)\n');
  assert.match(said, 'from behind proxy: 10.2.0.2 port 8443');
  await story.znetadm('add-forward -a 2001:db8::5 tcp/443 web1:8443');
  assert.is(await reach(internet, OUTSIDE.inet, 443, http), 'world, seen as 203.0.113.1');
  assert.is(await reach(internet, OUTSIDE.inet6, 443, http), 'world, seen as 2001:db8::1');
  http.close();
});

test('ports that are not forwarded stay closed, and so does the inside address itself', async (context) => {
  const { internet, web } = context;
  const http = await web.listen({ address: '::', port: 8443 });
  for (const [prefix, via] of [
    ['10.2.0.0/24', OUTSIDE.inet],
    ['fd00:1::/64', OUTSIDE.inet6],
  ] as const) {
    await internet.routeTo(prefix, via);
  }
  for (const [address, port] of [
    [OUTSIDE.inet, 8443],
    [OUTSIDE.inet, 444],
    [OUTSIDE.inet6, 8443],
    ['10.2.0.2', 8443],
    ['fd00:1::2', 8443],
  ] as const) {
    assert.ok(await isClosed(internet, address, port), `${address} ${port}`);
  }
  http.close();
});

test('from behind the proxy the outside address leads nowhere, as the command says, and the inside one to the zone', async ({
  story,
  db,
  web,
}) => {
  const http = await web.listen({ address: '::', port: 8443 });
  assert.ok(CLOSED.includes((await story.run(knock(OUTSIDE.inet, 443), { zone: 'db1' })).status ?? -1));
  assert.is(await reach(db, '10.2.0.2', 8443, http), 'world, seen as 10.2.0.3');
  http.close();
});

test('tcp/53 and udp/53 lead to two zones, and each port of a range to its own', async ({
  story,
  internet,
  web,
  db,
}) => {
  await story.znetadm('add-forward tcp/53 web1');
  await story.znetadm('add-forward udp/53 db1');
  await story.znetadm('add-forward tcp/8000-8010 db1:9000');
  const tcp = await web.listen({ address: '10.2.0.2', port: 53 });
  assert.match(await reach(internet, OUTSIDE.inet, 53, tcp), /^world/);
  const [asks, answers] = [await internet.udp(), await db.udp({ address: '10.2.0.3', port: 53 })];
  asks.send('who', { address: OUTSIDE.inet, port: 53 });
  const { from } = await answers.expect('who');
  answers.send('me', from);
  assert.equal((await asks.expect('me')).from, { address: OUTSIDE.inet, port: 53 });
  for (const port of [0, 1, 10]) {
    const listener = await db.listen({ address: '10.2.0.3', port: 9000 + port });
    assert.match(await reach(internet, OUTSIDE.inet, 8000 + port, listener), /^world/);
    listener.close();
  }
  tcp.close();
});

test('show-forward has them all, and a port that is taken is refused with who has it', async ({ story }) => {
  assert.is(
    await story.znetadm('show-forward -p -o zone,protocol,ports,port,state'),
    'web1:tcp:443:8443:up\nweb1:tcp:53:53:up\nweb1:tcp:443:8443:up\ndb1:tcp:8000-8010:9000:up\ndb1:udp:53:53:up\n',
  );
  const refused = await story.run('/opt/zonenet/bin/znetadm add-forward tcp/8010 web1');
  assert.is(refused.status, 5);
  assert.match(refused.stderr, 'tcp 203.0.113.5 port 8000-8010 leads to zone "db1", port 9000');
  for (const words of [
    "'tcp/80;reboot' web1",
    "tcp/80 'web1:80 all'",
    "tcp/80 'we\nb1'",
    'tcp/0 web1',
    "'$tcp/80' web1",
  ]) {
    assert.is((await story.run(`/opt/zonenet/bin/znetadm add-forward ${words}`)).status, 2, words);
  }
});

test('a reboot of the proxy brings them back, and one that is deleted is closed', async ({ story, internet, web }) => {
  await story.reboot('proxy');
  await story.until('/usr/bin/svcs -z proxy -H -o state svc:/network/zonenet-forwarding:default', 'online');
  const http = await web.listen({ address: '::', port: 8443 });
  assert.match(await reach(internet, OUTSIDE.inet, 443, http), /^world/);
  await story.znetadm('delete-forward -a 203.0.113.5 tcp/443');
  assert.ok(await isClosed(internet, OUTSIDE.inet, 443));
  assert.match(await reach(internet, OUTSIDE.inet6, 443, http), /^world/);
  http.close();
});

test('a zone that goes takes its forwards along', async ({ story }) => {
  await story.znetadm('delete-zone db1');
  assert.not.match(await story.znetadm('show-forward'), 'db1');
  // delete-zone tells the proxy and does not wait for it.
  await story.until('zlogin proxy /usr/sbin/ipnat -l | grep -c "^rdr.*10.2.0.3 " || true', '0');
  // Without zonenet-host nobody has put back what the reboot wiped.
  await story.znetadm('repair');
  assert.is(await story.znetadm('check'), 'everything is as recorded\n');
});

test.run();
