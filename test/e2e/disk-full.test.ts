// A disk that is full: what is left of it is cut by four kilobytes, which is a file, until nothing can be written.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { startLab } from '../lab/lab.ts';
import { differences, ENVIRONMENT, hostOf, PROXY, stateOf } from '../support/crash-state.ts';

const test = suite('a full disk');

const RECORDS = '/etc/zonenet';
const METADATA = '/var/zonenet';

/** A host whose records and metadata have disks of their own. */
async function startHost() {
  const lab = await startLab();
  for (const directory of [RECORDS, METADATA]) await lab.ownDisk(directory, 256);
  const host = hostOf(lab);
  await host.must('create-network -a 10.2.0.0/24 back');
  return { lab, host };
}

for (const directory of [RECORDS, METADATA]) {
  test(`create-zone with little room in ${directory}: what is begun can be taken back, and with room it is made`, async () => {
    const { lab, host } = await startHost();
    const before = await stateOf(lab, host.quiet);
    let refusals = 0;
    for (let room = 0; ; room += 4) {
      await lab.fillDisk(directory, room);
      const { status, stderr } = await host.znetadm('create-zone --no-boot -N back web1');
      await lab.freeDisk(directory);
      if (status === 0) break;
      refusals += 1;
      assert.is(status, 1, stderr);
      for (const wanted of [`annot write "${directory}/`, 'ENOSPC', `df -h ${directory}`])
        assert.ok(stderr.includes(wanted), `${room} kB: ${stderr}`);
      // What it could not take back for want of room, the record still tells.
      if (await host.has('/etc/zonenet/zones/web1.ini')) await host.must('delete-zone web1');
      assert.equal(differences(await stateOf(lab, host.quiet), before), [], `${room} kB`);
    }
    assert.ok(refusals >= 1 && refusals <= 4, `${refusals} refusals`);
    assert.is(await host.must('sync -n'), 'Nothing was changed.\n');
    await lab.stop();
  });
}

test('delete-zone on a full disk changes nothing or is finished by the next', async () => {
  const { lab, host } = await startHost();
  const before = await stateOf(lab, host.quiet);
  await host.must('create-zone --no-boot -N back web1');
  await lab.fillDisk(RECORDS);
  const { status, stderr } = await host.znetadm('delete-zone web1');
  assert.is(status, 1, stderr);
  assert.ok(stderr.includes(`annot write "${RECORDS}/zones/web1.ini": ENOSPC`), stderr);
  await lab.freeDisk(RECORDS);
  await host.must('delete-zone web1');
  assert.equal(differences(await stateOf(lab, host.quiet), before), []);
  await lab.stop();
});

test('a zone whose disk is full keeps the network it has, says so, and takes the new one when there is room', async () => {
  const lab = await startLab();
  const host = hostOf(lab);
  await host.must('create-network -a 10.2.0.0/24 back');
  await host.must(`create-zone ${PROXY}`);
  const state = ['/var/zonenet', 64, 'proxy'] as const;
  await lab.ownDisk(...state);
  const metadata = '/var/zonenet/zones/proxy/metadata.ini';
  const text = await lab.readFile('global', metadata);
  await lab.writeFile(
    'global',
    `${metadata}.new`,
    text.replace('generation = 1', 'generation = 2').replaceAll('10.2.0.', '10.3.0.'),
  );
  await lab.mustRun(['/bin/mv', `${metadata}.new`, metadata]);
  await lab.fillDisk('/var/zonenet', 0, 'proxy');
  const method = () =>
    lab.run(['/opt/zonenet/method/zonenet', 'refresh'], {
      zone: 'proxy',
      env: { ...ENVIRONMENT, SMF_ZONENAME: 'proxy' },
    });
  const full = await method();
  assert.is(full.status, 0, full.stdout);
  assert.match(full.stdout, /annot write "\/var\/zonenet\/.*": ENOSPC/);
  assert.match(full.stdout, 'The configuration in use (generation 1) stays');
  const addresses = () => lab.mustRun('ipadm show-addr -p -o addrobj,addr', { zone: 'proxy' });
  const forwarding = 'ipadm show-ifprop -c -p forwarding -o ifname,current -m ipv4 znic0';
  assert.match(await addresses(), 'znic0/v4:10.2.0.1/24');
  assert.is(await lab.mustRun(forwarding, { zone: 'proxy' }), 'znic0:on\n');
  await lab.freeDisk('/var/zonenet', 'proxy');
  const good = await method();
  assert.match(good.stdout, 'verified in');
  await host.quiet();
  assert.match(await addresses(), 'znic0/v4:10.3.0.1/24');
  await lab.stop();
});

test.run();
