// Rules of the operator with real packets: who gets through a proxy, and to it, from both sides.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { PeerError } from '../lab/outside/inbox.ts';
import { type Internet, startInternet } from '../lab/outside/internet.ts';
import { type Listener, type Peer, startPeer } from '../lab/outside/peer.ts';
import { type StoryLab, startStoryLab } from '../support/lab-zone.ts';

interface Context {
  story: StoryLab;
  internet: Internet;
  proxy: Peer;
  web: Peer;
  db: Peer;
}

const test = suite<Context>('rules in the lab');

test.before(async (context) => {
  const story = await startStoryLab('proxy', 'web1', 'db1');
  context.story = story;
  context.internet = await startInternet(story.lab);
  context.proxy = await startPeer(story.lab, { zone: 'proxy' });
  context.web = await startPeer(story.lab, { zone: 'web1' });
  context.db = await startPeer(story.lab, { zone: 'db1' });
});

test.after(async ({ story }) => {
  await story.stop();
});

const [PROXY, FAR] = ['203.0.113.5', '203.0.113.1'];

/** "through", or why there is no connection. */
async function reach(from: Pick<Peer, 'tcp'>, address: string, port: number, listener: Listener): Promise<string> {
  try {
    const client = await from.tcp(address, port, { ms: 1000 });
    const served = await listener.accept(1000);
    client.close();
    served.close();
    return 'through';
  } catch (error) {
    if (error instanceof PeerError) return error.code;
    throw error;
  }
}

test('a proxy is closed from outside, until a rule opens a port to those whom it names', async ({
  story,
  internet,
  proxy,
}) => {
  const ssh = await proxy.listen({ address: '0.0.0.0', port: 22 });
  assert.is.not(await reach(internet, PROXY, 22, ssh), 'through');
  const said = await story.znetadm(
    "add-rule proxy allow in tcp from 203.0.113.1 to self port 22 note 'the office; # 1'",
  );
  assert.is(said, 'zone proxy: rule 1: allow in tcp from 203.0.113.1 to self port 22 note the office; # 1\n');
  assert.is(await reach(internet, PROXY, 22, ssh), 'through');
  await story.znetadm('add-rule -a 1 proxy block in from 203.0.113.0/24 to any');
  assert.is.not(await reach(internet, PROXY, 22, ssh), 'through');
  await story.znetadm('delete-rule proxy block in from 203.0.113.0/24 to any');
  assert.is(await reach(internet, PROXY, 22, ssh), 'through');
  ssh.close();
});

test('a group is kept from a port of the world, its reject is answered at once, and the others go on', async ({
  story,
  internet,
  web,
  db,
}) => {
  const mail = await internet.listen({ address: FAR, port: 2525 });
  assert.is(await reach(web, FAR, 2525, mail), 'through');
  await story.znetadm('set-zone -g web web1');
  await story.znetadm('add-rule proxy reject in tcp from group:web to any port 2525');
  const before = performance.now();
  assert.is(await reach(web, FAR, 2525, mail), 'ECONNREFUSED');
  assert.ok(performance.now() - before < 900, 'answered, not left to time out');
  assert.is(await reach(db, FAR, 2525, mail), 'through');
  await story.znetadm('set-zone -g web db1');
  assert.is(await reach(db, FAR, 2525, mail), 'ECONNREFUSED');
  await story.znetadm('set-zone -G web web1');
  assert.is(await reach(web, FAR, 2525, mail), 'through');
  mail.close();
});

test('a connection that is open goes on while rules change', async ({ story, internet, web }) => {
  const far = await internet.listen({ address: FAR, port: 8080 });
  const client = await web.tcp(FAR, 8080);
  const served = await far.accept();
  for (let port = 7001; port <= 7004; port += 1) {
    await story.znetadm(`add-rule proxy block in log udp from any to any port ${port}`);
    client.send(`${port}\n`);
    await served.expect(`${port}\n`);
  }
  served.send('and back\n');
  await client.expect('and back\n');
  client.close();
  far.close();
});

