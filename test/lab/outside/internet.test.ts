// The outside host: servers, clients, names and leases, seen from zones behind a router, and what is on the wire.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { rejects } from '../../support/assertions.ts';
import { missingPrograms } from '../../support/programs.ts';
import { type LabHandle, startLab } from '../lab.ts';
import { bootHiddenNetwork } from '../support/zones.ts';
import { startDnsmasq } from './dnsmasq.ts';
import { type Internet, startInternet } from './internet.ts';
import { type Peer, startPeer } from './peer.ts';

const test = suite<{ lab: LabHandle; internet: Internet; web: Peer }>('the outside');

const ROUTER = '203.0.113.5';

test.before(async (context) => {
  const lab = await startLab();
  context.lab = lab;
  context.internet = await startInternet(lab);
  await bootHiddenNetwork(lab, ['web']);
  context.web = await startPeer(lab, { zone: 'web' });
  await nat(lab, ['map pnic0 10.2.0.0/24 -> 0/32 portmap tcp/udp 20000:29999', 'map pnic0 10.2.0.0/24 -> 0/32']);
});
test.after(async ({ lab }) => {
  await lab.stop();
});

/** Loads NAT rules in the router, and forgets those before and their sessions. */
async function nat(lab: LabHandle, rules: readonly string[]): Promise<void> {
  await lab.mustRun(['svcadm', 'enable', '-st', 'network/ipfilter'], { zone: 'router' });
  await lab.mustRun(['ipnat', '-CF', '-f', '-'], { zone: 'router', stdin: rules.map((rule) => `${rule}\n`).join('') });
}

test('serves HTTP and echo over TCP and UDP to a zone behind NAT, and sees the router', async ({ internet, web }) => {
  const { status, body } = await web.get(`http://${internet.address}/`);
  assert.equal([status, body], [200, `peer ${ROUTER}\n`]);
  const connection = await web.tcp(internet.address, 7);
  connection.send('good morning\n');
  await connection.expect('good morning\n');
  connection.close();
  assert.is(await connection.ended(), '');
  const socket = await web.udp();
  socket.send('datagram', { address: internet.address, port: 7 });
  assert.equal(await socket.expect('datagram'), { text: 'datagram', from: { address: internet.address, port: 7 } });
});

test('is a client too: refused where nobody listens, unanswered where no router leads', async ({
  internet,
  web,
  lab,
}) => {
  await nat(lab, [`rdr pnic0 ${ROUTER}/32 port 8080 -> 10.2.0.2 port 80 tcp`]);
  const listener = await web.listen({ port: 80, address: '0.0.0.0' });
  const [outside, inside] = await Promise.all([internet.tcp(ROUTER, 8080), listener.accept()]);
  assert.equal(inside.remote, outside.local);
  inside.send('from inside');
  await outside.expect('from inside');
  assert.is((await rejects(() => internet.tcp(ROUTER, 8081))).message, 'open: ECONNREFUSED');
  await internet.routeTo('10.9.0.0/24', '203.0.113.77');
  assert.is((await rejects(() => internet.tcp('10.9.0.2', 80, { ms: 200 }))).message, 'open: timeout');
  listener.close();
});

test('sees on its wire what leaves, with the addresses and ports it leaves with', async ({ internet, web, lab }) => {
  await nat(lab, ['map pnic0 10.2.0.0/24 -> 0/32 portmap tcp/udp 20000:29999']);
  const wire = await internet.capture();
  const socket = await web.udp();
  socket.send('seen', { address: internet.address, port: 7 });
  await socket.expect('seen');
  const frames = (await wire.stop()).filter(({ kind, protocol }) => kind === 'ipv4' && protocol === 17);
  assert.equal(
    frames.map(({ source, target, targetPort }) => [source, target, targetPort === 7]),
    [
      [ROUTER, internet.address, true],
      [internet.address, ROUTER, false],
    ],
  );
  const [asked, answered] = frames;
  assert.ok((asked?.sourcePort ?? 0) >= 20000 && (asked?.sourcePort ?? 0) <= 29999);
  assert.is(answered?.targetPort, asked?.sourcePort);
});

test('speaks IPv6 on all of them', async ({ internet, web, lab }) => {
  const router = await startPeer(lab, { zone: 'router' });
  assert.is((await router.get(`http://[${internet.address6}]/`)).body, 'peer 2001:db8::5\n');
  const socket = await router.udp({}, 6);
  socket.send('six', { address: internet.address6, port: 7 });
  assert.is((await socket.expect('six')).from.address, internet.address6);
  await router.stop();
  await internet.run(['ip', '-6', 'route', 'replace', 'fd00:2::/64', 'via', '2001:db8::5']);
  await lab.mustRun('route -n add -inet6 default 2001:db8::1', { zone: 'router' });
  const connection = await web.tcp(internet.address6, 7);
  assert.is(connection.local.address, 'fd00:2::2');
  connection.send('through the router');
  await connection.expect('through the router');
});

const lacking = missingPrograms(['dnsmasq', 'busybox']);
if (lacking.length > 0) process.stdout.write(`SKIPPED: names and leases of the outside, no ${lacking.join(', ')}\n`);
else {
  test('answers for names, with NODATA for a family it has not and NXDOMAIN for the rest', async ({ lab }) => {
    await nat(lab, ['map pnic0 10.2.0.0/24 -> 0/32 portmap tcp/udp auto']);
    const hosts = { 'www.lab.example': ['203.0.113.1'], 'six.lab.example': ['203.0.113.7', '2001:db8::7'] };
    const dns = await startDnsmasq(lab, { hosts });
    const ask = async (type: string, name: string) =>
      (await lab.run(['busybox', 'nslookup', `-type=${type}`, name, '203.0.113.1'], { zone: 'web' })).stdout;
    assert.match(await ask('a', 'www.lab.example'), /Address: 203\.0\.113\.1\n/);
    assert.match(await ask('aaaa', 'six.lab.example'), /Address: 2001:db8::7\n/);
    assert.not.match(await ask('aaaa', 'www.lab.example'), /NXDOMAIN|Name:/);
    assert.match(await ask('a', 'nowhere.lab.example'), 'NXDOMAIN');
    assert.match(dns.log(), /query\[A\] www\.lab\.example from 203\.0\.113\.5/);
    await dns.stop();
  });

  test('leases an address and a router to a zone that asks', async ({ lab, internet }) => {
    const dhcp = await startDnsmasq(lab, {
      leases: [{ mac: '02:08:20:00:00:01', address: '203.0.113.40', name: 'router' }],
    });
    await lab.mustRun('ipadm delete-addr pnic0/v4; ipadm create-addr -t -T dhcp pnic0/dhcp', { zone: 'router' });
    const shown = await lab.mustRun('ipadm show-addr -p -o type,state,addr pnic0/dhcp', { zone: 'router' });
    assert.is(shown, 'dhcp:ok:203.0.113.40/24\n');
    assert.match(await lab.mustRun('netstat -rn -f inet', { zone: 'router' }), /^default +203\.0\.113\.1 /m);
    assert.match(dhcp.log(), /DHCPACK\(net0\) 203\.0\.113\.40 02:08:20:00:00:01/);
    assert.is((await internet.run(['ping', '-c', '1', '-W', '5', '203.0.113.40'])).status, 0);
    await dhcp.stop();
  });
}

test.run();
