// Runs a command again and again, each time stopped at another point, and tells those after which it did not come right.
import type { Fault } from './daemon/faults.ts';
import type { LabHandle } from './lab.ts';
import type { RunResult } from './programs.ts';

/** How a run is disturbed at a command it gives: the lab's faults of that name. */
export type Disturbance = 'kill-before' | 'kill-after' | 'fail' | 'fail-after';

/** One moment of a run: at a command that it gives, or right before it changes a file. */
export interface Point {
  readonly how: Disturbance | 'kill-at-change';
  /** Counted from 1 over all commands, or over all changes of files. */
  readonly nth: number;
  /** The command line, or the change and its path. */
  readonly what: string;
}

/** A command in a lab, and how its end is told. */
export interface Scenario<State> {
  /** Whose commands count; missing is the global zone. */
  readonly zone?: string;
  /** Puts the lab where the command begins. Called before every run, so it takes back what the last one did. */
  readonly begin: () => Promise<void>;
  /** Runs the command to its end, with those words in front of it. */
  readonly run: (before: readonly string[]) => Promise<RunResult>;
  /** What is done after a disturbed run. Throws when that does not succeed. */
  readonly finish: (point: Point, result: RunResult) => Promise<void>;
  /** All that an undisturbed run decides, and nothing else. */
  readonly look: () => Promise<State>;
}

export interface Sweep<State> {
  /** How an undisturbed run ends. */
  readonly wanted: State;
  readonly points: readonly Point[];
}

/** What came of the points of a sweep. */
export interface Outcome {
  /** The points at which a run was disturbed. */
  readonly met: readonly Point[];
  /** Points that were not reached: that run asked less often. */
  readonly missed: readonly Point[];
  readonly failures: readonly { readonly point: Point; readonly error: string }[];
}

const LIST = '/tmp/changes';
const TRACER = ['/usr/lib/lab/lab', 'crash-at'];

/** Whether the tracer works here: it takes a C compiler, and a kernel that lets a process trace its child. */
export async function canStopAtChanges(lab: LabHandle): Promise<boolean> {
  const { status } = await lab.run([...TRACER, '0', LIST, '/bin/true']);
  return status === 0;
}

/** Runs the command undisturbed, for its end and its commands; `changes` also for its changes of files. */
export async function survey<State>(
  lab: LabHandle,
  scenario: Scenario<State>,
  hows: readonly Point['how'][],
): Promise<Sweep<State>> {
  const { zone = 'global' } = scenario;
  await scenario.begin();
  const mark = await lab.mark();
  await succeeds(await scenario.run([]));
  const commands = (await lab.calls(mark)).filter((call) => call.zone === zone && !call.internal);
  const wanted = await scenario.look();
  const points = hows.flatMap((how) =>
    how === 'kill-at-change' ? [] : commands.map(({ argv }, index) => ({ how, nth: index + 1, what: argv.join(' ') })),
  );
  if (!hows.includes('kill-at-change')) return { wanted, points };
  await scenario.begin();
  await succeeds(await scenario.run([...TRACER, '0', LIST]));
  const changes = (await lab.readFile(zone, LIST)).trimEnd().split('\n');
  return {
    wanted,
    points: [...points, ...changes.map((what, index) => ({ how: 'kill-at-change' as const, nth: index + 1, what }))],
  };
}

async function succeeds({ status, signal, stdout, stderr }: RunResult): Promise<void> {
  if (status !== 0) throw new Error(`undisturbed it ended with ${signal ?? status}: ${stdout}${stderr}`);
}

/** Disturbs a run at each point, finishes it, and compares its end with the one wanted. */
export async function sweep<State>(
  lab: LabHandle,
  scenario: Scenario<State>,
  { wanted, points }: Sweep<State>,
  compare: (actual: State, wanted: State) => void,
): Promise<Outcome> {
  const [met, missed]: [Point[], Point[]] = [[], []];
  const failures: { point: Point; error: string }[] = [];
  for (const planned of points) {
    let point = planned;
    try {
      await scenario.begin();
      const { what, result } = await disturb(lab, scenario, planned);
      // Commands that a tool gives at once come in any order.
      point = { ...planned, what: what ?? planned.what };
      (what === undefined ? missed : met).push(point);
      await scenario.finish(point, result);
      compare(await scenario.look(), wanted);
    } catch (error) {
      failures.push({ point, error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
    }
  }
  return { met, missed, failures };
}

/** `what` is missing when the run did not get as far. */
async function disturb<State>(lab: LabHandle, scenario: Scenario<State>, { how, nth, what }: Point) {
  if (how === 'kill-at-change') {
    const result = await scenario.run([...TRACER, String(nth), LIST]);
    const reached = result.signal === 'SIGKILL' || result.status === 137;
    return { ...(reached ? { what } : {}), result };
  }
  const { zone = 'global' } = scenario;
  const words = how.startsWith('fail') ? { status: 1, stderr: 'lab: disturbed\n' } : {};
  const fault: Fault = { zone, nth, action: how, ...words };
  const mark = await lab.mark();
  await lab.fault(fault);
  const result = await scenario.run([]);
  await lab.clearFaults();
  const met = (await lab.calls(mark)).find((call) => call.fault === how);
  return { ...(met === undefined ? {} : { what: met.argv.join(' ') }), result };
}

/**
 * At most so many of the points, spread evenly over those that are alike no other: of points with the same command, or the
 * same change of the same file, the first and the last stand for all.
 */
export function representatives(points: readonly Point[], count: number): Point[] {
  const kindOf = ({ how, what }: Point) => `${how} ${what.replace(/\/\.\d+\.[0-9a-f]+$/, '').replace(/\/L\.\d+$/, '')}`;
  const kinds = points.map(kindOf);
  const chosen = points.filter((point, index) => {
    const kind = kindOf(point);
    return kinds.indexOf(kind) === index || kinds.lastIndexOf(kind) === index;
  });
  const step = Math.max(1, chosen.length / count);
  return chosen.filter((_, index) => Math.floor(index / step) !== Math.floor((index - 1) / step));
}

/** How often a run was disturbed, by program or kind of change: "kill-before dladm" … */
export function tally(met: readonly Point[]): string {
  const counts = new Map<string, number>();
  for (const { how, what } of met) {
    const key = `${how} ${what.split(' ')[0]}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return [...counts].map(([key, count]) => `${key} ${count}`).join(', ');
}