test('zones on one etherstub filter for themselves, and not at all when the last rule is gone', async ({
  story,
  internet,
  web,
  db,
}) => {
  const http = await web.listen({ address: '0.0.0.0', port: 8080 });
  const far = await internet.listen({ address: FAR, port: 8081 });
  const filter = 'svcs -H -o state ipfilter; ls /etc/ipf; ls /var/zonenet/filter 2>&1 || true';
  const before = await story.lab.mustRun(filter, { zone: 'web1' });
  assert.is(await reach(db, '10.2.0.2', 8080, http), 'through');
  await story.znetadm('add-rule web1 reject in tcp from zone:db1 to self port 8080');
  assert.is(await reach(db, '10.2.0.2', 8080, http), 'ECONNREFUSED');
  await story.znetadm('delete-rule web1 1');
  assert.is(await reach(db, '10.2.0.2', 8080, http), 'through');
  await story.znetadm('add-rule web1 block in from any to any');
  assert.is.not(await reach(db, '10.2.0.2', 8080, http), 'through');
  assert.is(await reach(web, FAR, 8081, far), 'through');
  await story.znetadm('add-rule -a 1 web1 allow in tcp from network:back to self port 8080');
  assert.is(await reach(db, '10.2.0.2', 8080, http), 'through');
  await story.reboot('web1');
  await story.until('/usr/bin/svcs -z web1 -H -o state ipfilter', 'online');
  const again = await startPeer(story.lab, { zone: 'web1' });
  const closed = await again.listen({ address: '0.0.0.0', port: 8082 });
  assert.is.not(await reach(db, '10.2.0.2', 8082, closed), 'through');
  await story.znetadm('delete-rule web1 1 2');
  assert.is(await reach(db, '10.2.0.2', 8082, closed), 'through');
  assert.is(await story.lab.mustRun(filter, { zone: 'web1' }), before);
  await story.znetadm('repair');
  assert.is(await story.znetadm('check'), 'everything is as recorded\n');
});

test('show-rule has them in order, and a reboot brings them back', async ({ story, internet, proxy }) => {
  const rows = await story.znetadm('show-rule -p -o number,never,rule proxy');
  assert.match(rows, '1::allow in tcp from 203.0.113.1 to self port 22 note the office; # 1\n');
  assert.is(rows.trim().split('\n').length, 6);
  await story.reboot('proxy');
  await story.until('/usr/bin/svcs -z proxy -H -o state svc:/network/zonenet-forwarding:default', 'online');
  const again = await startPeer(story.lab, { zone: 'proxy' });
  const ssh = await again.listen({ address: '0.0.0.0', port: 22 });
  assert.is(await reach(internet, PROXY, 22, ssh), 'through');
  await story.znetadm('delete-rule proxy 1 2 3 4 5 6');
  assert.is.not(await reach(internet, PROXY, 22, ssh), 'through');
  assert.is(await story.znetadm('show-rule'), '');
  await story.znetadm('repair');
  assert.is(await story.znetadm('check'), 'everything is as recorded\n');
  void proxy;
});

test('what is no rule is refused as wrong usage, and nothing changes', async ({ story }) => {
  for (const words of [
    "'allow in tcp from any to any port 22;reboot'",
    "block in from 'zone:we\nb1' to any",
    "block in from any to any note 'a\n$(reboot)'",
    'block in from any',
    'permit in from any to any',
  ]) {
    const { status, stderr } = await story.run(`/opt/zonenet/bin/znetadm add-rule proxy ${words}`);
    assert.is(status, 2, `${words}: ${stderr}`);
  }
  const { status } = await story.run('/opt/zonenet/bin/znetadm add-rule proxy block out from zone:web1 to any');
  assert.is(status, 2);
  assert.is(await story.znetadm('show-rule'), '');
});

test('what takes from zones what rules name tells which rules can match nothing now', async ({ story }) => {
  await story.znetadm('add-rule proxy block in tcp from 10.2.0.3 to any port 26');
  await story.znetadm('add-rule proxy block in tcp from zone:db1 to any port 27');
  const gone = 'rule 1 can match nothing now: nobody on network back has 10.2.0.3';
  const moved = await story.znetadm('set-zone -a znic2=10.2.0.30 db1');
  assert.is(moved, `zone db1: znic2 10.2.0.30/24 router 10.2.0.1\nzone proxy: ${gone}\n`);
  assert.is(await story.znetadm('set-zone -a znic2=10.2.0.3 db1'), 'zone db1: znic2 10.2.0.3/24 router 10.2.0.1\n');
  const deleted = await story.znetadm('delete-zone db1');
  const nobody = 'rule 2 can match nothing now: zone:db1 stands for nobody';
  assert.is(deleted, `zone db1: deleted\nzone proxy: ${gone}\nzone proxy: ${nobody}\n`);
});

test.run();
