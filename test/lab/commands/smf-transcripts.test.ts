// §11.7, byte for byte.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type FakeLab, manifest, needs, startFakeLab } from '../smf/fake-zone.ts';

const test = suite<{ fake: FakeLab }>('smf tools');

const CONFIG = `<property_group name='config' type='application'>
<propval name='address' type='net_address' value='10.20.1.1/24'/>
<propval name='description' type='astring' value='two words'/>
<property name='routes' type='astring'><astring_list><value_node value='10.0.0.0/8'/><value_node value='172.16.0.0/12'/></astring_list></property>
<propval name='empty' type='astring' value=''/>
</property_group>`;

/** The zone of the transcripts, whose service works, fails or waits. */
async function boot(fake: FakeLab, options: Parameters<typeof manifest>[1] = {}): Promise<void> {
  const text = manifest('site/zone-net', {
    before: needs('physical', 'require_all/none', 'svc:/network/physical:default'),
    groups: CONFIG,
    ...options,
  });
  fake.deliver({ 'zone-net': text.replace('test site/zone-net', 'zone network setup') });
  await fake.boot();
}

test.before.each(async (context) => {
  context.fake = await startFakeLab();
  context.fake.answers.set('netstat', { stdout: 'default 10.0.0.1\n' });
});
test.after.each(async ({ fake }) => {
  await fake.stop();
  assert.equal(fake.lab.notModelled, []);
});

/** "$ command", stdout lines, "2>" stderr lines, "=status". A last "\" keeps blanks at the end of a line. */
async function check(fake: FakeLab, transcript: string): Promise<void> {
  for (const part of transcript.trim().split(/^\$ /m).slice(1)) {
    const [command = '', ...lines] = part.trimEnd().split('\n');
    const { status, stdout, stderr } = await fake.run(command);
    const said = (text: string, prefix: string) =>
      text
        .split('\n')
        .slice(0, -1)
        .map((line) => `${prefix}${line.replace(/ $/, ' \\')}`);
    assert.equal([...said(stderr, '2>'), ...said(stdout, ''), `=${status}`], lines, command);
  }
}

test('svcs and svcprop of a service that runs', async ({ fake }) => {
  await boot(fake);
  await check(
    fake,
    `
$ svcs svc:/site/zone-net:default
STATE          STIME    FMRI
online         12:01:07 svc:/site/zone-net:default
=0
$ svcs -H -o state,fmri svc:/site/zone-net:default
online         svc:/site/zone-net:default
=0
$ svcs -H -o state svc:/site/zone-net:default
online
=0
$ svcs nosuch
2>svcs: Pattern 'nosuch' doesn't match any instances
STATE          STIME    FMRI
=1
$ svcs -l svc:/site/zone-net:default
fmri         svc:/site/zone-net:default
name         zone network setup
enabled      true
state        online
next_state   none
state_time   January  3, 2025 at 12:01:07 PM UTC
logfile      /var/svc/log/site-zone-net:default.log
restarter    svc:/system/svc/restarter:default
contract_id \\
dependency   require_all/none svc:/network/physical:default (online)
=0
$ svcprop -p restarter/state svc:/site/zone-net:default
online
=0
$ svcprop -p config svc:/site/zone-net:default
config/address net_address 10.20.1.1/24
config/description astring two\\ words
config/routes astring 10.0.0.0/8 172.16.0.0/12
config/empty astring ""
=0
$ svcprop -p config/nosuch svc:/site/zone-net:default
2>svcprop: Couldn't find property \`config/nosuch' for instance \`svc:/site/zone-net:default'.
=1
$ svcprop -p nosuch/x svc:/site/zone-net:default
2>svcprop: Couldn't find property group \`nosuch' for instance \`svc:/site/zone-net:default'.
=1
$ svcprop -p a/b svc:/site/nosuch:default
2>svcprop: Pattern 'svc:/site/nosuch:default' doesn't match any entities
=1
$ svcadm enable svc:/site/nosuch:default
2>svcadm: Pattern 'svc:/site/nosuch:default' doesn't match any instances
=1
$ svcadm clear svc:/site/zone-net:default
2>svcadm: Instance "svc:/site/zone-net:default" is not in a maintenance or degraded state.
=1
$ svccfg -s svc:/site/nosuch:default listprop
2>svccfg: Pattern 'svc:/site/nosuch:default' doesn't match any instances or services
=1
$ svccfg -s svc:/site/zone-net addpg config application
2>svccfg: Property group already exists.
=1
$ svccfg -s svc:/site/zone-net:default setprop nosuch/x = astring: "v"
2>svccfg: No such property group "nosuch".
=1
`,
  );
});

