import { NotModelled } from '../daemon/call.ts';
import type { Contract } from '../daemon/state.ts';
import { killSignal, type Method, type MethodEnd, MethodError, type MethodName } from './method.ts';
import { FAULT_THRESHOLD, formatEnd, outcomeOf, waitStatusOf } from './outcome.ts';
import { firstValue, runningGroups } from './repository.ts';
import type { Auxiliary, Run } from './run.ts';
import { type MethodHost, methodOf, runMethod } from './run-method.ts';

/** How the attempts at a method ended: 'done', or why the instance goes to maintenance. */
export type Attempted = MethodEnd & { readonly settledAs: Auxiliary | 'done' };

export interface Attempts {
  /** Runs a method until it ends well, gives up (95, 96, 99, 100) or has failed three times. */
  run(run: Run, name: MethodName): Promise<Attempted>;
  /** Waits until a contract has no process left; kills it when the stop method's time is up. */
  drain(run: Run, contract: Contract): Promise<void>;
}

/** @param log writes a line of svc.startd to the instance's log */
export function createAttempts(
  host: MethodHost,
  log: (run: Run, words: string) => void,
  halted: () => boolean,
): Attempts {
  async function runNow(run: Run, method: Method): Promise<MethodEnd> {
    if (method.exec === ':true') return { status: 0 };
    if (!method.exec.startsWith(':')) return runMethod(host, run.instance, method);
    const signal = killSignal(method.exec);
    if (signal === undefined || method.name === 'start') throw new NotModelled(`method ${method.exec}`);
    run.contract?.kill(signal);
    return { status: 0 };
  }

  /** A missing start method fails for good; other missing methods are nothing to do. */
  async function once(run: Run, name: MethodName): Promise<MethodEnd> {
    let method: Method | undefined;
    try {
      method = methodOf(host, run.instance, name);
    } catch (error) {
      if (!(error instanceof MethodError)) throw error;
      log(run, `Could not run ${name} method: ${error.message}.`);
      return { status: 96 };
    }
    if (method === undefined) return { status: name === 'start' ? 96 : 0 };
    const builtIn = method.exec.startsWith(':');
    log(run, `Executing ${name} method (${builtIn ? method.exec : `"${method.exec}"`}).`);
    const end = await runNow(run, method);
    if ('timeout' in end) log(run, `Method or service exit timed out.  Killing contract ${end.contract.id}.`);
    if (!builtIn) log(run, formatEnd(name, end));
    return end;
  }

  return {
    run: async (run, name) => {
      for (let failures = 1; ; failures += 1) {
        const end = await once(run, name);
        if (halted()) return { status: 0, settledAs: 'done' };
        if (name === 'start') run.waitStatus = waitStatusOf(end);
        const outcome = outcomeOf(end);
        if (outcome === 'online' || outcome === 'degraded') return { ...end, settledAs: 'done' };
        if (name === 'start') end.contract?.kill('SIGKILL');
        if (outcome === 'maintenance') return { ...end, settledAs: 'method_failed' };
        if (failures === FAULT_THRESHOLD) return { ...end, settledAs: 'fault_threshold_reached' };
      }
    },
    drain: async (run, contract) => {
      const seconds = Number(firstValue(runningGroups(run.instance), 'stop', 'timeout_seconds') ?? '0');
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<'late'>((resolve) => {
        if (seconds > 0 && seconds < 0xffffffff) timer = setTimeout(() => resolve('late'), seconds * 1000);
      });
      const end = await Promise.race([contract.empty, late]);
      clearTimeout(timer);
      if (end !== 'late') return;
      log(run, `Method or service exit timed out.  Killing contract ${contract.id}.`);
      contract.kill('SIGKILL');
      await contract.empty;
    },
  };
}
