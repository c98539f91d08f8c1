// The sweep itself: it must find what a careless tool leaves, and pass one that is careful.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { canStopAtChanges, type Point, representatives, type Scenario, survey, sweep, tally } from './crash-sweep.ts';
import { type LabHandle, startLab } from './lab.ts';

const test = suite<{ lab: LabHandle }>('crash sweep');

test.before(async (context) => {
  context.lab = await startLab();
});

test.after(async ({ lab }) => {
  await lab.stop();
});

/** Each word of the script is a program of its own, started by node, which is the tool that dies. */
function scenarioOf(lab: LabHandle, commands: readonly string[], note: string): Scenario<string> {
  const look = () =>
    lab.mustRun('dladm show-link -p -o link,class; cat /etc/note 2>/dev/null; ls -A /etc | grep note || true');
  const script = `
    const { execFileSync } = require('node:child_process');
    const fs = require('node:fs');
    for (const line of ${JSON.stringify(commands)}) {
      try { execFileSync('/usr/sbin/dladm', line.split(' '), { stdio: 'pipe' }); }
      catch (error) { if (!String(error.stderr).includes('object already exists')) { process.stderr.write(line + ': ' + error.stderr); process.exit(1); } }
    }
    ${note}`;
  const run = (before: readonly string[]) => lab.run([...before, '/opt/ooce/bin/node', '-e', script]);
  return {
    begin: async () => {
      await lab.run('dladm delete-vnic v0; dladm delete-etherstub s0; rm -f /etc/note /etc/.note');
    },
    run,
    finish: async () => {
      const again = await run([]);
      if (again.status !== 0) throw new Error(again.stderr);
    },
    look,
  };
}

const COMMANDS = ['create-etherstub s0', 'create-vnic -l s0 v0'];
const CAREFUL = `fs.writeFileSync('/etc/.note', 'both'); fs.renameSync('/etc/.note', '/etc/note');`;
const ALL: readonly Point['how'][] = ['kill-before', 'kill-after', 'fail', 'fail-after', 'kill-at-change'];

const run = async (lab: LabHandle, scenario: Scenario<string>, hows: readonly Point['how'][]) => {
  const found = await survey(lab, scenario, hows);
  return await sweep(lab, scenario, found, (actual, wanted) => assert.is(actual, wanted));
};

/** What this machine lets a sweep stop at. */
async function possible(lab: LabHandle): Promise<readonly Point['how'][]> {
  if (await canStopAtChanges(lab)) return ALL;
  console.log('SKIPPED: stopping at changes of files: no C compiler, or ptrace is not permitted');
  return ALL.filter((how) => how !== 'kill-at-change');
}

test('a tool that can be called again passes, killed and failed at every point', async ({ lab }) => {
  const hows = await possible(lab);
  const { met, missed, failures } = await run(lab, scenarioOf(lab, COMMANDS, CAREFUL), hows);
  assert.equal(failures, []);
  assert.equal(missed, []);
  const changes = hows.includes('kill-at-change')
    ? ', kill-at-change create 1, kill-at-change write 1, kill-at-change rename 1'
    : '';
  assert.is(tally(met), `kill-before dladm 2, kill-after dladm 2, fail dladm 2, fail-after dladm 2${changes}`);
});

test('a tool that believes its first half was the whole is found', async ({ lab }) => {
  const careless = `fs.existsSync('/etc/note') || fs.writeFileSync('/etc/note', 'both');`;
  const scenario = scenarioOf(lab, COMMANDS, careless);
  if (!(await possible(lab)).includes('kill-at-change')) return;
  const { failures } = await run(lab, scenario, ['kill-at-change']);
  assert.equal(
    failures.map(({ point }) => point.what),
    ['write /etc/note'],
  );
});

test('a tool that does not look what is there is found', async ({ lab }) => {
  const scenario = scenarioOf(lab, ['create-etherstub s0', 'set-linkprop -p mtu=1500 s0'], CAREFUL);
  const blind = { ...scenario, finish: async () => void (await lab.mustRun('dladm create-etherstub s0')) };
  const { failures } = await run(lab, blind, ['kill-after']);
  assert.equal(
    failures.map(({ point }) => point.nth),
    [1, 2],
  );
});

test('of alike points the first and the last stand for all, at most so many', () => {
  const points = Array.from({ length: 30 }, (_, index) => ({
    how: 'kill-after' as const,
    nth: index + 1,
    what: index % 3 === 0 ? 'svcs -z web1' : `dladm create-vnic v${index}`,
  }));
  const numbers = (count: number) => representatives(points, count).map(({ nth }) => nth);
  assert.is(numbers(100).length, 22);
  assert.equal(numbers(4).length, 4);
  assert.is(numbers(4)[0], 1);
});

test.run();
