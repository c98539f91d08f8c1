// znetadm and the boot method, killed and failed at each external command and before each change of a file, then finished.
//
// Every run goes over some points of most sweeps, always the same ones. CRASH_SWEEP=all goes over all points of all, which
// takes an hour: CRASH_SWEEP=all node build/test/e2e/crash-sweep.test.mjs, after node .ci/test.mjs e2e/crash-sweep.
// CRASH_SWEEP="all ^delete" goes over all points of those whose names match.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  canStopAtChanges,
  type Outcome,
  type Point,
  representatives,
  survey,
  sweep,
  tally,
} from '../lab/crash-sweep.ts';
import { type Finish, hostScenario } from '../support/crash-host.ts';
import { methodByHand, methodScenario } from '../support/crash-method.ts';
import { differences, type State, type StoryScenario } from '../support/crash-state.ts';

const KILLS = ['kill-before', 'kill-after'] as const;
const FAILS = ['fail', 'fail-after'] as const;
const CHANGES = ['kill-at-change'] as const;

interface StorySweep {
  readonly name: string;
  readonly hows: readonly Point['how'][];
  readonly start: () => Promise<StoryScenario>;
  /** How many points every run goes over. */
  readonly points: number;
}

/** Killed runs are finished by the same command, and by sync, turn about. What failed, by the same command. */
const inTurn = ({ how, nth }: Point): Finish => (how.startsWith('kill') && nth % 2 === 0 ? 'sync' : 'again');

const SWEEPS: readonly StorySweep[] = [
  {
    name: 'create-network, killed',
    hows: [...KILLS, ...CHANGES],
    start: () => hostScenario('create-network', inTurn),
    points: 3,
  },
  { name: 'create-network, failed', hows: FAILS, start: () => hostScenario('create-network', inTurn), points: 0 },
  {
    name: 'create-zone of a proxy, killed',
    hows: [...KILLS, ...CHANGES],
    start: () => hostScenario('create-zone of a proxy', inTurn),
    points: 3,
  },
  {
    name: 'create-zone of a proxy, failed',
    hows: FAILS,
    start: () => hostScenario('create-zone of a proxy', inTurn),
    points: 0,
  },
  {
    name: 'create-zone of a member, killed',
    hows: [...KILLS, ...CHANGES],
    start: () => hostScenario('create-zone of a member', inTurn),
    points: 3,
  },
  {
    name: 'create-zone of a member that is not booted, killed',
    hows: [...KILLS, ...CHANGES],
    start: () => hostScenario('create-zone of a member that is not booted', inTurn),
    points: 3,
  },
  {
    name: 'create-zone of a member, failed',
    hows: FAILS,
    start: () => hostScenario('create-zone of a member', inTurn),
    points: 3,
  },
  {
    name: 'attach-zone of the global zone, killed',
    hows: [...KILLS, ...CHANGES],
    start: () => hostScenario('attach-zone of the global zone', inTurn),
    points: 3,
  },
  {
    name: 'detach-zone of the global zone, killed',
    hows: [...KILLS, ...CHANGES],
    start: () => hostScenario('detach-zone of the global zone', inTurn),
    points: 3,
  },
  {
    name: 'delete-zone of a member, killed',
    hows: [...KILLS, ...CHANGES],
    start: () => hostScenario('delete-zone of a member', inTurn),
    points: 3,
  },
  {
    name: 'delete-zone of a member, failed',
    hows: FAILS,
    start: () => hostScenario('delete-zone of a member', inTurn),
    points: 3,
  },
  {
    name: 'delete-zone of a proxy, killed',
    hows: [...KILLS, ...CHANGES],
    start: () => hostScenario('delete-zone of a proxy', inTurn),
    points: 0,
  },
  {
    name: 'delete-network, killed',
    hows: [...KILLS, ...CHANGES],
    start: () => hostScenario('delete-network', inTurn),
    points: 3,
  },
  { name: 'delete-network, failed', hows: FAILS, start: () => hostScenario('delete-network', inTurn), points: 0 },
  {
    name: 'attach-zone of a running proxy, killed and failed',
    hows: [...KILLS, ...FAILS, ...CHANGES],
    start: () => hostScenario('attach-zone of a running proxy', inTurn),
    points: 0,
  },
  {
    name: 'set-network under running zones, killed and failed',
    hows: [...KILLS, ...FAILS, ...CHANGES],
    start: () => hostScenario('set-network under running zones', inTurn),
    points: 0,
  },
  {
    name: 'set-zone of a running zone, killed and failed',
    hows: [...KILLS, ...FAILS, ...CHANGES],
    start: () => hostScenario('set-zone of a running zone', inTurn),
    points: 0,
  },
  {
    name: 'delete-forward, killed and failed',
    hows: [...KILLS, ...FAILS, ...CHANGES],
    start: () => hostScenario('delete-forward', inTurn),
    points: 0,
  },
  { name: 'sync, killed', hows: [...KILLS, ...CHANGES], start: () => hostScenario('sync', inTurn), points: 3 },
  { name: 'sync, failed', hows: FAILS, start: () => hostScenario('sync', inTurn), points: 3 },
  {
    name: 'boot of a proxy, killed and failed',
    hows: [...KILLS, ...FAILS],
    start: () => methodScenario('proxy', 'boot'),
    points: 3,
  },
  {
    name: 'boot of a member, killed and failed',
    hows: [...KILLS, ...FAILS],
    start: () => methodScenario('web1', 'boot'),
    points: 0,
  },
  {
    name: 'refresh of a proxy, killed and failed',
    hows: [...KILLS, ...FAILS],
    start: () => methodScenario('proxy', 'refresh'),
    points: 3,
  },
  { name: 'method by hand in a proxy, killed', hows: CHANGES, start: () => methodByHand('proxy'), points: 3 },
  { name: 'method by hand in a member, killed', hows: CHANGES, start: () => methodByHand('web1'), points: 0 },
];

