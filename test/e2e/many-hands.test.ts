// Many at the allocator at once, and killed at any moment: nothing double, nothing lost, nothing without an owner.
//
// Every run kills a few; KILLS=600 kills so many. SEED=7 fixes the moments.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { seededRandom } from '../lab/daemon/faults.ts';
import { type LabHandle, startLab } from '../lab/lab.ts';

const KILLS = Number(process.env['KILLS'] ?? 30);
const SEED = Number(process.env['SEED'] ?? 1);
const ZNETADM = '/opt/zonenet/bin/znetadm';

const test = suite<{ lab: LabHandle }>('many hands');

test.before.each(async (context) => {
  context.lab = await startLab();
});

test.after.each(async ({ lab }) => {
  await lab.stop();
});

const znetadm = ({ run }: LabHandle, words: string) => run([ZNETADM, ...words.split(' ')], { timeoutMs: 300_000 });

async function must(lab: LabHandle, words: string): Promise<string> {
  const { status, stdout, stderr } = await znetadm(lab, words);
  assert.is(status, 0, `${words}: ${stderr}`);
  return stdout;
}

const linesOf = (text: string) => text.split('\n').filter((line) => line !== '');
const twice = (all: readonly string[]) => all.filter((one, at) => all.indexOf(one) !== at);

/** What the host has against what is recorded. */
async function audit(lab: LabHandle) {
  const rows = linesOf(await must(lab, 'show-zone -p -o zone,link,address')).map((row) => row.split(':'));
  const column = (at: number) => rows.map((row) => row[at] ?? '');
  const recorded = { zones: column(0), links: column(1), addresses: column(2) };
  const zones = linesOf(await lab.mustRun('zoneadm list -c')).filter((zone) => zone !== 'global');
  const links = linesOf(await lab.mustRun('dladm show-vnic -p -o link'));
  const published = linesOf(await lab.mustRun('ls /var/zonenet/zones 2>/dev/null || true'));
  const without = (these: readonly string[], those: readonly string[]) => these.filter((one) => !those.includes(one));
  return {
    zones: recorded.zones,
    addresses: recorded.addresses,
    double: [...twice(recorded.links), ...twice(recorded.addresses), ...twice(links)],
    lost: [...without(recorded.zones, zones), ...without(recorded.links, links)],
    ownerless: [
      ...without(zones, recorded.zones),
      ...without(links, recorded.links),
      ...without(published, recorded.zones),
    ],
  };
}

const CLEAN = { double: [], lost: [], ownerless: [] };

test('fifty at once create and delete: no duplicate, no loss, and none starves', async ({ lab }) => {
  await must(lab, 'create-network -a 10.2.0.0/24 back');
  await must(lab, 'create-zone -N back --no-install -c 20 old');
  const numbers = (count: number) => Array.from({ length: count }, (_, index) => index + 1);
  const commands = [
    ...numbers(20).flatMap((number) => [`create-zone -N back --no-install new${number}`, `delete-zone old${number}`]),
    ...numbers(10).map((number) => `create-network net${number}`),
  ];
  assert.is(commands.length, 50);
  const results = await Promise.all(commands.map(async (words) => ({ words, ...(await znetadm(lab, words)) })));
  const failed = results.filter(({ status }) => status !== 0).map(({ words, stderr }) => `${words}: ${stderr}`);
  assert.equal(failed, []);
  const { zones, addresses, ...found } = await audit(lab);
  assert.equal(found, CLEAN);
  assert.equal(
    [...zones].sort(),
    numbers(20)
      .map((number) => `new${number}`)
      .sort(),
  );
  assert.is(new Set(addresses).size, 20);
  const prefixes = linesOf(await must(lab, 'show-network -p -o prefix'));
  assert.is(new Set(prefixes).size, 11);
  assert.is(await must(lab, 'sync -n'), 'Nothing was changed.\n');
});

test('killed at any moment, again and again: repair leaves nothing lost, double or without an owner', async ({
  lab,
}) => {
  await must(lab, 'create-network -a 10.2.0.0/24 back');
  console.log(`${KILLS} kills, seed ${SEED}`);
  const random = seededRandom(SEED);
  const ended = { killed: 0, done: 0, refused: 0 };
  let longest = 600;
  for (let kill = 0; kill < KILLS; kill += 1) {
    const zone = `z${Math.floor(random() * 8)}`;
    const isThere = (await lab.run(['/bin/test', '-e', `/etc/zonenet/zones/${zone}.ini`])).status === 0;
    const words = isThere ? ['delete-zone', zone] : ['create-zone', '-N', 'back', '--no-install', zone];
    // As long as the quickest took with all of the way there, so that most are met on a machine of any speed.
    const after = (0.01 + random() * (longest / 1000)).toFixed(3);
    const began = performance.now();
    // Only the process itself: what it has started goes on for its moment, as on any host.
    const { status, stderr } = await lab.run([
      '/usr/bin/timeout',
      '--foreground',
      '-s',
      'KILL',
      after,
      ZNETADM,
      ...words,
    ]);
    // 124: its time was up, and it had ended by itself just then.
    if (status === 137 || status === 124 || status === null) ended.killed += 1;
    else if (status === 0) {
      ended.done += 1;
      longest = Math.min(longest, performance.now() - began - 10);
    } else {
      ended.refused += 1;
      assert.match(stderr, 'to finish it', `${words.join(' ')}: ${status}: ${stderr}`);
    }
    if (kill % 10 === 9) {
      await must(lab, 'repair');
      const { zones: _, addresses: __, ...found } = await audit(lab);
      assert.equal(found, CLEAN, `after ${kill + 1} kills, seed ${SEED}`);
      assert.is(await must(lab, 'sync -n'), 'Nothing was changed.\n');
    }
  }
  console.log(`${JSON.stringify(ended)}: nothing lost, double or ownerless`);
  assert.ok(ended.killed > KILLS / 3, `most ended before they were killed: ${JSON.stringify(ended)}`);
});

test('many zones in one command, killed at any moment: repair ends at all of them or at none', async ({ lab }) => {
  await must(lab, 'create-network -a 10.2.0.0/24 back');
  const random = seededRandom(SEED);
  const words = 'create-zone -N back --no-install -c 6 web';
  const began = performance.now();
  await must(lab, words);
  const usual = performance.now() - began;
  const ended = { none: 0, all: 0 };
  for (let kill = 0; kill < KILLS / 3; kill += 1) {
    for (const zone of linesOf(await must(lab, 'show-zone -p -o zone'))) await must(lab, `delete-zone ${zone}`);
    const after = ((random() * usual) / 1000).toFixed(3);
    await lab.run(['/usr/bin/timeout', '--foreground', '-s', 'KILL', after, ZNETADM, ...words.split(' ')]);
    await must(lab, 'repair');
    const { zones, addresses, ...found } = await audit(lab);
    assert.equal(found, CLEAN, `killed after ${after} s`);
    assert.ok(zones.length === 0 || zones.length === 6, `${zones.length} zones, killed after ${after} s`);
    assert.is(new Set(addresses).size, zones.length);
    assert.is(await must(lab, 'sync -n'), 'Nothing was changed.\n');
    ended[zones.length === 0 ? 'none' : 'all'] += 1;
  }
  console.log(`${JSON.stringify(ended)}: all or none`);
});

test.run();
