import type { Plan } from './step.ts';

/**
 * One thing the host does, as a person reads it in a plan, and the steps that do it.
 *
 * `+` makes, `~` changes, `-` takes away.
 */
export interface HostStep {
  readonly sign: '+' | '~' | '-';
  readonly about: 'record' | 'network' | 'link' | 'zone' | 'metadata' | 'refresh' | 'service' | 'file' | 'boot';
  /** The command or the file. */
  readonly what: string;
  /** Why, or what is in it. Empty: `what` says it all. */
  readonly note: string;
  /** Lines that only -v shows: the file of a zonecfg. */
  readonly detail?: string;
  readonly steps: Plan;
  /** The records that it changes, for the history. Missing: none. */
  readonly changes?: readonly RecordChange[];
}

export interface RecordChange {
  readonly what: 'created' | 'changed' | 'deleted';
  /** "zone web1", "network back". */
  readonly subject: string;
}

export type HostPlan = readonly HostStep[];

/** All steps of a plan, in order. */
export function stepsOf(plan: HostPlan): Plan {
  return plan.flatMap(({ steps }) => steps);
}
