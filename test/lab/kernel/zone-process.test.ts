// Zones as processes and files: what zoneadm, zlogin and lofs resources rest on.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { LabHandle } from '../lab.ts';
import { startLab } from '../lab.ts';

const test = suite<{ lab: LabHandle }>('zone-process');

/** Configures and installs a zone without network. */
async function install(lab: LabHandle, name: string, more = '') {
  const lines = `create -b\nset zonepath=/zones/${name}\nset brand=ipkg\nset ip-type=exclusive\n${more}\ncommit\n`;
  await lab.writeFile('global', `/tmp/${name}.cfg`, lines);
  await lab.mustRun(['zonecfg', '-z', name, '-f', `/tmp/${name}.cfg`]);
  await lab.mustRun(['zoneadm', '-z', name, 'install']);
}

const lofs = (dir: string, special: string, options = '[ro]') =>
  `add fs\nset dir=${dir}\nset special=${special}\nset type=lofs\nadd options ${options}\nend`;

test.before(async (context) => {
  const lab = await startLab();
  context.lab = lab;
  await lab.mustRun('mkdir -p /var/zonenet/zones/web1; echo 1 > /var/zonenet/zones/web1/metadata.ini');
  await install(lab, 'web1', lofs('/etc/zonenet/host', '/var/zonenet/zones/web1'));
  await install(lab, 'stopped');
  await lab.mustRun(['zonecfg', '-z', 'clientb', 'create -b; set zonepath=/zones/clientb; set brand=ipkg']);
  await lab.mustRun(['zoneadm', '-z', 'web1', 'boot']);
});

test.before.each(async ({ lab }) => {
  await lab.clearFaults();
});

test.after(async ({ lab }) => {
  await lab.stop();
});

const status = async (lab: LabHandle, name: string) => (await lab.zones()).find((zone) => zone.name === name);

test('a zone has names, processes, files and a network of its own', async ({ lab }) => {
  const script = 'zonename; uname -n; ls -d /proc/[0-9]* | wc -l; ls /zones 2>/dev/null; ip -br link';
  const { stdout } = await lab.run(script, { zone: 'web1' });
  assert.match(stdout, /^web1\nweb1\n\d{1,2}\nlo /);
  await lab.writeFile('web1', '/etc/own', 'mine\n');
  assert.is(await lab.mustRun('cat /zones/web1/root/etc/own'), 'mine\n');
  assert.is((await lab.run('cat /etc/own')).status, 1);
});

test('a lofs resource is read-only, shows live changes, and a renamed directory stays', async ({ lab }) => {
  const inZone = (script: string) => lab.run(script, { zone: 'web1' });
  assert.match((await inZone('touch /etc/zonenet/host/x')).stderr, 'Read-only file system');
  await lab.mustRun('cd /var/zonenet/zones/web1; echo 2 > new; mv new metadata.ini');
  assert.is((await inZone('cat /etc/zonenet/host/metadata.ini')).stdout, '2\n');
  await lab.mustRun('cd /var/zonenet/zones; mv web1 gone; mkdir web1; echo 3 > web1/metadata.ini');
  assert.is((await inZone('cat /etc/zonenet/host/metadata.ini')).stdout, '2\n');
  await lab.mustRun('cd /var/zonenet/zones; rm -r web1; mv gone web1');
});

test('a zone does not boot when a special is missing or its mount point is a symlink', async ({ lab }) => {
  await install(lab, 'nospecial', lofs('/data', '/no/such/place'));
  assert.is((await lab.run(['zoneadm', '-z', 'nospecial', 'boot'])).status, 1);
  assert.is((await status(lab, 'nospecial'))?.state, 'installed');
  await install(lab, 'symlink', lofs('/etc/zonenet/host', '/var/zonenet/zones/web1'));
  await lab.mustRun('ln -s /tmp /zones/symlink/root/etc/zonenet');
  const { status: code, stderr } = await lab.run(['zoneadm', '-z', 'symlink', 'boot']);
  assert.is(code, 1);
  assert.match(stderr, 'is a symlink');
  assert.is(
    await lab.mustRun('ls /tmp/host 2>&1 || true'),
    "ls: cannot access '/tmp/host': No such file or directory\n",
  );
});

test('a halted zone is gone, and the next boot has another id', async ({ lab }) => {
  await lab.mustRun(['zoneadm', '-z', 'stopped', 'boot']);
  const before = await status(lab, 'stopped');
  const sleeper = lab.spawn(['/bin/sleep', '1000'], { zone: 'stopped' });
  await sleeper.pid;
  await lab.mustRun(['zoneadm', '-z', 'stopped', 'halt']);
  assert.is((await sleeper.ended).signal, 'SIGKILL');
  assert.is((await lab.run(['ls', `/run/netns/${before?.netns}`], { netns: 'sw' })).status, 2);
  assert.is((await status(lab, 'stopped'))?.pid, undefined);
  await lab.mustRun(['zoneadm', '-z', 'stopped', 'boot']);
  assert.ok((await status(lab, 'stopped'))?.id !== before?.id);
  await lab.mustRun(['zoneadm', '-z', 'stopped', 'halt']);
});

