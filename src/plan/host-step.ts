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
  /** The addresses and links that the record gives it, and what of a network is reserved. Empty where the record goes. */
  readonly has: readonly string[];
}

/** One of many that each hold much: what it does is made when it is its turn. */
export interface LateHostStep extends Omit<HostStep, 'steps'> {
  readonly steps: () => Promise<Plan>;
}

export type HostPlan = readonly (HostStep | LateHostStep)[];

/** What a step of a plan does. */
export async function stepsOf({ steps }: HostPlan[number]): Promise<Plan> {
  return typeof steps === 'function' ? await steps() : steps;
}
