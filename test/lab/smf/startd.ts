import { NotModelled } from '../daemon/call.ts';
import type { Contract } from '../daemon/state.ts';
import { createAttempts } from './attempt.ts';
import { logFileOf } from './fmri.ts';
import {
  completesCycle,
  dependenciesOf,
  dependenciesSatisfied,
  instancesNamed,
  restartsOn,
  type State,
  type Surroundings,
} from './graph.ts';
import {
  firstValue,
  type Instance,
  instancesOf,
  isEnabled,
  runningGroups,
  setEnabled,
  takeSnapshot,
} from './repository.ts';
import { type Auxiliary, createRun, isUp, publish, type Run, type StopCause } from './run.ts';
import type { MethodHost } from './run-method.ts';
import { formatLogTime } from './time.ts';

/** svc.startd of one booted zone. What is asked of it happens later; `settled` waits for that. */
export interface Startd {
  readonly world: Surroundings;
  /** What is known of an instance. Undefined when it is not in the repository. */
  run(instance: Instance): Run | undefined;
  /** Takes up what an import or a deletion changed. `changed`: instances whose snapshot is new. */
  adopt(changed: readonly Instance[]): void;
  enable(instance: Instance, enabled: boolean, temporary: boolean): void;
  restart(instance: Instance): void;
  /** New snapshot, and the refresh method when the instance is up (§6.4). */
  refresh(instance: Instance): void;
  /** @returns false when it is neither in maintenance nor degraded. */
  clear(instance: Instance): boolean;
  mark(instance: Instance, state: 'maintenance' | 'degraded'): void;
  /** Resolves when no method runs and nothing is left to do. */
  settled(): Promise<void>;
  /** The same without regard to one instance, and for at most that long. */
  settledBut(fmri: string, limitMs: number): Promise<void>;
  /** Resolves at the next change of any state or property. */
  changed(): Promise<void>;
  /** A property was changed: wakes those who wait for that. */
  touched(): void;
  /** Stops everything, dependents first. */
  shutdown(): Promise<void>;
  /** Before the zone goes: nothing is begun any more. Resolves when no stock method has a call under way. */
  halt(): Promise<void>;
}

/** Starts closer together than this on average, five in a row, are "restarting too quickly". */
const FAILURE_RATE_MS = 600_000;
const RATE_STARTS = 5;

const STOP_REASONS: Readonly<Record<StopCause, string>> = {
  disable: 'service disabled',
  restart: 'service restarting',
  dependency: 'dependency activity requires stop',
  error: 'dependency activity requires stop',
  exited: 'all processes in service exited',
  maintenance: 'maintenance requested',
  shutdown: 'service disabled',
};