test('a fault in a zone kills the tool there, by its outer pid', async ({ lab }) => {
  await lab.fault({ cmd: 'zonename', zone: 'web1', action: 'kill-after' });
  const { stdout, signal } = await lab.run('zonename; echo survived', { zone: 'web1' });
  assert.is(signal, 'SIGKILL');
  assert.is(stdout, '');
});

// The lines of §11.5, with their own names.
for (const [line, expected] of [
  ['zlogin web1 /bin/true </dev/null', { status: 0 }],
  ["zlogin web1 /bin/sh -c 'exit 7'", { status: 0 }],
  ['zlogin web1 "exit 7"', { status: 7 }],
  ['zlogin clientb ls', { status: 1, stderr: "zlogin: cannot login to a zone which is 'configured'\n" }],
  [
    'zlogin stopped ls',
    { status: 1, stderr: "zlogin: login allowed only to running zones (stopped is 'installed').\n" },
  ],
  ['zlogin nosuch ls', { status: 1, stderr: "zlogin: zone 'nosuch' unknown\n" }],
  ["zlogin web1 echo 'a  b;zonename'", { status: 0, stdout: 'a b\nweb1\n' }],
  ['echo line | zlogin web1 cat', { status: 0, stdout: 'line\n' }],
  ['echo line | zlogin -n web1 cat', { status: 0 }],
  ['echo "zonename; exit 5" | zlogin web1 /bin/sh -s', { status: 5, stdout: 'web1\n' }],
  ["zlogin web1 'kill -9 $$'", { status: 0 }],
  ['cd /var; zlogin web1 pwd', { status: 0, stdout: '/root\n' }],
  [
    'LC_ALL=C FOO=bar TERM=xterm zlogin web1 env | sort | grep -v ^PWD',
    {
      status: 0,
      stdout: 'HOME=/root\nLOGNAME=root\nMAIL=/var/mail/root\nPATH=/usr/bin:/usr/sbin\nSHELL=/sbin/sh\nTERM=xterm\n',
    },
  ],
] as const) {
  test(`zlogin: ${line}`, async ({ lab }) => {
    const { signal: _, ...result } = await lab.run(line);
    assert.equal(result, { stdout: '', stderr: '', ...expected });
  });
}

test('zlogin exits 0 when the zone halts under its command', async ({ lab }) => {
  await lab.mustRun(['zoneadm', '-z', 'stopped', 'boot']);
  const login = lab.spawn(['zlogin', 'stopped', 'echo in; sleep 1000; echo never']);
  await login.said('in\n');
  await lab.mustRun(['zoneadm', '-z', 'stopped', 'halt']);
  const { status: code, stdout } = await login.ended;
  assert.is(code, 0);
  assert.is(stdout, 'in\n');
});

for (const [command, after] of [
  ['reboot', 'running'],
  ['init 6', 'running'],
  ['halt', 'installed'],
  ['init 5', 'installed'],
  ['init 0', 'installed'],
  ['poweroff', 'installed'],
] as const) {
  test(`${command} from inside takes the caller along and leaves the zone ${after}`, async ({ lab }) => {
    const up = async () => await lab.mustRun('zoneadm -z stopped boot 2>&1');
    await up();
    const before = await status(lab, 'stopped');
    assert.equal(await lab.run(['zlogin', 'stopped', `${command}; echo never`]), {
      status: 0,
      signal: null,
      stdout: '',
      stderr: '',
    });
    // The new zone is up when zoneadmd is done; a second boot waits for it.
    if (after === 'running') await up();
    else await lab.mustRun('zoneadm -z stopped halt');
    const now = await status(lab, 'stopped');
    assert.is(now?.state, after);
    assert.ok(now?.id !== before?.id);
    await lab.mustRun('zoneadm -z stopped halt');
  });
}

test('the global zone refuses to go down', async ({ lab }) => {
  assert.is((await lab.run('reboot')).status, 125);
  assert.equal(await lab.takeNotModelled(), ['global: reboot: not modelled: reboot']);
});

test('ten megabytes go through zlogin', async ({ lab }) => {
  const stdin = 'zone\n'.repeat(2 ** 21);
  assert.ok((await lab.run(['zlogin', 'web1', 'cat'], { stdin })).stdout === stdin);
});

test.run();
