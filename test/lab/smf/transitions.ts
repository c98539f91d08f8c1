import { NotModelled } from '../daemon/call.ts';
import type { Contract } from '../daemon/state.ts';
import { createAttempts } from './attempt.ts';
import type { Board } from './board.ts';
import { dependenciesOf, instancesNamed, restartsOn } from './graph.ts';
import { firstValue, type Instance, runningGroups } from './repository.ts';
import { isUp, type Run, type StopCause } from './run.ts';

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

/** What happens to an instance while one of its methods runs. Each resolves when the instance is in its next state. */
export interface Transitions {
  start(run: Run): Promise<void>;
  stop(run: Run, cause: StopCause): Promise<void>;
  refresh(run: Run): Promise<void>;
  /** Tells those that depend on an instance that it goes down. @returns whether one of them is still up */
  stopDependents(provider: Run, cause: StopCause): boolean;
}

/** @param settle looks again at what is to be done, after a contract has become empty */
export function createTransitions(board: Board, settle: () => void): Transitions {
  const { host, runs, log, enter, halted } = board;
  const { lab, repository } = host;
  const attempts = createAttempts(host, log, halted);

  const isTransient = (instance: Instance): boolean => {
    const duration = firstValue(runningGroups(instance), 'startd', 'duration') ?? 'contract';
    if (duration === 'child') throw new NotModelled(`duration child of ${instance.fmri}`);
    return duration === 'transient';
  };

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
      if (halted() || run.contract !== contract || !isUp(run)) return;
      run.leaving ??= 'exited';
      settle();
    });
  }

  const excludes = (run: Run, other: Run): boolean =>
    dependenciesOf(run.instance)
      .filter(({ grouping }) => grouping === 'exclude_all')
      .some(({ entities }) => entities.some((fmri) => instancesNamed(repository, fmri).includes(other.instance)));

  async function start(run: Run): Promise<void> {
    const transient = isTransient(run.instance);
    const { settledAs, ...end } = await attempts.run(run, 'start');
    if (halted()) return;
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

  /** Five restarts in a row that are too close together send a contract service to maintenance (§10.5). */
  function tooQuick(run: Run): void {
    run.starts.push(lab.now());
    const first = run.starts.at(-RATE_STARTS);
    if (first === undefined || lab.now() - first >= FAILURE_RATE_MS * (RATE_STARTS - 1)) return;
    log(run, 'Restarting too quickly, changing state to maintenance.');
    enter(run, 'maintenance', 'restarting_too_quickly');
  }

  async function stop(run: Run, cause: StopCause): Promise<void> {
    log(run, `Stopping because ${STOP_REASONS[cause]}.`);
    const { settledAs } = await attempts.run(run, 'stop');
    if (halted()) return;
    if (run.contract !== undefined) await attempts.drain(run, run.contract);
    if (halted()) return;
    delete run.contract;
    delete run.leaving;
    run.refresh = false;
    if (settledAs !== 'done') enter(run, 'maintenance', settledAs);
    else if (cause === 'maintenance') enter(run, 'maintenance', 'administrative_request');
    else enter(run, 'offline');
    if (cause === 'exited') tooQuick(run);
  }

  async function refresh(run: Run): Promise<void> {
    run.refresh = false;
    const { settledAs } = await attempts.run(run, 'refresh');
    if (halted()) return;
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

  return { start, stop, refresh, stopDependents };
}