export function createStartd(host: MethodHost): Startd {
  const { lab, repository, files } = host;
  const runs = new Map<Instance, Run>();
  let waiting: (() => void)[] = [];
  let halted = false;
  let stopping = false;
  let settling = false;

  const world: Surroundings = {
    repository,
    state: (instance) => runs.get(instance)?.state ?? 'uninitialized',
    available: (instance) => {
      const run = runs.get(instance);
      return run !== undefined && isUp(run) && run.leaving === undefined && isEnabled(instance);
    },
    fileExists: (path) => files.exists(path),
  };

  const notify = () => {
    const woken = waiting;
    waiting = [];
    for (const wake of woken) wake();
  };
  const changed = () => new Promise<void>((resolve) => waiting.push(resolve));
  const log = (run: Run, words: string) => {
    if (!halted) files.append(logFileOf(run.instance.fmri), `[ ${formatLogTime(lab.now())} ${words} ]\n`);
  };
  const tell = (run: Run) => {
    publish(run, logFileOf(run.instance.fmri));
    notify();
  };
  const enter = (run: Run, state: State, auxiliary: Auxiliary = 'none') => {
    run.state = state;
    run.next = 'none';
    run.since = lab.now();
    run.auxiliary = auxiliary;
    tell(run);
  };
  const attempts = createAttempts(host, log, () => halted);
  const isTransient = (instance: Instance): boolean => {
    const duration = firstValue(runningGroups(instance), 'startd', 'duration') ?? 'contract';
    if (duration === 'child') throw new NotModelled(`duration child of ${instance.fmri}`);
    return duration === 'transient';
  };

  /** Tells those that depend on an instance that it goes down. @returns whether one of them is still up. */
  function stopDependents(provider: Run, cause: StopCause): boolean {
    let some = false;
    const failed = cause === 'error' || cause === 'exited';
    for (const run of runs.values()) {
      if (run === provider || !(isUp(run) || run.moving)) continue;
      const restartOn = restartsOn(repository, run.instance, provider.instance);
      if (restartOn === undefined) continue;
      const concerned =
        cause === 'shutdown' || restartOn === 'restart' || restartOn === 'refresh' || (restartOn === 'error' && failed);
      if (!concerned) continue;
      some = true;
      if (isUp(run)) run.leaving ??= cause === 'shutdown' ? 'shutdown' : 'dependency';
    }
    return some;
  }

  function watch(run: Run, contract: Contract): void {
    void contract.empty.then(() => {
      if (halted || run.contract !== contract || !isUp(run)) return;
      run.leaving ??= 'exited';
      settle();
    });
  }

  async function start(run: Run): Promise<void> {
    const transient = isTransient(run.instance);
    const { settledAs, ...end } = await attempts.run(run, 'start');
    if (halted) return;
    if (settledAs !== 'done') {
      enter(run, 'maintenance', settledAs);
      return;
    }
    const contract = 'contract' in end && !('status' in end && end.status === 94) ? end.contract : undefined;
    if (!transient && contract !== undefined) {
      run.contract = contract;
    }
    enter(run, 'status' in end && end.status === 97 ? 'degraded' : 'online');
    for (const other of runs.values()) if (isUp(other) && excludes(other, run)) other.leaving ??= 'dependency';
    if (run.contract !== undefined) watch(run, run.contract);
  }

  const excludes = (run: Run, other: Run): boolean =>
    dependenciesOf(run.instance)
      .filter(({ grouping }) => grouping === 'exclude_all')
      .some(({ entities }) => entities.some((fmri) => instancesNamed(repository, fmri).includes(other.instance)));

  async function stop(run: Run, cause: StopCause): Promise<void> {
    log(run, `Stopping because ${STOP_REASONS[cause]}.`);
    const { settledAs } = await attempts.run(run, 'stop');
    if (halted) return;
    if (run.contract !== undefined) await attempts.drain(run, run.contract);
    if (halted) return;
    delete run.contract;
    delete run.leaving;
    run.refresh = false;
    if (settledAs !== 'done') enter(run, 'maintenance', settledAs);
    else if (cause === 'maintenance') enter(run, 'maintenance', 'administrative_request');
    else enter(run, 'offline');
    if (cause === 'exited') tooQuick(run);
  }

  /** Five restarts in a row that are too close together send a contract service to maintenance (§10.5). */
  function tooQuick(run: Run): void {
    run.starts.push(lab.now());
    const first = run.starts.at(-RATE_STARTS);
    if (first === undefined || lab.now() - first >= FAILURE_RATE_MS * (RATE_STARTS - 1)) return;
    log(run, 'Restarting too quickly, changing state to maintenance.');
    enter(run, 'maintenance', 'restarting_too_quickly');
  }

  async function refresh(run: Run): Promise<void> {
    run.refresh = false;
    const { settledAs } = await attempts.run(run, 'refresh');
    if (halted) return;
    if (settledAs !== 'done') {
      run.contract?.kill('SIGKILL');
      delete run.contract;
      delete run.leaving;
      enter(run, 'maintenance', settledAs);
      stopDependents(run, 'error');
      return;
    }
    for (const other of runs.values())
      if (isUp(other) && restartsOn(repository, other.instance, run.instance) === 'refresh')
        other.leaving ??= 'dependency';
  }

  /** Lets a method run, then looks again at everything. What the lab does not model fails the test that runs. */
  async function begin(run: Run, next: State, work: () => Promise<void>): Promise<void> {
    run.moving = true;
    run.next = next;
    tell(run);
    try {
      await work();
    } catch (error) {
      if (halted) return;
      const words = error instanceof Error ? error.message : String(error);
      lab.notModelled.push(`${run.instance.fmri} in ${host.zone.name}: ${words}`);
      delete run.leaving;
      enter(run, 'maintenance', 'method_failed');
    }
    run.moving = false;
    run.next = 'none';
    if (halted) return;
    tell(run);
    settle();
  }

  function join(run: Run): void {
    if (!isEnabled(run.instance)) {
      enter(run, 'disabled');
      return;
    }
    log(run, 'Enabled.');
    run.starts.length = 0;
    if (!breakCycle(run)) enter(run, 'offline');
  }

  /** Sends an instance to maintenance that completes a dependency cycle. @returns whether it does. */
  function breakCycle(run: Run): boolean {
    const inGraph = (instance: Instance) => {
      const other = runs.get(instance);
      if (other === undefined || other.auxiliary === 'dependency_cycle') return false;
      return other.state !== 'uninitialized' && other.state !== 'disabled';
    };
    if (!completesCycle(repository, run.instance, inGraph)) return false;
    log(run, 'Transitioning to maintenance because it completes a dependency cycle (see svcs -xv for details).');
    enter(run, 'maintenance', 'dependency_cycle');
    return true;
  }

  function leave(run: Run): void {
    log(run, 'Disabled.');
    run.clear = false;
    enter(run, 'disabled');
  }

  /** What is next for an instance whose methods are at rest. @returns whether it changed. */
  function step(run: Run): boolean {
    const { instance } = run;
    const enabled = isEnabled(instance);
    switch (run.state) {
      case 'uninitialized':
        join(run);
        return true;
      case 'disabled':
        if (!enabled || stopping) return false;
        join(run);
        return true;
      case 'maintenance':
        if (!enabled) leave(run);
        else if (!run.clear) return false;
        else {
          run.clear = false;
          run.waitStatus = 0;
          log(run, 'Leaving maintenance because clear requested.');
          join(run);
        }
        return true;
      case 'offline':
        if (stopping) return false;
        if (!enabled) {
          leave(run);
          return true;
        }
        if (dependenciesSatisfied(world, instance) !== 'yes') return false;
        void begin(run, 'online', () => start(run));
        return true;
      case 'online':
      case 'degraded':
        return stepUp(run, enabled);
    }
  }

  function stepUp(run: Run, enabled: boolean): boolean {
    const cause = stopping ? 'shutdown' : enabled ? run.leaving : 'disable';
    if (cause !== undefined) {
      run.leaving = cause;
      if (stopDependents(run, cause)) return false;
      void begin(run, cause === 'disable' ? 'disabled' : cause === 'maintenance' ? 'maintenance' : 'offline', () =>
        stop(run, cause),
      );
      return true;
    }
    if (!run.refresh) return false;
    void begin(run, run.state, () => refresh(run));
    return true;
  }

  function settle(): void {
    if (settling || halted) return;
    settling = true;
    for (let again = true; again; ) {
      again = false;
      for (const run of [...runs.values()]) if (!run.moving && step(run)) again = true;
    }
    settling = false;
    notify();
  }

  async function settled(): Promise<void> {
    settle();
    while (!halted && [...runs.values()].some(({ moving }) => moving)) await changed();
  }

  async function settledBut(fmri: string, limitMs: number): Promise<void> {
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      notify();
    }, limitMs);
    const others = () => [...runs.values()].some(({ moving, instance }) => moving && instance.fmri !== fmri);
    while (!halted && !late && others()) await changed();
    clearTimeout(timer);
  }

  function adopt(concerned: readonly Instance[]): void {
    const present = new Set(instancesOf(repository));
    for (const [instance, run] of runs) {
      if (present.has(instance)) continue;
      run.contract?.kill('SIGKILL');
      runs.delete(instance);
    }
    for (const instance of present) {
      if (runs.has(instance)) continue;
      const run = createRun(instance, lab.now());
      runs.set(instance, run);
      publish(run, logFileOf(instance.fmri));
    }
    for (const instance of concerned) {
      const run = runs.get(instance);
      if (run?.state === 'offline' && !run.moving) breakCycle(run);
    }
    settle();
  }

  return {
    world,
    run: (instance) => runs.get(instance),
    adopt,
    enable: (instance, enabled, temporary) => {
      setEnabled(instance, enabled, temporary);
      settle();
    },
    restart: (instance) => {
      const run = runs.get(instance);
      if (run !== undefined && isUp(run)) run.leaving ??= 'restart';
      settle();
    },
    refresh: (instance) => {
      takeSnapshot(instance);
      const run = runs.get(instance);
      if (run === undefined) return;
      log(run, 'Rereading configuration.');
      if (isUp(run) || run.next === 'online') run.refresh = true;
      settle();
    },
    clear: (instance) => {
      const run = runs.get(instance);
      if (run?.state === 'degraded') enter(run, 'online');
      else if (run?.state === 'maintenance') run.clear = true;
      else return false;
      settle();
      return true;
    },
    mark: (instance, state) => {
      const run = runs.get(instance);
      if (run === undefined) return;
      if (state === 'degraded') {
        if (run.state === 'online') enter(run, 'degraded');
      } else if (isUp(run)) run.leaving = 'maintenance';
      else if (!run.moving && run.state === 'offline') enter(run, 'maintenance', 'administrative_request');
      settle();
    },
    settled,
    settledBut,
    changed,
    touched: notify,
    shutdown: async () => {
      stopping = true;
      await settled();
    },
    halt: async () => {
      halted = true;
      runs.clear();
      notify();
      await host.stockCalls.end();
    },
  };
}
