// Links of zones are protected from their first boot on, and again after every other one; packets prove it.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type LabHandle, startLab } from '../lab/lab.ts';
import { ipPacket } from '../lab/support/frame.ts';

const test = suite<{ lab: LabHandle }>('znetadm watch');

const PATH = '/opt/zonenet/bin:/usr/sbin:/usr/bin';
const SERVICE = 'svc:/network/zonenet-host:default';
const MANIFEST = '/opt/zonenet/smf-manifests/zonenet-host.xml';
const MEMBER = 'mac-nospoof,restricted,ip-nospoof,dhcp-nospoof';

/** Runs znetadm, which must do it, and gives its answer. */
async function must(lab: LabHandle, args: string): Promise<string> {
  const { status, stdout, stderr } = await lab.run(`znetadm ${args}`, { env: { PATH }, timeoutMs: 120_000 });
  assert.is(status, 0, `znetadm ${args}: ${stdout}${stderr}`);
  return stdout;
}

/** "znic1 = mac-nospoof,… 10.2.0.2/32" for each link of a zone, as dladm tells. */
async function protection(lab: LabHandle, zone: string): Promise<string[]> {
  const rows = (await must(lab, `show-zone -p -o link,protection,allowed ${zone}`)).trimEnd().split('\n');
  return rows.map((row) => row.replaceAll('\\:', ';').split(':').join(' ').trim());
}

async function until(what: string, look: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 90_000; Date.now() < end; ) {
    if (await look()) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`not within 30 s: ${what}`);
}

const log = (lab: LabHandle) => lab.readFile('global', '/var/svc/log/network-zonenet-host:default.log');

test.before.each(async (context) => {
  context.lab = await startLab();
  await must(context.lab, 'create-network -a 10.2.0.0/24 back');
  await must(context.lab, 'create-zone -R back -x e1000g0=203.0.113.5/24 -r 203.0.113.1 proxy');
  await must(context.lab, 'create-zone -N back web1');
});

test.after.each(async ({ lab }) => {
  await lab.stop();
});

test('the service mends links, protects what has rebooted from inside, and ends when told', async ({ lab }) => {
  const [proxy, web1] = [
    ['pnic0 mac-nospoof,restricted', 'znic0 mac-nospoof,restricted,dhcp-nospoof'],
    [`znic1 ${MEMBER} 10.2.0.2/32`],
  ];
  assert.equal(await protection(lab, 'proxy'), proxy);
  assert.equal(await protection(lab, 'web1'), web1);
  await must(lab, 'create-zone -N back --no-boot db1');
  // As if the host had come up without them.
  await lab.mustRun('dladm delete-vnic znic2');
  await lab.writeFile('global', '/etc/zonenet/zonenet.ini', 'format = 1\nwatch-seconds = 1\n');
  await lab.mustRun(['/usr/sbin/svccfg', 'import', MANIFEST]);
  await lab.reached('global', SERVICE, 'online', 60_000);
  assert.ok((await lab.mustRun('dladm show-vnic -p -o link,over')).includes('znic2:zstub0'));
  await until('it watches', async () => (await log(lab)).includes('watching zones boot'));

  await lab.run(['/usr/sbin/reboot'], { zone: 'web1' });
  await until('web1 is protected again', async () => (await protection(lab, 'web1')).join() === web1.join());
  await lab.run(['/usr/sbin/reboot'], { zone: 'proxy' });
  await until('proxy is protected again', async () => (await protection(lab, 'proxy')).join() === proxy.join());
  await lab.settled();
  // Protected and up again, with its address and through its router.
  await until('web1 reaches the outside', async () => {
    const { status } = await lab.run('ping -c 1 -W 1 203.0.113.1', { zone: 'web1' });
    return status === 0;
  });
  // Once, or twice where the look fell into the boot; not at every look.
  const times = (await log(lab)).split('links are protected again: znic1').length - 1;
  assert.ok(times === 1 || times === 2, await log(lab));

  await lab.mustRun(['/usr/sbin/svcadm', 'disable', '-s', SERVICE]);
  assert.ok((await log(lab)).includes('told to end'), await log(lab));
  await lab.mustRun('zoneadm -z web1 reboot');
  assert.equal(await protection(lab, 'web1'), ['znic1']);
  await must(lab, 'watch --once');
  assert.equal(await protection(lab, 'web1'), web1);
});

/** An Ethernet frame from a MAC address to all, with an UDP packet in it, as hex. */
function frame(mac: string, from: string): string {
  const packet = ipPacket({ proto: 'udp', src: from, dst: '10.2.0.1', sport: 9, dport: 9 }, 1);
  const source = mac.split(':').map((byte) => byte.padStart(2, '0'));
  return `ffffffffffff${source.join('')}0800${packet.toString('hex')}`;
}

test('a member sends from its own address only, and after a reboot again', async ({ lab }) => {
  const rows = await lab.mustRun('dladm show-vnic -p -o link,macaddress znic1');
  const mac = rows.trim().replace('znic1:', '').replaceAll('\\', '');
  /** Whether the proxy sees a frame from there; one that must pass is sent after it. */
  const passes = async (from: string): Promise<boolean> => {
    const capture = await lab.capture({ zone: 'proxy' }, 'znic0');
    const [tried, honest] = [frame(mac, from), frame(mac, '10.2.0.2')];
    await lab.inject({ zone: 'web1' }, 'znic1', [tried, honest]);
    await capture.seen(({ hex }) => hex === honest);
    return (await capture.stop()).some(({ hex }) => hex === tried);
  };
  assert.is(await passes('10.2.0.99'), false);
  await lab.mustRun('zoneadm -z web1 reboot');
  await lab.settled('web1');
  assert.is(await passes('10.2.0.99'), true);
  await must(lab, 'watch --once');
  assert.is(await passes('10.2.0.99'), false);
});

test.run();
