import { createBoard } from './board.ts';
import { logFileOf } from './fmri.ts';
import { completesCycle, dependenciesMet, type State, type Surroundings } from './graph.ts';
import { type Instance, instancesOf, isEnabled, setEnabled, takeSnapshot } from './repository.ts';
import { createRun, isUp, publish, type Run } from './run.ts';
import type { MethodHost } from './run-method.ts';
import { createTransitions } from './transitions.ts';

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

export function createStartd(host: MethodHost): Startd {
  const board = createBoard(host);
  const { runs, world, log, enter, tell, notify, changed, halted } = board;
  const { lab, repository } = host;
  const transitions = createTransitions(board, settle);
  let stopping = false;
  let settling = false;

  /** Lets a method run, then looks again at everything. What the lab does not model fails the test that runs. */
  async function begin(run: Run, next: State, work: () => Promise<void>): Promise<void> {
    run.moving = true;
    run.next = next;
    tell(run);
    try {
      await work();
    } catch (error) {
      if (halted()) return;
      const words = error instanceof Error ? error.message : String(error);
      lab.notModelled.push(`${run.instance.fmri} in ${host.zone.name}: ${words}`);
      delete run.leaving;
      enter(run, 'maintenance', 'method_failed');
    }
    run.moving = false;
    run.next = 'none';
    if (halted()) return;
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
        if (!dependenciesMet(world, instance)) return false;
        void begin(run, 'online', () => transitions.start(run));
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
      if (transitions.stopDependents(run, cause)) return false;
      void begin(run, cause === 'disable' ? 'disabled' : cause === 'maintenance' ? 'maintenance' : 'offline', () =>
        transitions.stop(run, cause),
      );
      return true;
    }
    if (!run.refresh) return false;
    void begin(run, run.state, () => transitions.refresh(run));
    return true;
  }

  function settle(): void {
    if (settling || halted()) return;
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
    while (!halted() && [...runs.values()].some(({ moving }) => moving)) await changed();
  }

  async function settledBut(fmri: string, limitMs: number): Promise<void> {
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      notify();
    }, limitMs);
    const others = () => [...runs.values()].some(({ moving, instance }) => moving && instance.fmri !== fmri);
    while (!halted() && !late && others()) await changed();
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
      board.halt();
      await host.stockCalls.end();
    },
  };
}
