import type { Contract } from '../daemon/state.ts';
import type { State } from './graph.ts';
import { type Instance, type Property, withGroup } from './repository.ts';

/** Why an instance is in maintenance, in the words of restarter/auxiliary_state. */
export type Auxiliary =
  | 'none'
  | 'administrative_request'
  | 'dependency_cycle'
  | 'fault_threshold_reached'
  | 'invalid_dependency'
  | 'method_failed'
  | 'restarting_too_quickly';

/** Why a running instance has to stop. */
export type StopCause = 'disable' | 'restart' | 'dependency' | 'error' | 'exited' | 'maintenance' | 'shutdown';

/** What svc.startd knows of an instance while the zone runs. */
export interface Run {
  readonly instance: Instance;
  state: State;
  /** The state it is on its way to: the "*" of svcs. */
  next: State | 'none';
  /** Milliseconds since the epoch of the last change of state. */
  since: number;
  auxiliary: Auxiliary;
  /** Of the last start method that failed, 0 when none did. */
  waitStatus: number;
  /** The processes of a contract service. */
  contract?: Contract;
  /** A method runs. */
  moving: boolean;
  /** It is to stop, and why. */
  leaving?: StopCause;
  /** A refresh method is due. */
  refresh: boolean;
  /** `svcadm clear` was asked for. */
  clear: boolean;
  /** Times of the last starts, for "restarting too quickly". */
  readonly starts: number[];
}

export function createRun(instance: Instance, now: number): Run {
  return {
    instance,
    state: 'uninitialized',
    next: 'none',
    since: now,
    auxiliary: 'none',
    waitStatus: 0,
    moving: false,
    refresh: false,
    clear: false,
    starts: [],
  };
}

export const isUp = ({ state }: Run): boolean => state === 'online' || state === 'degraded';

/** Writes the restarter group, which svcprop shows. It is in no snapshot. */
export function publish(run: Run, logFile: string): void {
  const one = (type: string, value: string): Property => ({ type, values: [value] });
  const seconds = `${Math.floor(run.since / 1000)}.${String(run.since % 1000).padStart(3, '0')}000000`;
  const { contract } = run;
  run.instance.volatile = withGroup(run.instance.volatile, 'restarter', {
    type: 'framework',
    properties: new Map([
      ['logfile', one('astring', logFile)],
      ...(contract === undefined ? [] : [['contract', one('count', String(contract.id))] satisfies [string, Property]]),
      ['start_method_waitstatus', one('integer', String(run.waitStatus))],
      ['auxiliary_state', one('astring', run.auxiliary)],
      ['next_state', one('astring', run.next)],
      ['state', one('astring', run.state)],
      ['state_timestamp', one('time', seconds)],
    ]),
  });
}
