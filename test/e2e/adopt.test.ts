// Records in and out of the lab: a network made by hand is adopted; export and import; full and read-only disks.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type LabHandle, startLab } from '../lab/lab.ts';

const test = suite<{ lab: LabHandle }>('records in and out in the lab');

const PATH = '/opt/zonenet/bin:/usr/sbin:/usr/bin';
const znetadm = (lab: LabHandle, args: string) =>
  lab.run(`znetadm ${args}`, { env: { PATH, LOGNAME: 'root' }, timeoutMs: 120_000 });

async function must(lab: LabHandle, args: string): Promise<string> {
  const { status, stdout, stderr } = await znetadm(lab, args);
  assert.is(status, 0, `znetadm ${args}: ${stdout}${stderr}`);
  return stdout;
}

/** Links, zones with their configurations, and what runs in them. */
const liveState = (lab: LabHandle, ...zones: readonly string[]) =>
  lab.mustRun(
    `dladm show-link -p -o link,class,mtu,over; zoneadm list -cp; for z in ${zones.join(' ')}; do zonecfg -z $z export; done`,
  );

test.before.each(async (context) => {
  context.lab = await startLab();
});

test.after.each(async ({ lab }) => {
  await lab.stop();
});

/** A zone as the walk through makes it by hand, with addresses configured inside. */
async function byHand(lab: LabHandle, zone: string, links: Record<string, string>, router: string): Promise<void> {
  const nets = Object.keys(links).map((link) => `add net; set physical=${link}; end`);
  await lab.mustRun(
    `zonecfg -z ${zone} 'create -b; set zonepath=/zones/${zone}; set brand=ipkg; set ip-type=exclusive; ${nets.join('; ')}'`,
  );
  await lab.mustRun(`zoneadm -z ${zone} install && zoneadm -z ${zone} boot`);
  for (const [link, address] of Object.entries(links)) {
    await lab.mustRun(['/usr/sbin/ipadm', 'create-if', '-t', link], { zone });
    await lab.mustRun(['/usr/sbin/ipadm', 'create-addr', '-t', '-T', 'static', '-a', address, `${link}/v4`], { zone });
  }
  await lab.mustRun(['/usr/sbin/route', 'add', 'default', router], { zone });
}

