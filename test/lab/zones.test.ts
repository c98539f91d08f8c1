// zonecfg, zoneadm and dladm together in a lab with real zones; the transcripts are beside the commands.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type LabHandle, startLab } from './lab.ts';

const test = suite<{ lab: LabHandle }>('zones');

test.before(async (context) => {
  context.lab = await startLab();
  await context.lab.mustRun('dladm create-etherstub stub0 && mkdir -p /var/lib/znet/a');
});
test.before.each(async ({ lab }) => {
  await lab.mustRun('dladm create-vnic -l stub0 a0');
  await lab.writeFile('global', '/tmp/a.cfg', CONFIGURATION);
  await lab.mustRun('zonecfg -z a -f /tmp/a.cfg && zoneadm -z a install');
});
test.after.each(async ({ lab }) => {
  await lab.mustRun('zoneadm -z a halt && zoneadm -z a uninstall -F && zonecfg -z a delete -F && dladm delete-vnic a0');
});
test.after(async ({ lab }) => {
  await lab.stop();
});

const CONFIGURATION = `create -b
set zonepath=/zones/a
set ip-type=exclusive
add net
set physical=a0
end
add fs
set dir=/etc/zone-net
set special=/var/lib/znet/a
set type=lofs
add options [ro,nodevices]
end
`;
const zoneOf = async (lab: LabHandle) => (await lab.zones()).find(({ name }) => name === 'a');
const stateOf = async (lab: LabHandle) => (await zoneOf(lab))?.state;

/** Waits until the zone is up again with another id. */
async function rebootedFrom(lab: LabHandle, id: number | undefined): Promise<number | undefined> {
  for (;;) {
    const zone = await zoneOf(lab);
    if (zone?.state === 'running' && zone.id !== id) return zone.id;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

test('reads its file relative to where it is called', async ({ lab }) => {
  const { stderr } = await lab.run('zonecfg -z a -f a.cfg', { cwd: '/tmp' });
  assert.is(stderr.split('\n')[0], 'On line 1 of a.cfg:');
  assert.is(stderr.split('\n')[1], 'Zone a already installed; create not allowed.');
});

test('a booted zone has its link and its file systems, and nothing of the host', async ({ lab }) => {
  await lab.writeFile('global', '/var/lib/znet/a/hello', 'from the host\n');
  await lab.mustRun('zoneadm -z a boot');
  assert.is(await lab.readFile('a', '/etc/zone-net/hello'), 'from the host\n');
  assert.is((await lab.run('echo x > /etc/zone-net/hello', { zone: 'a' })).status, 2);
  const { stdout } = await lab.run('dladm show-link -p -o link,over', { zone: 'a' });
  assert.is(stdout, 'a0:?\n');
});

test('a link stays busy while its zone is up, and returns when it halts (§11.10 invariant 1)', async ({ lab }) => {
  await lab.mustRun('zoneadm -z a boot');
  const busy = { status: 1, signal: null, stdout: '', stderr: 'dladm: vnic deletion failed: link busy\n' };
  assert.equal(await lab.run('dladm delete-vnic a0'), busy);
  assert.equal(await lab.run('dladm delete-etherstub stub0'), busy);
  await lab.mustRun('zoneadm -z a halt && dladm rename-link a0 a1 && dladm rename-link a1 a0');
});

test('a reboot from inside gives a new id, and reads the configuration anew', async ({ lab }) => {
  await lab.mustRun('zoneadm -z a boot');
  const before = (await zoneOf(lab))?.id;
  await lab.mustRun("dladm create-vnic -l stub0 a1 && zonecfg -z a 'add net; set physical=a1; end'");
  await lab.run('reboot', { zone: 'a' });
  await rebootedFrom(lab, before);
  assert.is((await lab.run('dladm show-link -p -o link', { zone: 'a' })).stdout, 'a0\na1\n');
  await lab.mustRun('zoneadm -z a halt && dladm delete-vnic a1');
});

test('a halt from inside takes the zone down', async ({ lab }) => {
  await lab.mustRun('zoneadm -z a boot');
  await lab.run('halt', { zone: 'a' });
  await lab.mustRun('zoneadm -z a boot && zoneadm -z a halt');
  assert.is(await stateOf(lab), 'installed');
});

test('a zone that comes up has no filter and no NAT, whatever it had before (§7.1)', async ({ lab }) => {
  await lab.mustRun('zoneadm -z a boot');
  await lab.settled('a');
  await lab.mustRun('ipf -E && echo "block in all" | ipf -f - && echo "map a0 10.0.0.0/8 -> 0/32" | ipnat -f -', {
    zone: 'a',
  });
  await lab.mustRun('zoneadm -z a reboot');
  await lab.settled('a');
  assert.is((await lab.run(['ipfstat', '-i'], { zone: 'a' })).stderr, 'empty list for ipfilter(in)\n');
  assert.is((await lab.run(['ipnat', '-l'], { zone: 'a' })).stderr, 'ioctl(SIOCGNATS): I/O error\n');
  await lab.mustRun('ipf -E', { zone: 'a' });
  assert.not.match(await lab.mustRun('ipnat -l', { zone: 'a' }), 'map a0');
});

test('two boots at once boot one zone once', async ({ lab }) => {
  const boots = await Promise.all([0, 1].map(() => lab.run('zoneadm -z a boot')));
  assert.equal(boots.map(({ status, stderr }) => `${status} ${stderr}`).sort(), [
    '0 ',
    "0 zoneadm: zone 'a': zone is already booted\n",
  ]);
});

test('boots and halts that overtake the services leave nothing broken', async ({ lab }) => {
  for (let i = 0; i < 3; i++) await lab.mustRun('zoneadm -z a boot && zoneadm -z a reboot && zoneadm -z a halt');
  assert.equal(await lab.notModelled(), []);
});

test('an fs over a symlink keeps the zone down (§4.4)', async ({ lab }) => {
  await lab.mustRun('rmdir /zones/a/root/etc/zone-net; ln -s /tmp /zones/a/root/etc/zone-net');
  assert.equal(await lab.run('zoneadm -z a boot'), {
    status: 1,
    signal: null,
    stdout: '',
    stderr: "zoneadm: zone 'a': /zones/a/root/etc/zone-net is a symlink\nzoneadm: zone 'a': call to zoneadmd failed\n",
  });
  assert.is(await stateOf(lab), 'installed');
  await lab.mustRun('rm /zones/a/root/etc/zone-net');
});

test('delete -F of an installed zone keeps its files (§4.6)', async ({ lab }) => {
  await lab.mustRun('zonecfg -z a delete -F');
  assert.is((await lab.run('ls -d /zones/a/root')).status, 0);
  await lab.mustRun('rm -r /zones/a && zonecfg -z a -f /tmp/a.cfg && zoneadm -z a install');
});

test.run();
