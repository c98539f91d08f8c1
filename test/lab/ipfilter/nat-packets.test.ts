import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type LabHandle, startLab } from '../lab.ts';

const RULES = `map pnic0 10.2.0.0/24 -> 0/32 portmap tcp/udp 10000:29999
map pnic0 10.2.0.0/24 -> 0/32 icmpidmap icmp 10000:29999
map pnic0 10.2.0.0/24 -> 0/32
rdr pnic0 203.0.113.5/32 port 443 -> 10.2.0.2 port 8443 tcp
map pnic0 fd12:3456:789a:1::/64 -> 0/128 portmap tcp/udp 10000:29999
map pnic0 fd12:3456:789a:1::/64 -> 0/128
rdr pnic0 2001:db8::5/128 port 443 -> fd12:3456:789a:1::2 port 8443 tcp
`;

const INSIDE = `map pnic0 10.2.0.0/24 -> 0.0.0.0/32 portmap tcp/udp 10000:29999
map pnic0 10.2.0.0/24 -> 0.0.0.0/32 icmpidmap icmp 10000:29999
map pnic0 10.2.0.0/24 -> 0.0.0.0/32
rdr pnic0 203.0.113.5/32 port 443 -> 10.2.0.2 port 8443 tcp
`;

/** The global zone between an inside and an outside of our own. */
const WIRES = `
ip netns add inside; ip netns add outside
ip link add pnic0 type veth peer name out0 netns outside
ip link add znic0 type veth peer name in0 netns inside
ip addr add 203.0.113.5/24 dev pnic0; ip addr add 10.2.0.1/24 dev znic0
ip addr add 2001:db8::5/64 dev pnic0 nodad; ip addr add fd12:3456:789a:1::1/64 dev znic0 nodad
ip link set pnic0 up; ip link set znic0 up
ip -n outside addr add 203.0.113.1/24 dev out0; ip -n outside addr add 2001:db8::1/64 dev out0 nodad
ip -n outside link set out0 up; ip -n outside link set lo up
ip -n inside addr add 10.2.0.2/24 dev in0; ip -n inside addr add 10.2.0.7/24 dev in0
ip -n inside addr add fd12:3456:789a:1::2/64 dev in0 nodad
ip -n inside link set in0 up
ip -n inside route add default via 10.2.0.1; ip -n inside route add default via fd12:3456:789a:1::1
for set in pif4 pif6; do nft add element inet pif $set '{ "pnic0", "znic0" }'; done
for name in ipv4/ip_forward ipv6/conf/all/forwarding; do echo 1 > /proc/sys/net/$name; done
`;

/** Says who connected or sent, to whoever did. */
const SERVER = `
const [kind, port] = process.argv.slice(1);
if (kind === 'tcp') require('net').createServer((s) => { s.on('error', () => {}); s.write(s.remoteAddress + ' ' + s.remotePort + '\\n'); })
  .listen(+port, '::', () => console.log('listening'));
else { const s = require('dgram').createSocket(kind); s.on('message', (m, r) => s.send(r.address + ' ' + r.port + '\\n', r.port, r.address));
  s.bind(+port, () => console.log('listening')); }
setTimeout(() => process.exit(), 60000);`;

const CLIENT = `
const [kind, host, port, from] = process.argv.slice(1);
const done = (t) => { console.log(String(t).trim()); process.exit(0); };
if (kind === 'tcp') require('net').connect({ host, port: +port, localAddress: from }).on('data', done).on('error', (e) => done(e.code));
else { const s = require('dgram').createSocket(kind); s.on('message', done); s.bind(0, from, () => s.send('x', +port, host)); }
setTimeout(() => done('silence'), 1500);`;

const node = (script: string, ...args: readonly string[]) => [process.execPath, '-e', script, '--', ...args];

interface Context {
  lab: LabHandle;
}

const test = suite<Context>('NAT of packets');

test.before(async (context) => {
  context.lab = await startLab();
  await context.lab.mustRun(['bash', '-ec', WIRES], { netns: 'z0' });
  await context.lab.writeFile('global', '/etc/ipf/ipnat.conf', RULES);
  await context.lab.mustRun(['ipf', '-E']);
});

test.after(async ({ lab }) => {
  await lab.stop();
});

async function serve(lab: LabHandle, netns: string, ...args: readonly string[]): Promise<void> {
  await lab.spawn(node(SERVER, ...args), { netns }).said('listening');
}

/** What the server saw: address and port, IPv4 without its mapped form. */
async function ask(lab: LabHandle, netns: string, ...args: readonly string[]): Promise<string> {
  return (await lab.mustRun(node(CLIENT, ...args), { netns })).trim().replace('::ffff:', '');
}

const inRange = (seen: string, address: string) => {
  const [from, port] = seen.split(' ');
  return from === address && Number(port) >= 10000 && Number(port) <= 29999;
};

test('maps tcp, udp and ping of both families to the outside address, ports into the range', async ({ lab }) => {
  assert.equal(await lab.run(['ipnat', '-f', '/etc/ipf/ipnat.conf']), {
    status: 0,
    signal: null,
    stdout: '',
    stderr: '',
  });
  await serve(lab, 'outside', 'tcp', '80');
  await serve(lab, 'outside', 'udp4', '53');
  await serve(lab, 'outside', 'udp6', '54');
  const seen = {
    tcp: await ask(lab, 'inside', 'tcp', '203.0.113.1', '80', '10.2.0.7'),
    udp: await ask(lab, 'inside', 'udp4', '203.0.113.1', '53', '10.2.0.7'),
    tcp6: await ask(lab, 'inside', 'tcp', '2001:db8::1', '80', 'fd12:3456:789a:1::2'),
    udp6: await ask(lab, 'inside', 'udp6', '2001:db8::1', '54', 'fd12:3456:789a:1::2'),
  };
  assert.ok(inRange(seen.tcp, '203.0.113.5'), seen.tcp);
  assert.ok(inRange(seen.udp, '203.0.113.5'), seen.udp);
  assert.ok(inRange(seen.tcp6, '2001:db8::5'), seen.tcp6);
  assert.ok(inRange(seen.udp6, '2001:db8::5'), seen.udp6);
  for (const target of ['203.0.113.1', '2001:db8::1']) {
    await lab.mustRun(['ping', '-c1', '-W2', target], { netns: 'inside' });
  }
});