const [extent, ...part] = (process.env['CRASH_SWEEP'] ?? 'some').split(' ');
const isAll = extent === 'all';
const chosen = SWEEPS.filter(({ name, points }) => (isAll ? new RegExp(part.join(' ')).test(name) : points > 0));

/** Milliseconds after which a run begins no further sweep: on a machine that is busy with other things. */
const PATIENCE = 480_000;

async function goOver({ name, hows, start, points }: StorySweep): Promise<Outcome> {
  if (!isAll && performance.now() > PATIENCE) {
    console.log(`SKIPPED: ${name}: the machine is too busy for it to end in time`);
    return { met: [], missed: [], failures: [] };
  }
  const scenario = await start();
  const { lab } = scenario;
  try {
    const traced = !hows.includes('kill-at-change') || (await canStopAtChanges(lab));
    if (!traced) console.log(`SKIPPED: ${name} at changes of files: no C compiler, or ptrace is not permitted`);
    const all = await survey(lab, scenario, traced ? hows : hows.filter((how) => how !== 'kill-at-change'));
    const some = isAll ? all.points : representatives(all.points, points);
    const outcome = await sweep(lab, scenario, { ...all, points: some }, (actual, wanted) =>
      compare(actual, wanted, scenario.otherwise()),
    );
    const { met, missed, failures } = outcome;
    console.log(
      `${name}: ${met.length} of ${all.points.length} points (${tally(met)}), ${missed.length} missed, ${failures.length} failures`,
    );
    for (const failure of failures) console.log(describe(failure));
    return outcome;
  } finally {
    await lab.stop();
  }
}

const describe = ({ point: { how, nth, what }, error }: Outcome['failures'][number]) =>
  `${how} ${nth} (${what}): ${error}`;

function compare(actual: State, wanted: State, other: State | undefined): void {
  const found = differences(actual, wanted);
  if (found.length === 0 || (other !== undefined && differences(actual, other).length === 0)) return;
  const lines = found.slice(0, 10).map((line) => line.slice(0, 300));
  throw new Error(`it ended otherwise:\n${lines.join('\n')}\n${found.length} differences`);
}

const test = suite('crash sweep of the first story');

/** Two labs at once: each is mostly a waiting. */
const waiting = [...chosen];
const outcomes = new Map<string, Promise<Outcome>>();
let running: readonly Promise<unknown>[] = [];

for (const one of chosen) {
  test(one.name, async () => {
    while (running.length < 2 && waiting.length > 0) startNext();
    const outcome = outcomes.get(one.name);
    if (outcome === undefined) throw new Error('sweeps are started in the order of their tests');
    const { met, missed, failures } = await outcome;
    assert.is(failures.length, 0, failures.map(describe).join('\n'));
    // A run may ask less often than the one that was counted, waiting for a zone; but then only seldom.
    assert.ok(met.length >= missed.length, `${missed.length} of ${met.length + missed.length} points were not reached`);
  });
}

function startNext(): void {
  const next = waiting.shift();
  if (next === undefined) return;
  const outcome = goOver(next);
  // Heard by its test.
  const ended = outcome.then(
    () => undefined,
    () => undefined,
  );
  outcomes.set(next.name, outcome);
  running = [...running, ended];
  void ended.then(() => {
    running = running.filter((one) => one !== ended);
    startNext();
  });
}

test.run();
