// The boot method in a zone behind a proxy, in the lab: every boot, refresh, bad input, a method killed anywhere.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type StoryLab, startStoryLab } from '../support/lab-zone.ts';

const test = suite<{ story: StoryLab }>('the method in a member zone');

/** The metadata that each test finds and leaves. */
let good = '';

test.before(async (context) => {
  context.story = await startStoryLab('web1');
});

test.before.each(async ({ story }) => {
  good = await story.readFile('global', '/var/zonenet/zones/web1/metadata.ini');
});

test.after(async ({ story }) => {
  await story.stop();
});

/** What the zone has: addresses, default routes, files. */
async function stateOf({ mustRun }: StoryLab): Promise<string> {
  const commands = [
    // With link protection every address is of type from-gz (§2.3); a reboot takes that away until the host puts it back.
    '/usr/sbin/ipadm show-addr -p -o addrobj,type,state,addr | sed s/:from-gz:/:static:/',
    '/usr/bin/netstat -rn -f inet | grep default',
    'cat /etc/inet/hosts /etc/nodename',
    '/usr/sbin/routeadm -p ipv4-routing',
    '/usr/bin/svcprop -c -p status svc:/network/zonenet:default | grep "generation\\|verified\\|message" | sort',
  ];
  return await mustRun(commands.join('; '), { zone: 'web1' });
}

test('first boot', async ({ story }) => {
  assert.equal(
    (await stateOf(story)).split('\n').filter((line) => !line.startsWith('#')),
    [
      'lo0/v4:static:ok:127.0.0.1/8',
      'znic0/v4:static:ok:10.2.0.2/24',
      'lo0/v6:static:ok:\\:\\:1/128',
      'default              10.2.0.1             UG        2          0 znic0     ',
      '::1 localhost',
      '127.0.0.1 localhost',
      '10.2.0.2 web1 loghost',
      'web1',
      'persistent=disabled default=disabled current=disabled',
      'status/generation count 1',
      'status/message astring ""',
      'status/verified boolean true',
      '',
    ],
  );
});

test('a reboot ends in the same state, before anything that needs the network', async ({ story }) => {
  const before = await stateOf(story);
  await story.reboot('web1');
  assert.is(await stateOf(story), before);
  assert.match(await story.log('web1'), /: booted by the plan made ahead, verified\n/);
});

test('a refresh with nothing new changes nothing and says so in one line', async ({ story }) => {
  const files = () =>
    story.mustRun('cd /var/zonenet; for name in *.*; do ls -li --time-style=full-iso $name; done', { zone: 'web1' });
  const [mark, before] = [await story.mark(), await files()];
  const log = await story.logOf('web1', () => story.refresh('web1'));
  assert.is(await files(), before);
  // Nor was anything rendered, though its plan made ahead is all that ran until now.
  assert.equal(
    (await story.mustRun('ls /var/zonenet', { zone: 'web1' })).split('\n').filter((name) => name.startsWith('code-')),
    ['code-refresh'],
  );
  assert.match(log, /generation 1 \(sha256 [0-9a-f]{8}\): nothing to change, verified in/);
  const calls = (await story.calls(mark)).filter(({ zone, internal }) => zone === 'web1' && !internal);
  assert.equal(
    calls
      .map(({ argv }) => argv.join(' '))
      .filter((line) => !/^(ipadm show-|dladm show-|netstat |svcprop )/.test(line)),
    [],
  );
});

test('an address that somebody changed comes back, and a second default route goes', async ({ story }) => {
  const before = await stateOf(story);
  const spoil = [
    'ipadm delete-addr znic0/v4',
    'ipadm create-addr -t -T static -a 10.2.0.77/24 znic0/other',
    'route -n add default 10.2.0.9',
    'rm /etc/nodename; ln -s /etc/passwd /etc/nodename',
  ];
  await story.mustRun(spoil.join('; '), { zone: 'web1' });
  await story.logOf('web1', () => story.refresh('web1'));
  assert.is(await stateOf(story), before);
  assert.match(await story.readFile('web1', '/etc/passwd'), /root/);
});

for (const [what, edit, said] of [
  [
    'cut short',
    (text: string) => text.slice(0, text.indexOf('[end]')),
    'the file is cut short: its last line, [end], is missing',
  ],
  [
    'of another zone',
    (text: string) => text.replace('zone = web1', 'zone = web2'),
    'this is the metadata of zone "web2", and this zone is "web1"',
  ],
  ['of a newer format', (text: string) => text.replace('format = 1', 'format = 7'), 'format 7 is newer than 1'],
  ['with an unknown key', (text: string) => text.replace('mtu =', 'mtuu ='), '[nic.znic0] unknown key "mtuu"'],
  [
    'with a bad address',
    (text: string) => text.replace('10.2.0.2/24', '10.2.0.300/24'),
    'Cannot read "10.2.0.300" as an IPv4 address',
  ],
] as const) {
  test(`metadata ${what}: the zone keeps running as it was, and says what is wrong`, async ({ story }) => {
    const before = await stateOf(story);
    await story.editMetadata('web1', edit);
    const log = await story.logOf('web1', () => story.refresh('web1'));
    assert.ok(log.includes(said), log);
    assert.ok(log.includes('The configuration in use (generation 1) stays.'), log);
    assert.is(await story.state('web1'), 'online');
    assert.not.match(await stateOf(story), /status\/message astring ""/);
    await story.editMetadata('web1', () => good);
    await story.logOf('web1', () => story.refresh('web1'));
    assert.is(await stateOf(story), before);
  });
}

