import { logFileOf } from './fmri.ts';
import type { State, Surroundings } from './graph.ts';
import { type Instance, isEnabled } from './repository.ts';
import { type Auxiliary, isUp, publish, type Run } from './run.ts';
import type { MethodHost } from './run-method.ts';
import { formatLogTime } from './time.ts';

/** What svc.startd of one zone knows, and how it tells. */
export interface Board {
  readonly host: MethodHost;
  readonly runs: Map<Instance, Run>;
  readonly world: Surroundings;
  /** A line of svc.startd in the log of an instance. */
  log(run: Run, words: string): void;
  /** Puts an instance into a state. */
  enter(run: Run, state: State, auxiliary?: Auxiliary): void;
  /** Publishes what changed of an instance and wakes those who wait. */
  tell(run: Run): void;
  /** Wakes those who wait for a change. */
  notify(): void;
  /** Resolves at the next change. */
  changed(): Promise<void>;
  /** The zone is gone: nothing is written or waited for any more. */
  halt(): void;
  halted(): boolean;
}

export function createBoard(host: MethodHost): Board {
  const { lab, repository, files } = host;
  const runs = new Map<Instance, Run>();
  let waiting: (() => void)[] = [];
  let halted = false;

  const notify = () => {
    const woken = waiting;
    waiting = [];
    for (const wake of woken) wake();
  };
  const tell = (run: Run) => {
    publish(run, logFileOf(run.instance.fmri));
    notify();
  };
  return {
    host,
    runs,
    world: {
      repository,
      state: (instance) => runs.get(instance)?.state ?? 'uninitialized',
      available: (instance) => {
        const run = runs.get(instance);
        return run !== undefined && isUp(run) && run.leaving === undefined && isEnabled(instance);
      },
      fileExists: (path) => files.exists(path),
    },
    log: (run, words) => {
      if (!halted) files.append(logFileOf(run.instance.fmri), `[ ${formatLogTime(lab.now())} ${words} ]\n`);
    },
    enter: (run, state, auxiliary = 'none') => {
      run.state = state;
      run.next = 'none';
      run.since = lab.now();
      run.auxiliary = auxiliary;
      tell(run);
    },
    tell,
    notify,
    changed: () => new Promise<void>((resolve) => waiting.push(resolve)),
    halt: () => {
      halted = true;
      runs.clear();
      notify();
    },
    halted: () => halted,
  };
}