test('a service in maintenance', async ({ fake }) => {
  await boot(fake, { start: 'exit 96' });
  await check(
    fake,
    `
$ svcs -x svc:/site/zone-net:default
svc:/site/zone-net:default (zone network setup)
 State: maintenance since January  3, 2025 at 12:01:07 PM UTC
Reason: Start method exited with $SMF_EXIT_ERR_CONFIG.
   See: http://illumos.org/msg/SMF-8000-KS
   See: /var/svc/log/site-zone-net:default.log
Impact: This service is not running.
=0
$ svcadm enable -s svc:/site/zone-net:default
2>svcadm: Instance "svc:/site/zone-net:default" is in maintenance state.
=3
`,
  );
});

test('a service whose dependency is down', async ({ fake }) => {
  await boot(fake, { before: needs('f', 'require_all/none', 'svc:/network/ipfilter:default') });
  await check(
    fake,
    `
$ svcadm enable -s svc:/site/zone-net:default
2>svcadm: Instance "svc:/site/zone-net:default" has unsatisfied dependencies.
=4
`,
  );
});

test('svccfg import of a broken file', async ({ fake }) => {
  await boot(fake);
  fake.files.write('/broken.xml', '<service_bundle>');
  const { status, stdout, stderr } = await fake.run('svccfg import broken.xml');
  assert.equal([status, stdout], [1, '']);
  assert.match(stderr, /^broken\.xml: line 1: .*\nsvccfg: couldn't parse document\n$/s);
});

test('all zones at once', async ({ fake }) => {
  await boot(fake, { start: 'exit 96' });
  await fake.smf.boot(fake.lab.global);
  while (fake.smf.of(fake.lab.global)?.startd === undefined) await new Promise((resolve) => setImmediate(resolve));
  await fake.smf.of(fake.lab.global)?.startd?.settled();
  const { stdout } = await fake.runGlobal('svcs -Z -a -H -o state,fmri,zone');
  const lines = stdout.split('\n');
  assert.ok(lines.includes(`online         ${'svc:/milestone/network:default'.padEnd(50)} global`));
  assert.ok(lines.includes(`online         ${'svc:/milestone/network:default'.padEnd(50)} z`));
  assert.is(lines.at(-2), `maintenance    ${'svc:/site/zone-net:default'.padEnd(50)} z`);
  assert.is((await fake.runGlobal('svcs -z z -H -o state site/zone-net')).stdout, 'maintenance\n');
  assert.is((await fake.runGlobal('svcs -Z -H -o zone site/zone-net')).stdout, 'z\n');
  assert.match((await fake.runGlobal('svcs -z z -x site/zone-net')).stdout, '\n  Zone: z\n State: maintenance');
  assert.is((await fake.runGlobal('svcs -z nosuch')).stderr, "svcs: invalid zone 'nosuch'\n");
  assert.is((await fake.run('svcs -z z')).stderr, 'svcs: svcs -z may only be used from the global zone\n');
  assert.equal(await fake.runGlobal('svcadm -Z disable -s site/zone-net'), { status: 0, stdout: '', stderr: '' });
  assert.is(fake.state('site/zone-net'), 'disabled');
  assert.is((await fake.run('svcadm -Z enable x')).stderr, 'svcadm: svcadm -Z may only be used from the global zone\n');
});

test('svcs tells dependencies, dependents and logs', async ({ fake }) => {
  await boot(fake);
  assert.is((await fake.run('svcs -d -H -o fmri site/zone-net')).stdout, 'svc:/network/physical:default\n');
  const dependents = (await fake.run('svcs -D -H -o fmri network/physical')).stdout.split('\n');
  assert.ok(dependents.includes('svc:/site/zone-net:default'));
  assert.ok(!dependents.includes('svc:/network/loopback:default'));
  assert.is((await fake.run('svcs -L site/zone-net')).stdout, '/var/svc/log/site-zone-net:default.log\n');
  const { stdout } = await fake.run('svcs -a -H -s fmri -o fmri');
  assert.equal(stdout.trim().split('\n'), [...stdout.trim().split('\n')].sort());
});

test('early in a boot the repository server is not there', async ({ fake }) => {
  await boot(fake);
  fake.lab.switches.set('repository-down:z', '4');
  assert.equal(await fake.runGlobal('svcs -z z -H -o state milestone/network'), {
    status: 1,
    stdout: '',
    stderr: 'svcs: Could not bind to repository server for zone z: repository server unavailable\n',
  });
  assert.is(
    (await fake.runGlobal('svcprop -z z -p a/b x')).stderr,
    'svcprop: Could not connect to configuration repository: repository server unavailable.\n',
  );
  assert.is((await fake.runGlobal('svcadm -z z refresh x')).stderr, "svcadm: Couldn't bind to svc.configd.\n");
  assert.is((await fake.runGlobal('svccfg -z z listpg')).status, 1);
  assert.is((await fake.runGlobal('svcs -z z -H -o state milestone/network')).stdout, 'online\n');
});

test('a transition has its star, and states are ordered from the least interesting', async ({ fake }) => {
  fake.deliver({
    slow: manifest('site/slow', { start: `while [ ! -e ${fake.root}/go ]; do sleep 0.02; done` }),
    broken: manifest('site/broken', { start: 'exit 95' }),
  });
  await fake.smf.boot(fake.zone);
  while (fake.smf.of(fake.zone)?.startd === undefined) await new Promise((resolve) => setImmediate(resolve));
  await fake.until('site/broken', 'maintenance');
  fake.clock += 3600 * 1000;
  const { stdout } = await fake.run('svcs -o state,nstate,fmri site/slow site/broken network/ipfilter loopback');
  assert.is(
    stdout,
    `STATE          NSTATE        FMRI
disabled       -             svc:/network/ipfilter:default
online         -             svc:/network/loopback:default
offline        online        svc:/site/slow:default
maintenance    -             svc:/site/broken:default
`,
  );
  assert.is((await fake.run('svcs -H site/slow')).stdout, 'offline*       12:01:07 svc:/site/slow:default\n');
  fake.files.write('/go', '');
  await fake.settled();
  fake.clock += 48 * 3600 * 1000;
  assert.is(
    (await fake.run('svcs -H -o stime,ctid,sta,inst,svc site/slow')).stdout,
    'Jan_03        - ON   default              site/slow\n',
  );
});

test('a property that is set is not seen before refresh', async ({ fake }) => {
  await boot(fake);
  const set = await fake.run('svccfg -s site/zone-net setprop config/description = astring: \'"new words"\'');
  assert.equal(set, { status: 0, stdout: '', stderr: '' });
  assert.is((await fake.run('svcprop -p config/description site/zone-net:default')).stdout, 'two\\ words\n');
  assert.is((await fake.run('svcprop -c -p config/description site/zone-net:default')).stdout, 'new\\ words\n');
  await fake.run('svcadm refresh site/zone-net');
  assert.is((await fake.run('svcprop -p config/description site/zone-net:default')).stdout, 'new\\ words\n');
  const full = await fake.run('svcprop -f -p config/empty site/zone-net:default');
  assert.is(full.stdout, 'svc:/site/zone-net:default/:properties/config/empty astring ""\n');
  assert.equal(await fake.run('svcprop -q -p config/nosuch site/zone-net:default'), {
    status: 1,
    stdout: '',
    stderr: '',
  });
});

test('svcprop -w waits for a change', async ({ fake }) => {
  await boot(fake, { enabled: false });
  const waiting = fake.run('svcprop -w -p restarter/state site/zone-net:default');
  await fake.run('svcadm enable site/zone-net');
  assert.match((await waiting).stdout, /^(offline|online)\n$/);
});

test('svccfg takes statements from a file and says where it failed', async ({ fake }) => {
  await boot(fake);
  const script = `# comment
select site/zone-net
addpg limits application
setprop limits/list = astring: ("a b" "c\\"d")
addpropvalue limits/list "e"
setprop limits/count = count: 0x10
setprop limits/many = count: many
setprop limits/never = count: 1
`;
  fake.files.write('/script', script);
  assert.equal(await fake.run('svccfg -f /script'), {
    status: 1,
    stdout: '',
    stderr: 'svccfg (/script, line 7): Invalid "count" value "many".\n',
  });
  assert.is(
    (await fake.run('svccfg -s site/zone-net listprop limits')).stdout,
    `limits        application
limits/list   astring      "a b" "c\\"d" "e"
limits/count  count        16
`,
  );
  const { status } = await fake.run('svccfg', 'select site/zone-net\ndelprop limits/list\ndelpg limits\n');
  assert.is(status, 0);
  assert.is((await fake.run('svccfg -s site/zone-net listpg limits')).stdout, '');
});

test('the words of a svccfg command line are joined, read again, and cut at 2047 characters', async ({ fake }) => {
  await boot(fake);
  assert.is(
    (await fake.run("svccfg -s site/zone-net setprop config/description = 'two words'")).stderr,
    'svccfg: Syntax error.\n',
  );
  const long = 'x'.repeat(3000);
  await fake.run(`svccfg -s site/zone-net setprop config/description = ${long}`);
  await fake.run('svcadm refresh site/zone-net');
  const { stdout } = await fake.run('svcprop -p config/description site/zone-net:default');
  assert.is(stdout.trim().length, 2047 - 'setprop config/description = '.length);
});

test('delete wants -f for what may run', async ({ fake }) => {
  await boot(fake);
  assert.equal(await fake.run('svccfg delete site/zone-net:default'), {
    status: 1,
    stdout: '',
    stderr: 'svccfg: Instance svc:/site/zone-net:default may be running.  Use delete -f if it is not.\n',
  });
  assert.is((await fake.run('svccfg delete -f site/zone-net')).status, 0);
  assert.is((await fake.run('svcs site/zone-net')).status, 1);
});

test('enable -r enables what is depended on; mark and usage', async ({ fake }) => {
  await boot(fake, { before: needs('f', 'require_all/none', 'svc:/network/ipv4-forwarding:default'), enabled: false });
  assert.is((await fake.run('svcadm enable -rs site/zone-net')).status, 0);
  assert.is(fake.state('network/ipv4-forwarding'), 'online');
  assert.is((await fake.run('svcadm mark maintenance site/zone-net')).status, 0);
  await fake.until('site/zone-net', 'maintenance');
  assert.match((await fake.run('svcs -x site/zone-net')).stdout, 'Reason: Maintenance requested by an administrator.');
  for (const line of ['svcadm', 'svcadm frobnicate x', 'svcadm enable', 'svcs -Q', 'svcs -l', 'svcprop', 'svcs -dD x'])
    assert.is((await fake.run(line)).status, 2, line);
  assert.is((await fake.run('svcadm enable default')).status, 1);
  assert.match(
    (await fake.run('svcadm enable identity')).stderr,
    "Pattern 'identity' matches multiple instances:\n\tsvc:/system/identity:node\n",
  );
});

for (const line of [
  'svcadm milestone all',
  'svccfg editprop',
  'svcs -R x',
  'svcprop -C x',
  'svcadm disable -c why x',
]) {
  test(`refuses ${line}`, async ({ fake }) => {
    await boot(fake);
    let message = '';
    await fake.run(line).catch((error: Error) => {
      message = error.name;
    });
    assert.is(message, 'NotModelled');
  });
}

test.run();
