import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type FakeLab, startFakeLab } from './fake-zone.ts';
import { instancesOf } from './repository.ts';

const test = suite<{ fake: FakeLab }>('smf stock services');

test.before.each(async (context) => {
  context.fake = await startFakeLab();
  context.fake.answers.set('netstat', { stdout: 'default 10.0.0.1\n' });
});
test.after.each(async ({ fake }) => {
  await fake.stop();
  assert.equal(fake.lab.notModelled, []);
});

/** The services in the order they came up. */
async function bootInOrder(fake: FakeLab): Promise<string[]> {
  fake.tick = 1;
  const startd = await fake.boot();
  const runs = instancesOf(fake.repository()).flatMap((instance) => startd.run(instance) ?? []);
  return runs
    .filter(({ state }) => state === 'online')
    .sort((a, b) => a.since - b.since)
    .map(({ instance }) => instance.fmri);
}

test('boots in the order of §11.8', async ({ fake }) => {
  await fake.boot();
  await fake.run('svcadm enable network/ipfilter');
  await fake.halt();
  const order = await bootInOrder(fake);
  const wanted = [
    ...['network/datalink-management', 'network/ip-interface-management', 'network/loopback', 'network/physical'],
    ...['network/ipfilter', 'milestone/network', 'network/routing-setup', 'milestone/single-user'],
    ...['milestone/multi-user', 'milestone/multi-user-server'],
  ].map((name) => `svc:/${name}:default`);
  assert.equal(
    order.filter((fmri) => wanted.includes(fmri)),
    wanted,
  );
});

test('loopback and physical use ipadm and route', async ({ fake }) => {
  fake.answers.set('ipadm show-if', { stdout: 'lo0:ok\nznic0:disabled\nznic1:ok\n' });
  fake.files.write('/etc/defaultrouter', '# routers\n10.0.0.1\n10.0.0.2\n');
  await fake.boot();
  assert.equal(
    fake.calls.filter((line) => !line.startsWith('ipadm show')),
    [
      'ipadm create-addr -t -T static -a 127.0.0.1/8 lo0/v4',
      'ipadm create-addr -t -T static -a ::1/128 lo0/v6',
      'ipadm enable-if -t znic0',
      'route -n add default 10.0.0.1',
      'route -n add default 10.0.0.2',
      'netstat -rn -f inet',
    ],
  );
});

test('an /etc/hostname file whose link is not there ends in maintenance', async ({ fake }) => {
  fake.files.write('/etc/hostname.znic0', '10.0.0.2/24 up\n');
  fake.answers.set('ipadm create-if', { status: 1 });
  await fake.boot();
  assert.is(fake.state('network/physical'), 'maintenance');
  assert.match((await fake.run('svcs -x network/physical')).stdout, '$SMF_EXIT_ERR_CONFIG');
  assert.is(fake.state('milestone/network'), 'offline');
});

test('an empty defaultrouter flushes; no default route starts in.routed', async ({ fake }) => {
  fake.files.write('/etc/defaultrouter', '# none\n');
  fake.files.write('/etc/inet/static_routes', '# comment\n10.9.0.0/16 10.0.0.9\n10.8.0.0/16 znic0 -interface\n');
  fake.answers.set('netstat', { stdout: '\nRouting Table: IPv4\n' });
  await fake.boot();
  assert.equal(
    fake.calls.filter((line) => line.startsWith('route')),
    ['route -fn', 'route -n add 10.8.0.0/16 znic0 -interface', 'route -n add 10.9.0.0/16 10.0.0.9'],
  );
  assert.is(fake.state('network/routing/route'), 'online');
});

test('a default route keeps in.routed away', async ({ fake }) => {
  await fake.boot();
  assert.not(fake.calls.includes('route -fn'));
  assert.is(fake.state('network/routing/route'), 'disabled');
});

/** Calls of ipf and ipnat since the last look. */
const filterCalls = (fake: FakeLab) =>
  fake.calls.splice(0).filter((line) => line.startsWith('ipf') || line.startsWith('ipnat'));

async function setPolicy(fake: FakeLab, policy: string): Promise<void> {
  await fake.run(`svccfg -s network/ipfilter:default setprop firewall_config_default/policy = astring: ${policy}`);
  await fake.run('svcadm refresh network/ipfilter');
}

