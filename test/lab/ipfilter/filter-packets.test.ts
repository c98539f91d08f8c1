// Filter and NAT together on real connections: the global zone between an inside and an outside of our own.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type LabHandle, startLab } from '../lab.ts';

const WIRES = `
ip netns add inside; ip netns add outside
ip link add pnic0 type veth peer name out0 netns outside
ip link add znic0 type veth peer name in0 netns inside
ip addr add 203.0.113.5/24 dev pnic0; ip addr add 10.2.0.1/24 dev znic0
ip addr add 2001:db8::5/64 dev pnic0 nodad; ip addr add fd12:3456:789a:1::1/64 dev znic0 nodad
ip link property add dev znic0 altname anameoverfifteenletters0
ip link set pnic0 up; ip link set znic0 up
ip -n outside addr add 203.0.113.1/24 dev out0; ip -n outside addr add 2001:db8::1/64 dev out0 nodad
ip -n outside link set out0 up; ip -n outside link set lo up
ip -n outside route add 10.2.0.0/24 via 203.0.113.5
ip -n inside addr add 10.2.0.2/24 dev in0; ip -n inside addr add fd12:3456:789a:1::2/64 dev in0 nodad
ip -n inside link set in0 up; ip -n inside link set lo up
ip -n inside route add default via 10.2.0.1; ip -n inside route add default via fd12:3456:789a:1::1
for name in ipv4/ip_forward ipv6/conf/all/forwarding; do echo 1 > /proc/sys/net/$name; done
nft add element inet pif pif4 '{ pnic0, znic0 }'; nft add element inet pif pif6 '{ pnic0, znic0 }'
`;

const NAT = `map pnic0 10.2.0.0/24 -> 0/32 portmap tcp/udp 10000:29999
map pnic0 10.2.0.0/24 -> 0/32
rdr pnic0 203.0.113.5/32 port 443 -> 10.2.0.2 port 8443 tcp
`;

/** The rules of reference/default-rules.md. */
const DEFAULT_RULES = `pass in quick on lo0 all
pass out quick on lo0 all
block in quick on znic0 from ! 10.2.0.0/24 to any
block in quick on pnic0 from 10.2.0.0/24 to any
block in quick on pnic0 from any to 10.2.0.0/24 with not nat
pass in quick on znic0 proto tcp from 10.2.0.0/24 to any flags S keep state
pass in quick on znic0 proto udp from 10.2.0.0/24 to any keep state
pass in quick on znic0 proto icmp from 10.2.0.0/24 to any keep state
pass out quick on pnic0 proto tcp from any to any flags S keep state
pass out quick on pnic0 proto udp from any to any keep state
pass out quick on pnic0 proto icmp from any to any keep state
pass in quick on pnic0 proto tcp from any to 10.2.0.2/32 port = 8443 flags S keep state
pass out quick on znic0 proto tcp from any to 10.2.0.0/24 flags S keep state
pass out quick on znic0 proto udp from any to 10.2.0.0/24 keep state
pass out quick on znic0 proto icmp from any to 10.2.0.0/24 keep state
block in all
block out all
`;

const DISCOVERY = [133, 134, 135, 136]
  .flatMap((type) => [
    `pass in quick proto ipv6-icmp all icmp-type ${type}`,
    `pass out quick proto ipv6-icmp all icmp-type ${type}`,
  ])
  .join('\n');

/** Says who connected or sent, to whoever did, again for every line. */
const SERVER = `
const [kind, port] = process.argv.slice(1);
if (kind === 'tcp') require('net').createServer((s) => { s.on('error', () => {}); const say = () => s.write(s.remoteAddress + '\\n'); say(); s.on('data', say); })
  .listen(+port, '::', () => console.log('listening'));
else { const s = require('dgram').createSocket('udp4'); s.on('message', (m, r) => s.send(r.address + '\\n', r.port, r.address));
  s.bind(+port, () => console.log('listening')); }
setTimeout(() => process.exit(), 120000);`;

/** Prints the answer, an error's name, or "silence". */
const CLIENT = `
const [kind, host, port] = process.argv.slice(1);
const done = (t) => { console.log(String(t).trim().replace('::ffff:', '')); process.exit(0); };
if (kind === 'tcp') require('net').connect({ host, port: +port }).on('data', done).on('error', (e) => done(e.code));
else { const s = require('dgram').createSocket('udp4'); s.on('error', (e) => done(e.code)); s.on('message', done);
  s.connect(+port, host, () => s.send('x')); }
setTimeout(() => done('silence'), 800);`;