test('a boot with broken metadata uses the last good configuration', async ({ story }) => {
  await story.editMetadata('web1', () => 'format = 1\n');
  await story.reboot('web1');
  assert.is(await story.state('web1'), 'online');
  assert.match(await story.log('web1'), /The last good configuration \(generation 1\) is used\./);
  assert.match(await stateOf(story), /znic0\/v4:static:ok:10\.2\.0\.2\/24/);
  await story.editMetadata('web1', () => good);
  await story.logOf('web1', () => story.refresh('web1'));
  assert.match(await stateOf(story), /status\/message astring ""/);
});

test('without any good configuration the service is in maintenance, with 96', async ({ story }) => {
  await story.mustRun('rm /var/zonenet/last-good.json', { zone: 'web1' });
  await story.editMetadata('web1', (text) => text.replace('role = member', 'role = guest'));
  await story.mustRun(['/usr/sbin/zoneadm', '-z', 'web1', 'reboot']);
  await story.until('/usr/bin/svcs -z web1 -H -o state svc:/network/zonenet:default', 'maintenance');
  assert.match(await story.log('web1'), /Method "start" exited with status 96/);
  await story.editMetadata('web1', () => good);
  await story.mustRun('/usr/sbin/svcadm -z web1 clear svc:/network/zonenet:default');
  await story.until('/usr/bin/svcs -z web1 -H -o state svc:/network/zonenet:default', 'online');
});

test('a template with an unknown variable is told with its place, and changes nothing', async ({ story }) => {
  await story.writeFile('web1', '/etc/zonenet/templates/hosts.hbs', '{{> banner}}\n{{adress}} x\n');
  const log = await story.logOf('web1', () => story.refresh('web1'));
  assert.ok(log.includes('zonenet: /etc/zonenet/templates/hosts.hbs:2:3: unknown variable "{{adress}}"\n'), log);
  assert.ok(log.includes('did you mean "address"? This template is given: addresses, members'), log);
  assert.match(await story.readFile('web1', '/etc/inet/hosts'), /10\.2\.0\.2 web1 loghost/);
  await story.writeFile(
    'web1',
    '/etc/zonenet/templates/hosts.hbs',
    '{{> banner}}\n{{#each addresses}}\n{{address}} here\n{{/each}}\n',
  );
  await story.logOf('web1', () => story.refresh('web1'));
  assert.match(await story.readFile('web1', '/etc/inet/hosts'), /^10\.2\.0\.2 here$/m);
  await story.mustRun('rm /etc/zonenet/templates/hosts.hbs', { zone: 'web1' });
  await story.logOf('web1', () => story.refresh('web1'));
  assert.match(await story.readFile('web1', '/etc/inet/hosts'), /10\.2\.0\.2 web1 loghost/);
});

test('a duplicate address is a failure with a name', async ({ story }) => {
  await story.switch('address-tentative:znic0/v4', '2 duplicate');
  await story.mustRun(['/usr/sbin/zoneadm', '-z', 'web1', 'reboot']);
  await story.until('/usr/bin/svcs -z web1 -H -o state svc:/network/zonenet:default', 'maintenance');
  assert.match(await story.log('web1'), /Cannot use 10\.2\.0\.2 on znic0\/v4: another machine on that network has it/);
  await story.switch('address-tentative:znic0/v4');
  await story.mustRun('/usr/sbin/svcadm -z web1 clear svc:/network/zonenet:default');
  await story.until('/usr/bin/svcs -z web1 -H -o state svc:/network/zonenet:default', 'online');
});

test('a method that is killed at any command of a boot is tried again, and the zone ends the same', async ({
  story,
}) => {
  const before = await stateOf(story);
  for (const when of ['kill-before', 'kill-after'] as const) {
    for (const cmd of ['ipadm', 'route', 'svcprop'] as const) {
      await story.fault({ zone: 'web1', cmd, action: when });
      await story.reboot('web1');
      await story.until('/usr/bin/svcs -z web1 -H -o state svc:/network/zonenet:default', 'online');
      await story.clearFaults();
      assert.is(await stateOf(story), before, `${when} ${cmd}`);
    }
  }
});

test.run();