test('redirects what comes in for the outside address, and shows the client', async ({ lab }) => {
  await serve(lab, 'inside', 'tcp', '8443');
  assert.match(await ask(lab, 'outside', 'tcp', '203.0.113.5', '443', '203.0.113.1'), /^203\.0\.113\.1 \d+$/);
  assert.match(await ask(lab, 'outside', 'tcp', '2001:db8::5', '443', '2001:db8::1'), /^2001:db8::1 \d+$/);
});

test('does not redirect from the inside, nor for itself', async ({ lab }) => {
  assert.is(await ask(lab, 'inside', 'tcp', '203.0.113.5', '443', '10.2.0.7'), 'ECONNREFUSED');
  assert.is(await ask(lab, 'z0', 'tcp', '203.0.113.5', '443', '203.0.113.5'), 'ECONNREFUSED');
});

test('leaves connections of its own alone', async ({ lab }) => {
  assert.match(await ask(lab, 'z0', 'tcp', '203.0.113.1', '80', '203.0.113.5'), /^203\.0\.113\.5 (3[2-9]|4|5|6)\d+/);
});

test('lists rules and sessions in the layout of ipnat -l', async ({ lab }) => {
  const listed = (await lab.mustRun(['ipnat', '-l'])).split('\n');
  assert.equal(listed.slice(0, 5), ['List of active MAP/Redirect filters:', ...INSIDE.trimEnd().split('\n')]);
  const sessions = listed.slice(listed.indexOf('List of active sessions:') + 1);
  const map = /^MAP 10\.2\.0\.7 {8}\d{1,5} *<- -> 203\.0\.113\.5 {5}[12]\d{4} \[203\.0\.113\.1 80\]$/;
  const rdr = /^RDR 10\.2\.0\.2 {8}8443 {2}<- -> 203\.0\.113\.5 {5}443 {3}\[203\.0\.113\.1 \d+\]$/;
  const ping = /^MAP 10\.2\.0\.[27] {8}<- -> 203\.0\.113\.5 {5}\[203\.0\.113\.1\]$/;
  for (const pattern of [map, rdr, ping]) {
    assert.ok(
      sessions.some((line) => pattern.test(line)),
      `${pattern} in ${sessions.join('\n')}`,
    );
  }
  assert.is(listed[listed.indexOf('List of active sessions:') - 1], '');
});

test('counts packets and sessions', async ({ lab }) => {
  const counts = await lab.mustRun(['ipnat', '-s']);
  const [, mappedIn, mappedOut, added, inUse] =
    /^mapped\tin\t(\d+)\tout\t(\d+)\nadded\t(\d+)\texpired\t\d+\nno memory\t0\tbad nat\t0\ninuse\t(\d+)\norphans\t0\nrules\t7\nwilds\t0\n$/.exec(
      counts,
    ) ?? [];
  assert.ok(Number(mappedIn) >= 8 && Number(mappedOut) >= 8, counts);
  assert.is(added, '8');
  assert.is(inUse, '8');
});

test('flushes sessions: a translated connection breaks, another lives on', async ({ lab }) => {
  const held = `const s = require('net').connect({ host: '203.0.113.1', port: 7 }); s.on('data', (d) => process.stdout.write(d));
process.stdin.on('data', (d) => s.write(d)).on('end', () => process.exit()); setTimeout(() => process.exit(), 30000);`;
  const echo = `require('net').createServer((s) => s.on('error', () => {}).pipe(s)).listen(7, () => console.log('listening'));
setTimeout(() => process.exit(), 60000);`;
  await lab.spawn([process.execPath, '-e', echo], { netns: 'outside' }).said('listening');
  const translated = lab.spawn([process.execPath, '-e', held], { netns: 'inside' });
  const own = lab.spawn([process.execPath, '-e', held], { netns: 'z0' });
  for (const one of [translated, own]) {
    one.stdin.write('before ');
    await one.said('before');
  }
  assert.match(await lab.mustRun(['ipnat', '-F']), /^[1-9]\d* entries flushed from NAT table\n$/);
  assert.is(await lab.mustRun(['ipnat', '-F']), '0 entries flushed from NAT table\n');
  for (const one of [translated, own]) one.stdin.write('after ');
  await own.said('after');
  assert.is(translated.stdout(), 'before ');
  for (const one of [translated, own]) {
    one.stdin.end();
    await one.kill();
  }
});

test('drops the rules, and then translates nothing new', async ({ lab }) => {
  assert.match(
    await lab.mustRun(['ipnat', '-CF']),
    /^\d+ entries flushed from NAT table\n7 entries flushed from NAT list\n$/,
  );
  assert.is(await ask(lab, 'inside', 'udp4', '203.0.113.1', '53', '10.2.0.7'), 'silence');
  assert.is(await lab.mustRun(['ipnat', '-l']), 'List of active MAP/Redirect filters:\n\nList of active sessions:\n');
});

test.run();
