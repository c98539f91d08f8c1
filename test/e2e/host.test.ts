// znetadm as installed, in the lab: what it makes is what illumos's programs then show.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type LabHandle, startLab } from '../lab/lab.ts';

const test = suite<{ lab: LabHandle }>('znetadm in the lab');

const PATH = '/opt/zonenet/bin:/usr/sbin:/usr/bin';
const znetadm = (lab: LabHandle, args: string) => lab.run(`znetadm ${args}`, { env: { PATH }, timeoutMs: 120_000 });

/** Runs znetadm, which must do it, and gives its answer. */
async function must(lab: LabHandle, args: string): Promise<string> {
  const { status, stdout, stderr } = await znetadm(lab, args);
  assert.is(status, 0, `znetadm ${args}: ${stdout}${stderr}`);
  return stdout;
}

/** Links, zones, and every file of ours with its content, as the host's own programs tell. */
async function stateOf(lab: LabHandle): Promise<string> {
  const files = 'find /etc/zonenet /var/zonenet /var/run/zonenet/*.zonecfg -type f 2>/dev/null | sort | xargs -r cksum';
  return await lab.mustRun(
    `dladm show-link -p -o link,class,mtu,over; zoneadm list -cp | cut -d: -f2-4; ${files}; find /etc/zonenet /var/zonenet 2>/dev/null | sort`,
  );
}

/** The same, whatever the ids, the generations and the number of runs. */
async function shapeOf(lab: LabHandle): Promise<string> {
  const files = `for f in $(find /etc/zonenet /var/zonenet -type f | sort); do echo "$f"; sed -e 's/^id = .*/id/' -e 's/^generation = .*/generation/' "$f"; done`;
  return await lab.mustRun(
    `dladm show-link -p -o link,class,mtu,over | sort; zoneadm list -cp | cut -d: -f2-4 | sort; ${files}; ls /var/run/zonenet/*.zonecfg 2>/dev/null || true`,
  );
}

test.before.each(async (context) => {
  context.lab = await startLab();
});

test.after.each(async ({ lab }) => {
  await lab.stop();
});

test('networks and zones are made, shown, and leave nothing behind', async ({ lab }) => {
  const before = await stateOf(lab);
  assert.is(
    await must(lab, 'create-network -a 10.2.0.0/24 back'),
    'network back: 10.2.0.0/24 on zstub0, router 10.2.0.1 (no proxy yet: create-zone -R back ...)\n',
  );
  assert.is(
    await must(lab, 'create-zone -R back -x e1000g0=203.0.113.5/24 -r 203.0.113.1 proxy'),
    'zone proxy: pnic0 over e1000g0 203.0.113.5/24, znic0 over zstub0 10.2.0.1/24\n',
  );
  assert.is(
    await must(lab, 'create-zone -N back web1'),
    'zone web1: znic1 over zstub0 10.2.0.2/24, router 10.2.0.1 (proxy)\n',
  );
  assert.is(
    await must(lab, 'show-zone'),
    [
      'ZONE   ROLE    STATE    LINK   OVER     ADDRESS         ROUTER       APPLIED',
      'proxy  proxy   running  pnic0  e1000g0  203.0.113.5/24  203.0.113.1  ok (2)',
      '                        znic0  zstub0   10.2.0.1/24',
      'web1   member  running  znic1  zstub0   10.2.0.2/24     10.2.0.1     ok (1)',
      '',
    ].join('\n'),
  );
  assert.is(
    await must(lab, 'show-zone -p -o zone,link,address'),
    'proxy:pnic0:203.0.113.5/24\nproxy:znic0:10.2.0.1/24\nweb1:znic1:10.2.0.2/24\n',
  );
  assert.is(
    await must(lab, 'show-network'),
    'NETWORK  PREFIX       ROUTER    ETHERSTUB  PROXY  ZONES  FREE\nback     10.2.0.0/24  10.2.0.1  zstub0     proxy  web1   252\n',
  );
  const [json] = JSON.parse(await must(lab, 'show-zone --json web1')) as { name: string; applied: string }[];
  assert.equal([json?.name, json?.applied], ['web1', 'ok (1)']);
  assert.is(await must(lab, 'sync'), 'everything is as recorded\n');
  assert.is(await must(lab, 'delete-zone -r proxy'), 'zone web1: deleted\nzone proxy: deleted\n');
  await must(lab, 'delete-network back');
  assert.is(await stateOf(lab), before);
});