test('ipfilter with policy custom loads the files and swaps', async ({ fake }) => {
  await fake.boot();
  fake.files.write('/etc/ipf/ipf.conf', 'block in all\n');
  fake.files.write('/etc/ipf/ipf6.conf', 'block in all\n');
  fake.files.write('/etc/ipf/ipnat.conf', 'map x 10.0.0.0/8 -> 0/32\n');
  await setPolicy(fake, 'custom');
  fake.calls.length = 0;
  assert.is((await fake.run('svcadm enable -s network/ipfilter')).status, 0);
  const loads = [
    ...['ipf -IFa', 'ipf -6 -IFa', 'ipf -I -f /var/run/ipf/ipf.conf', 'ipf -6 -I -f /var/run/ipf/ipf6.conf', 'ipf -s'],
    ...['ipnat -CF', 'ipnat -f /etc/ipf/ipnat.conf', 'ipf -y'],
  ];
  assert.equal(filterCalls(fake), ['ipf -E', ...loads]);
  assert.is(fake.files.read('/var/run/ipf/ipf.conf'), 'block in all\n');
  await fake.run('svcadm refresh network/ipfilter');
  await fake.settled();
  assert.equal(filterCalls(fake), loads);
  assert.is(fake.files.read('/etc/ipf/ipf.conf'), 'block in all\n');
  await fake.run('svcadm disable -s network/ipfilter');
  assert.equal(filterCalls(fake), ['ipf -D']);
});

test('the first start of ipfilter takes up rules that are there, later edits are ignored under policy none', async ({
  fake,
}) => {
  await fake.boot();
  fake.files.write('/etc/ipf/ipf.conf', '# only a comment\n');
  await fake.run('svcadm enable -s network/ipfilter');
  assert.is((await fake.run('svcprop -p firewall_config_default/policy network/ipfilter:default')).stdout, 'none\n');
  assert.is((await fake.run('svcprop -p firewall_config_default/version network/ipfilter:default')).stdout, '1\n');
  fake.files.write('/etc/ipf/ipf.conf', 'block in all\n');
  await fake.run('svcadm restart network/ipfilter');
  await fake.settled();
  assert.is((await fake.run('svcprop -p firewall_config_default/policy network/ipfilter:default')).stdout, 'none\n');
  assert.is(fake.files.read('/var/run/ipf/ipf.conf'), '');
});

test('a filter that does not load keeps the old set, a NAT file that does not leaves none: both are maintenance', async ({
  fake,
}) => {
  await fake.boot();
  fake.files.write('/etc/ipf/ipf.conf', 'block in all\n');
  fake.files.write('/etc/ipf/ipnat.conf', 'map\n');
  await fake.run('svcadm enable -s network/ipfilter');
  fake.calls.length = 0;
  fake.answers.set('ipf -I -f', { status: 1 });
  await fake.run('svcadm refresh network/ipfilter');
  await fake.settled();
  assert.is(fake.state('network/ipfilter'), 'maintenance');
  assert.equal(filterCalls(fake), ['ipf -IFa', 'ipf -6 -IFa', 'ipf -I -f /var/run/ipf/ipf.conf']);
  fake.answers.delete('ipf -I -f');
  fake.answers.set('ipnat -f', { status: 1 });
  await fake.run('svcadm clear network/ipfilter');
  await fake.settled();
  assert.is(fake.state('network/ipfilter'), 'maintenance');
  assert.equal(filterCalls(fake).slice(-2), ['ipnat -CF', 'ipnat -f /etc/ipf/ipnat.conf']);
});

test('ipfilter stays offline without identity:domain; milestone/network goes on', async ({ fake }) => {
  await fake.boot();
  await fake.run('svcadm disable -s system/identity:domain');
  assert.is((await fake.run('svcadm enable -s network/ipfilter')).status, 4);
  await fake.halt();
  await fake.boot();
  assert.equal([fake.state('network/ipfilter'), fake.state('milestone/network')], ['offline', 'online']);
});

test('restarting physical restarts ipfilter', async ({ fake }) => {
  await fake.boot();
  await fake.run('svcadm enable -s network/ipfilter');
  fake.calls.length = 0;
  await fake.run('svcadm restart network/physical');
  await fake.settled();
  assert.equal(filterCalls(fake).slice(0, 2), ['ipf -D', 'ipf -E']);
});

test('forwarding is persistent; IPv6 refuses without an IPv6 interface', async ({ fake }) => {
  await fake.boot();
  await fake.run('svcadm enable -s network/ipv4-forwarding');
  assert.ok(fake.calls.includes('ipadm set-prop -p forwarding=on ipv4'));
  await fake.run('svcadm disable -s network/ipv4-forwarding');
  assert.ok(fake.calls.includes('ipadm set-prop -p forwarding=off ipv4'));
  assert.is((await fake.run('svcadm enable -s network/ipv6-forwarding')).status, 3);
});

test('without ipmgmtd nothing of the network comes up', async ({ fake }) => {
  fake.lab.switches.set('ipmgmtd-down', 'yes');
  await fake.boot();
  assert.is(fake.state('network/ip-interface-management'), 'maintenance');
  assert.is(fake.state('network/physical'), 'offline');
});

test.run();