test('a network made by hand is adopted without a change, and repair makes it ours', async ({ lab }) => {
  await lab.mustRun('dladm create-etherstub zrstub0; dladm create-vnic -l e1000g0 znic0');
  await lab.mustRun('dladm create-vnic -l zrstub0 znic1; dladm create-vnic -l zrstub0 znic2');
  await byHand(lab, 'gate', { znic0: '203.0.113.5/24', znic1: '10.2.0.1/24' }, '203.0.113.1');
  await byHand(lab, 'web1', { znic2: '10.2.0.2/24' }, '10.2.0.1');
  const live = await liveState(lab, 'gate', 'web1');
  const plan = await must(lab, 'adopt -n -s zrstub0 -a 10.2.0.0/24 back');
  assert.ok(plan.includes('+ record  /etc/zonenet/zones/gate.ini') && plan.endsWith('Nothing was changed.\n'), plan);
  assert.is(
    await must(lab, 'adopt -s zrstub0 -a 10.2.0.0/24 back'),
    [
      'network back: 10.2.0.0/24 on zrstub0, router 10.2.0.1 (gate)',
      'zone gate: znic0 over e1000g0 203.0.113.5, znic1 over zrstub0 10.2.0.1',
      'zone web1: znic2 over zrstub0 10.2.0.2',
      'only records were written; what is not as znetadm makes it: znetadm check',
      '',
    ].join('\n'),
  );
  assert.is(await liveState(lab, 'gate', 'web1'), live);
  assert.is((await znetadm(lab, 'adopt -s zrstub0 -a 10.2.0.0/24 back')).status, 1);
  assert.is((await znetadm(lab, 'create-network -a 10.2.0.0/16 b')).status, 1);
  assert.ok((await must(lab, 'why 10.2.0.2')).includes('by     root: znetadm adopt -s zrstub0'));
  const check = await znetadm(lab, 'check -p -o of,item,found');
  assert.is(check.status, 6);
  assert.ok(check.stdout.includes('zone "web1":configuration:missing\n'), check.stdout);
  assert.ok(check.stdout.includes('zone "web1":metadata /var/zonenet/zones/web1/metadata.ini:missing\n'), check.stdout);
  // Running zones have no service of ours until somebody gives it to them; the rest is mended.
  const repair = await znetadm(lab, 'repair');
  assert.is(repair.status, 6);
  assert.ok(repair.stderr.includes('it has no svc:/network/zonenet:default'), repair.stderr);
  for (const zone of ['gate', 'web1']) {
    await lab.mustRun(`zoneadm -z ${zone} reboot`);
    const end = Date.now() + 60_000;
    while (
      (await lab.run(`svcs -z ${zone} -H -o state svc:/milestone/multi-user-server:default`)).stdout !== 'online\n'
    ) {
      assert.ok(Date.now() < end, `${zone} does not boot`);
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    for (const manifest of ['zonenet', 'zonenet-forwarding']) {
      await lab.mustRun(`zlogin ${zone} /usr/sbin/svccfg import /opt/zonenet/smf-manifests/${manifest}.xml`);
    }
  }
  await must(lab, 'repair');
  assert.is(await must(lab, 'check'), 'everything is as recorded\n');
  assert.is(await must(lab, 'show-zone -p -o zone,applied web1'), 'web1:ok (1)\n');
});

test('a network whose router is the host itself is adopted, and the host stays its router', async ({ lab }) => {
  await lab.mustRun(
    'dladm create-etherstub zrstub0; dladm create-vnic -l zrstub0 znic0; dladm create-vnic -l zrstub0 znic1',
  );
  for (const [link, address] of [
    ['znic0', '10.2.0.1/24'],
    ['e1000g0', '203.0.113.9/24'],
  ]) {
    await lab.mustRun(`ipadm create-if ${link} && ipadm create-addr -T static -a ${address} ${link}/v4`);
  }
  await byHand(lab, 'web1', { znic1: '10.2.0.2/24' }, '10.2.0.1');
  // zap gives zones that share the host's stack one link for all of them.
  await lab.mustRun('dladm create-vnic -l zrstub0 snic0 && ipadm create-if snic0');
  await lab.mustRun(
    "zonecfg -z old1 'create -b; set zonepath=/zones/old1; set brand=ipkg; set ip-type=shared; add net; set physical=snic0; set address=10.2.0.3/24; end'",
  );
  await lab.mustRun('zoneadm -z old1 install');
  const live = await liveState(lab, 'web1', 'old1');
  await lab.mustRun('mkdir -p /var/zap/zones');
  const zap = 'interface: zrstub0\nshared-interface: snic0\ngateway: 10.2.0.1\nzone: global\n';
  await lab.writeFile('global', '/var/zap/zones/rconfig.10.2.0', zap);
  const unnamed = await znetadm(lab, 'adopt -s zrstub0 -a 10.2.0.0/24 back');
  assert.ok(unnamed.stderr.includes("it shares the host's IP stack; -l snic0 leaves it as it is"), unnamed.stderr);
  assert.is(
    await must(lab, 'adopt -Z -a 10.2.0.0/24 back'),
    [
      'network back: 10.2.0.0/24 on zrstub0, router 10.2.0.1 (the host itself by znic0, which stays as it is)',
      'zone web1: znic1 over zrstub0 10.2.0.2',
      'zone old1: stays as it is; nobody gets 10.2.0.3',
      'only records were written; what is not as znetadm makes it: znetadm check',
      '',
    ].join('\n'),
  );
  assert.is(await liveState(lab, 'web1', 'old1'), live);
  // A zone of ours beside them has the host as its router.
  await must(lab, 'create-zone -N back db1');
  assert.is(await must(lab, 'show-zone -p -o address db1'), '10.2.0.4/24\n');
  assert.is((await lab.run('ping -n -c 1 -W 2 10.2.0.1', { zone: 'db1' })).status, 0);
  assert.ok((await lab.mustRun('netstat -rn', { zone: 'db1' })).includes('10.2.0.1'));
  const second = await znetadm(lab, 'attach-zone -R back -x e1000g0 global');
  assert.ok(second.stderr.includes('the host itself has 10.2.0.1, as znic0/v4'), second.stderr);
  await must(lab, 'delete-zone db1');
  await lab.mustRun('zoneadm -z web1 halt');
  await must(lab, 'detach-zone web1');
  await must(lab, 'set-network --name front back');
  // What the host has over its etherstub is not ours to take.
  const used = await znetadm(lab, 'delete-network front');
  assert.is(used.status, 5);
  assert.ok(used.stderr.includes('znic0'), used.stderr);
  assert.is(await lab.mustRun('ipadm show-addr -p -o addrobj,addr znic0/v4'), 'znic0/v4:10.2.0.1/24\n');
});

test('all records go out and come in as one file, all or none', async ({ lab }) => {
  await must(lab, 'create-network -a 10.2.0.0/24 back');
  await must(lab, 'create-zone -N back --no-boot web1');
  const file = await must(lab, 'export');
  await lab.writeFile('global', '/tmp/records.ini', file);
  const refused = await znetadm(lab, 'import /tmp/records.ini');
  assert.is(refused.status, 1);
  assert.ok(refused.stderr.includes('zone "web1" of this host has the name of zone web1'), refused.stderr);
  await lab.mustRun('cp -r /etc/zonenet /tmp/kept; rm -r /etc/zonenet');
  assert.ok((await must(lab, 'import -n /tmp/records.ini')).endsWith('Nothing was changed.\n'));
  await must(lab, 'import /tmp/records.ini');
  assert.is(await lab.mustRun('diff -r /tmp/kept /etc/zonenet && rm -r /tmp/kept /tmp/records.ini'), '');
  assert.is(await must(lab, 'check'), 'everything is as recorded\n');
  assert.is((await znetadm(lab, 'import /nosuch')).status, 4);
});

test('on a full disk commands say so and leave nothing half done', async ({ lab }) => {
  await lab.ownDisk('/etc/zonenet', 64);
  await must(lab, 'create-network -a 10.2.0.0/24 back');
  const before = await lab.mustRun('dladm show-link -p -o link; find /etc/zonenet -name "*.ini" | sort');
  await lab.fillDisk('/etc/zonenet');
  for (const args of [
    'create-network -a 10.3.0.0/24 other',
    'create-zone -N back --no-boot web1',
    'delete-network back',
  ]) {
    const { status, stderr } = await znetadm(lab, args);
    assert.is(status, 1, args);
    assert.match(stderr, /cannot write "\/etc\/zonenet\/.*": ENOSPC/, args);
    assert.is(await lab.mustRun('dladm show-link -p -o link; find /etc/zonenet -name "*.ini" | sort'), before, args);
  }
  assert.is(await must(lab, 'check'), 'everything is as recorded\n');
  await lab.freeDisk('/etc/zonenet');
  await must(lab, 'create-zone -N back --no-boot web1');
  await must(lab, 'delete-network -r back');
});

test('in a read-only directory commands say so, and what only asks still answers', async ({ lab }) => {
  await must(lab, 'create-network -a 10.2.0.0/24 back');
  await must(lab, 'create-zone -N back --no-boot web1');
  const before = await liveState(lab, 'web1');
  await lab.mustRun('mount --bind /etc/zonenet /etc/zonenet && mount -o remount,ro,bind /etc/zonenet');
  for (const args of [
    'create-zone -N back --no-boot web2',
    'delete-zone web1',
    'create-network -a 10.3.0.0/24 other',
  ]) {
    const { status, stderr } = await znetadm(lab, args);
    assert.is(status, 1, args);
    assert.match(stderr, /cannot (write|make directory) "\/etc\/zonenet\/.*": EROFS/, args);
    assert.is(await liveState(lab, 'web1'), before, args);
  }
  assert.is(await must(lab, 'check'), 'everything is as recorded\n');
  assert.is(await must(lab, 'show-zone -p -o zone'), 'web1\n');
  await lab.mustRun('umount /etc/zonenet');
});

test('damaged, empty and foreign records are named, and the others are shown, checked and deleted', async ({ lab }) => {
  await must(lab, 'create-network -a 10.2.0.0/24 back');
  for (const zone of ['web1', 'web2']) await must(lab, `create-zone -N back --no-boot ${zone}`);
  const damage = {
    'zones/empty.ini': '',
    'zones/foreign.ini': '[client]\nport = 3306\n',
    'zones/binary.ini': '\x00\x01\x7fELF\n',
    'zones/web2.ini': (await lab.readFile('global', '/etc/zonenet/zones/web2.ini')).slice(0, 120),
    'networks/a b.ini': 'format = 1\n',
  };
  await lab.mustRun('mkdir /etc/zonenet/zones/directory.ini');
  // What would never end, or leads nowhere.
  await lab.mustRun('mkfifo /etc/zonenet/zones/pipe.ini /etc/zonenet/networks/pipe.ini');
  await lab.mustRun('ln -s /dev/zero /etc/zonenet/zones/device.ini; ln -s /nowhere /etc/zonenet/zones/nowhere.ini');
  const odd = ['zones/directory.ini', 'zones/pipe.ini', 'networks/pipe.ini', 'zones/device.ini', 'zones/nowhere.ini'];
  for (const [file, text] of Object.entries(damage)) await lab.writeFile('global', `/etc/zonenet/${file}`, text);
  const check = await znetadm(lab, 'check -p -o item,found');
  assert.is(check.status, 6);
  for (const file of [...odd, ...Object.keys(damage)])
    assert.ok(check.stdout.includes(`record /etc/zonenet/${file}`), check.stdout);
  assert.is((await znetadm(lab, 'show-zone -p -o zone')).stdout, 'web1\n');
  // What is published is another matter: it is replaced.
  const published = '/var/zonenet/zones/web1/metadata.ini';
  await lab.mustRun(`mv ${published} /root/metadata.ini; mkfifo ${published}`);
  assert.is((await znetadm(lab, 'show-zone -p -o zone')).stdout, 'web1\n');
  await lab.mustRun(`rm ${published}; mv /root/metadata.ini ${published}`);
  assert.is((await znetadm(lab, 'export')).status, 1);
  assert.is((await znetadm(lab, 'create-zone -N back --no-boot web3')).status, 1);
  await must(lab, 'delete-zone web1');
  assert.is((await znetadm(lab, 'delete-network back')).status, 1);
  assert.ok((await lab.mustRun('zoneadm list -cp')).includes(':web2:'));
});

test.run();