test('refusals have a status of their own and change nothing, nor does -n', async ({ lab }) => {
  await must(lab, 'create-network -a 10.2.0.0/24 back');
  await must(lab, 'create-zone -R back -x e1000g0=203.0.113.5/24 -r 203.0.113.1 --no-boot proxy');
  await must(lab, 'create-zone -N back --no-boot web1');
  await must(lab, 'create-network -a 10.9.0.0/30 tiny');
  await must(lab, 'create-zone -N tiny --no-boot web2');
  await lab.mustRun(`zonecfg -z mail 'create -b; set zonepath=/zones/mail; set brand=ipkg; set ip-type=exclusive'`);
  const before = await stateOf(lab);
  const refused: [args: string, status: number, says: string][] = [
    ['create-network -a 10.2.0.5/24 b', 2, 'The network that holds 10.2.0.5 is 10.2.0.0/24'],
    ['create-network -a 10.2.0.0/33 b', 2, 'from 0 to 32'],
    ['create-network -a 10.2.0.0/16 b', 1, '10.2.0.0/16 contains 10.2.0.0/24, the prefix of network "back"'],
    ['create-network -a 203.0.113.0/25 b', 1, 'lies in 203.0.113.0/24'],
    ['create-network back', 1, 'there is one already'],
    ['create-network -a 10.3.0.0/24 a/b', 2, 'as the name of a network'],
    ['create-zone -N back=10.2.0.2 db1', 5, 'zone "web1" has it'],
    ['create-zone -N back=10.3.0.2 db1', 1, 'outside 10.2.0.0/24'],
    ['create-zone -N back=10.2.0.0 db1', 1, 'the address of the network'],
    ['create-zone -N back=10.2.0.255 db1', 1, 'the broadcast address'],
    ['create-zone -N tiny db1', 3, 'all 2 of network "tiny"'],
    ['create-zone -N nowhere db1', 4, 'cannot find network "nowhere"'],
    ['create-zone -N back --bogus db1', 2, "unknown option '--bogus'"],
    ['create-zone db1', 2, 'a zone needs a network'],
    ['create-zone -N back global', 2, 'as the name of a zone'],
    ['create-zone -N back mail', 1, 'which znetadm did not make'],
    ['create-zone -R back -x e1000g0=203.0.113.6/24 p2', 5, 'has a router, zone "proxy"'],
    ['delete-zone nosuch', 4, 'cannot find zone "nosuch"'],
    ['delete-zone mail', 4, 'znetadm has no record of it'],
    ['delete-zone proxy', 5, 'used by web1'],
    ['delete-network back', 5, 'used by proxy, web1'],
    ['show-zone -p', 2, '-p requires -o'],
    ['frobnicate', 2, "unknown command 'frobnicate'"],
  ];
  for (const [args, status, says] of refused) {
    const result = await znetadm(lab, args);
    assert.is(result.status, status, `${args}: ${result.stdout}${result.stderr}`);
    assert.is(result.stdout, '', args);
    assert.ok(result.stderr.includes(says), `${args}: ${result.stderr}`);
  }
  for (const args of ['create-network -n x', 'create-zone -n -N back db1', 'delete-zone -n -r proxy', 'sync -n']) {
    const result = await znetadm(lab, args);
    assert.ok(result.stdout.endsWith('Nothing was changed.\n'), `${args}: ${result.stdout}${result.stderr}`);
  }
  assert.is(await stateOf(lab), before);
});

test('an automatic prefix passes over what the host and others have', async ({ lab }) => {
  await lab.writeFile('global', '/etc/zonenet/zonenet.ini', 'format = 1\npool[] = 203.0.112.0/22\nzones = /export\n');
  assert.ok((await must(lab, 'create-network one')).includes('203.0.112.0/24 on zstub0'));
  await must(lab, 'create-zone -N one --no-boot --no-autoboot z1');
  // 203.0.113.0/24 is not the host's own: e1000g0 is only a link. A proxy's outside makes it taken.
  await must(lab, 'create-zone -R one -x e1000g0=203.0.113.5/24 --no-boot p1');
  assert.ok((await must(lab, 'create-network two')).includes('203.0.114.0/24 on zstub1'));
  assert.ok(
    (await lab.mustRun('zonecfg -z z1 export')).includes(
      'set zonepath=/export/z1\nset brand=ipkg\nset autoboot=false\n',
    ),
  );
});