/** Connects, and asks once more for every line it reads. */
const TALKER = `
const [host, port] = process.argv.slice(1);
const s = require('net').connect({ host, port: +port });
s.on('data', (d) => console.log('heard ' + String(d).trim())).on('error', (e) => console.log(e.code));
process.stdin.on('data', () => s.write('x'));`;

const node = (script: string, ...args: readonly string[]) => [process.execPath, '-e', script, '--', ...args];

const test = suite<{ lab: LabHandle }>('filter of packets');

test.before(async (context) => {
  const lab = await startLab();
  context.lab = lab;
  await lab.mustRun(['bash', '-ec', WIRES], { netns: 'z0' });
  await lab.spawn(node(SERVER, 'tcp', '80'), { netns: 'outside' }).said('listening');
  await lab.spawn(node(SERVER, 'udp', '53'), { netns: 'outside' }).said('listening');
  await lab.spawn(node(SERVER, 'tcp', '8443'), { netns: 'inside' }).said('listening');
  await lab.spawn(node(SERVER, 'tcp', '22'), { netns: 'z0' }).said('listening');
});

test.after(async ({ lab }) => {
  await lab.stop();
});

async function ask(lab: LabHandle, netns: string, ...args: readonly string[]): Promise<string> {
  return (await lab.mustRun(node(CLIENT, ...args), { netns })).trim();
}

/** A stack with these rules and no others. */
async function load(lab: LabHandle, rules: string, family: readonly string[] = []): Promise<void> {
  await lab.run(['ipf', '-D']);
  const { status, stderr } = await lab.run(['ipf', '-E', ...family, '-f', '-'], { stdin: rules });
  assert.equal([status, stderr], [0, '']);
}

test('the default rules let out what is inside, let in what is redirected, and nothing else', async ({ lab }) => {
  await load(lab, DEFAULT_RULES);
  await lab.mustRun(['ipnat', '-f', '-'], { stdin: NAT });
  assert.equal(
    {
      out: await ask(lab, 'inside', 'tcp', '203.0.113.1', '80'),
      dns: await ask(lab, 'inside', 'udp', '203.0.113.1', '53'),
      ping: (await lab.run(['ping', '-c1', '-W1', '203.0.113.1'], { netns: 'inside' })).status,
      redirected: await ask(lab, 'outside', 'tcp', '203.0.113.5', '443'),
      straight: await ask(lab, 'outside', 'tcp', '10.2.0.2', '8443'),
      ssh: await ask(lab, 'outside', 'tcp', '203.0.113.5', '22'),
      own: await ask(lab, 'z0', 'tcp', '203.0.113.1', '80'),
    },
    {
      out: '203.0.113.5',
      dns: '203.0.113.5',
      ping: 0,
      redirected: '203.0.113.1',
      straight: 'silence',
      ssh: 'silence',
      own: '203.0.113.5',
    },
  );
});

test('without "with not nat" the redirected port is open to who addresses the inside', async ({ lab }) => {
  await load(lab, DEFAULT_RULES.replace(/^.*with not nat\n/m, ''));
  await lab.mustRun(['ipnat', '-f', '-'], { stdin: NAT });
  assert.is(await ask(lab, 'outside', 'tcp', '10.2.0.2', '8443'), '203.0.113.1');
});

test('return-rst and return-icmp answer, even where nothing may go out', async ({ lab }) => {
  await load(
    lab,
    'block return-rst in quick on pnic0 proto tcp all\nblock return-icmp(port-unr) in quick on pnic0 proto udp all\nblock out all\n',
  );
  assert.is(await ask(lab, 'outside', 'tcp', '203.0.113.5', '22'), 'ECONNREFUSED');
  assert.is(await ask(lab, 'outside', 'udp', '203.0.113.5', '99'), 'ECONNREFUSED');
});

test('block is silent, and a blocked way out too', async ({ lab }) => {
  await load(lab, 'block in on pnic0 proto tcp from any to any port = 22\n');
  assert.is(await ask(lab, 'outside', 'tcp', '203.0.113.5', '22'), 'silence');
  await load(lab, 'block return-rst out on pnic0 proto tcp from any to any port = 80\n');
  assert.is(await ask(lab, 'z0', 'tcp', '203.0.113.1', '80'), 'silence');
});

test('-Fa and a reload leave established connections alone, -FS cuts them', async ({ lab }) => {
  const rules = 'pass in quick on pnic0 proto tcp from any to any port = 22 flags S keep state\nblock in all\n';
  await load(lab, rules);
  const talker = lab.spawn(node(TALKER, '203.0.113.5', '22'), { netns: 'outside' });
  await talker.said('heard');
  const heard = () => talker.stdout().split('heard').length - 1;
  const answered = async () => {
    const before = heard();
    talker.stdin.write('x\n');
    for (let i = 0; i < 20 && heard() === before; i += 1) await new Promise((resolve) => setTimeout(resolve, 25));
    return heard() > before;
  };
  await lab.mustRun(['ipf', '-Fa', '-f', '-'], { stdin: rules.replace('port = 22', 'port = 23') });
  assert.ok(await answered(), 'after a reload that would not let it in again');
  await lab.mustRun(['ipf', '-FS']);
  assert.not(await answered(), 'after the flush of states');
  await talker.kill('SIGKILL');
});

test('loads into the inactive set, and swaps it in', async ({ lab }) => {
  await load(lab, 'block in on pnic0 proto tcp all\n');
  await lab.mustRun(['ipf', '-If', '-'], { stdin: 'pass in on pnic0 proto tcp all\n' });
  assert.is(await ask(lab, 'outside', 'tcp', '203.0.113.5', '22'), 'silence');
  await lab.mustRun(['ipf', '-s']);
  assert.is(await ask(lab, 'outside', 'tcp', '203.0.113.5', '22'), '203.0.113.1');
});

test('counts hits, and keeps them when rules are added', async ({ lab }) => {
  await load(lab, 'count in on pnic0 proto udp all\nblock in on pnic0 proto udp all\n');
  await ask(lab, 'outside', 'udp', '203.0.113.5', '99');
  await lab.mustRun(['ipf', '-f', '-'], { stdin: 'pass out all\n' });
  await ask(lab, 'outside', 'udp', '203.0.113.5', '99');
  assert.is((await lab.run(['ipfstat', '-ih'])).stdout, '2 block in on pnic0 proto udp from any to any\n');
  assert.match((await lab.run(['ipfstat', '-iah'])).stdout, /^2 58 count in on pnic0 proto udp from any to any\n$/);
});

test('knows links by names longer than a Linux device’s', async ({ lab }) => {
  await load(lab, 'block in on anameoverfifteenletters0 proto tcp from any to any port = 80\n');
  await lab.mustRun(['ipnat', '-f', '-'], { stdin: NAT });
  assert.is(await ask(lab, 'inside', 'tcp', '203.0.113.1', '80'), 'silence');
  await load(lab, 'block in on anothernameoverfifteen0 proto tcp from any to any port = 80\n');
  await lab.mustRun(['ipnat', '-f', '-'], { stdin: NAT });
  assert.is(await ask(lab, 'inside', 'tcp', '203.0.113.1', '80'), '203.0.113.5');
});

test('filters IPv6 by its own rules, neighbour discovery included', async ({ lab }) => {
  const ping = async () => {
    await lab.run(['ip', 'neigh', 'flush', 'all'], { netns: 'outside' });
    await lab.run(['ip', 'neigh', 'flush', 'all'], { netns: 'z0' });
    return (await lab.run(['ping', '-c1', '-W1', '2001:db8::5'], { netns: 'outside' })).status === 0;
  };
  await load(lab, 'block in all\n');
  assert.ok(await ping(), 'IPv4 rules do not touch IPv6');
  await load(
    lab,
    'pass in proto ipv6-icmp all icmp-type 128\nblock in proto tcp all\nblock in proto ipv6-icmp all icmp-type 135\n',
    ['-6'],
  );
  assert.not(await ping(), 'neighbour solicitations are blocked');
  await load(
    lab,
    `${DISCOVERY}\npass in quick proto ipv6-icmp all icmp-type 128 keep state\nblock in all\nblock out all\n`,
    ['-6'],
  );
  assert.ok(await ping(), 'with neighbour discovery let through');
  assert.is(await ask(lab, 'outside', 'tcp', '2001:db8::5', '22'), 'silence');
});

test('goes when it is disabled', async ({ lab }) => {
  await load(lab, 'block in all\n');
  await lab.mustRun(['ipf', '-D']);
  assert.is(await ask(lab, 'outside', 'tcp', '203.0.113.5', '22'), '203.0.113.1');
});

test('refuses by name what the kernel cannot follow', async ({ lab }) => {
  await load(lab, 'pass in all\n');
  for (const rule of [
    'auth in all',
    'pass in to pnic0 all',
    'block in all with frags',
    'pass in from pool/1 to any',
    'block in all keep state',
  ]) {
    const { status, stderr } = await lab.run(['ipf', '-Fa', '-f', '-'], { stdin: `${rule}\n` });
    assert.is(status, 125, rule);
    assert.match(stderr, /^lab: not modelled: /, rule);
  }
  assert.is((await lab.takeNotModelled()).length, 5);
});

test.run();