test('killed after each of its calls, create-zone and delete-zone finish when called again', async ({ lab }) => {
  await must(lab, 'create-network -a 10.2.0.0/24 back');
  const none = await shapeOf(lab);
  await must(lab, 'create-zone -N back --no-boot web1');
  const made = await shapeOf(lab);
  const sweep = async (args: string, wanted: string): Promise<number> => {
    for (let nth = 1; ; nth += 1) {
      await lab.fault({ nth, action: 'kill-after' });
      const { status, signal } = await znetadm(lab, args);
      await lab.clearFaults();
      if (status === 0) return nth - 1;
      assert.ok(signal !== null || status === 137, `${args} was not killed at call ${nth}: ${status}`);
      const again = await znetadm(lab, args);
      const gone = again.status === 4 && args.startsWith('delete');
      assert.ok(again.status === 0 || gone, `${args} again after call ${nth}: ${again.stderr}`);
      assert.is(await shapeOf(lab), wanted, `${args}, killed after call ${nth}`);
      const back = args.startsWith('delete') ? 'create-zone -N back --no-boot web1' : 'delete-zone web1';
      await must(lab, back);
    }
  };
  const deletions = await sweep('delete-zone web1', none);
  const creations = await sweep('create-zone -N back --no-boot web1', made);
  assert.ok(deletions >= 6 && creations >= 10, `${deletions} kills of delete-zone, ${creations} of create-zone`);
});

test('many at once neither collide nor lose anything', async ({ lab }) => {
  await must(lab, 'create-network -a 10.2.0.0/24 back');
  const names = ['a', 'b', 'c', 'd', 'e', 'f'];
  const results = await Promise.all(names.map((name) => znetadm(lab, `create-zone -N back --no-boot ${name}`)));
  assert.equal(
    results.map(({ status }) => status),
    names.map(() => 0),
  );
  const rows = (await must(lab, 'show-zone -p -o link,address')).trimEnd().split('\n');
  assert.equal(new Set(rows.map((row) => row.split(':')[0])).size, names.length);
  assert.equal(new Set(rows.map((row) => row.split(':')[1])).size, names.length);
  assert.is(await must(lab, 'sync -n'), 'Nothing was changed.\n');
});

test('sync mends what was taken away by hand', async ({ lab }) => {
  await must(lab, 'create-network -a 10.2.0.0/24 back');
  await must(lab, 'create-zone -N back --no-boot web1');
  const made = await shapeOf(lab);
  await lab.mustRun('dladm delete-vnic znic0; dladm delete-etherstub zstub0; rm /var/zonenet/zones/web1/metadata.ini');
  await lab.mustRun(`zonecfg -z web1 'remove fs dir=/etc/zonenet/host'`);
  assert.is(await must(lab, 'sync'), 'everything is as recorded\n');
  assert.is(await shapeOf(lab), made);
  assert.ok((await lab.mustRun('zonecfg -z web1 export')).includes('set dir="/etc/zonenet/host"'));
});

test('a damaged record is named, and the others are shown', async ({ lab }) => {
  await must(lab, 'create-network -a 10.2.0.0/24 back');
  await must(lab, 'create-zone -N back --no-boot web1');
  await lab.mustRun('cp /etc/zonenet/zones/web1.ini /etc/zonenet/zones/web2.ini; : > /etc/zonenet/zones/web3.ini');
  const shown = await znetadm(lab, 'show-zone -p -o zone,state');
  assert.is(shown.stdout, 'web1:installed\n');
  assert.ok(shown.stderr.includes('/etc/zonenet/zones/web2.ini:4:8: this is the record of "web1"'), shown.stderr);
  assert.ok(shown.stderr.includes('/etc/zonenet/zones/web3.ini:1:1: "format" is missing'), shown.stderr);
  const sync = await znetadm(lab, 'sync');
  assert.is(sync.status, 6, sync.stderr);
  assert.is((await znetadm(lab, 'create-zone -N back db1')).status, 1);
});

test.run();
