import { OperatorError } from '../domain/errors.ts';
import { type HostPlan, stepsOf } from '../plan/host-step.ts';
import { execute } from '../system/execute.ts';
import type { Release } from '../system/lock.ts';
import type { System } from '../system/system.ts';

/** What the host program works with: the system, and what only the host has of it. */
export interface Host {
  readonly system: System;
  /**
   * Takes one of the locks of this host: "host" around read, decide, record and create; "zone.NAME" around all that is
   * done to one zone, which is long. Whoever wants both takes the zone's first.
   *
   * @throws {OperatorError} LOCKED when one other process has it for `waitSeconds` (default: a minute)
   */
  lock(name: string, waitSeconds?: number): Promise<Release>;
  /** A new random UUID, in lower case. */
  newId(): string;
  /** Told of every step before it is done, for people who wait. */
  progress(step: HostPlan[number]): void;
}

/** Does something under a lock, and gives it back however that ends. */
export async function locked<T>(host: Host, name: string, work: () => Promise<T>): Promise<T> {
  const release = await host.lock(name);
  try {
    return await work();
  } finally {
    await release();
  }
}

/** Does something under several locks, taken in the order of their names so that nobody waits for each other. */
export async function lockedAll<T>(host: Host, names: readonly string[], work: () => Promise<T>): Promise<T> {
  const releases: Release[] = [];
  try {
    for (const name of [...new Set(names)].sort()) releases.push(await host.lock(name));
    return await work();
  } finally {
    for (const release of releases.reverse()) await release();
  }
}

/** For work on all zones: a few are in between at any time, and not all that thousands of them need on the way is held. */
export const FEW = 32;

/**
 * Does the same with many, a few at once, and gives the answers in order. After a failure no other is begun; the first
 * is thrown when those under way have ended.
 */
export async function inParallel<T, R>(
  items: readonly T[],
  atOnce: number,
  work: (item: T) => Promise<R>,
): Promise<R[]> {
  const answers: R[] = [];
  const failures: unknown[] = [];
  let next = 0;
  const worker = async () => {
    while (next < items.length && failures.length === 0) {
      const index = next++;
      const item = items[index];
      if (item === undefined) continue;
      try {
        answers[index] = await work(item);
      } catch (error) {
        failures.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, worker));
  if (failures.length > 0) throw failures[0];
  return answers;
}

/** Ends what was begun. */
export const AGAIN = 'to finish it: the same command again';

/** Ends what was begun, where records say what is to be. */
export const FINISH = `${AGAIN}, or znetadm repair`;

/**
 * Does what a plan says, and stops at the first step that fails. `finish` tells how to go on from there, once the first is done.
 *
 * @throws {OperatorError} as `execute`
 */
export async function carryOut(plan: HostPlan, host: Host, finish?: string): Promise<void> {
  for (const [index, step] of plan.entries()) {
    host.progress(step);
    const work = async () => execute(await stepsOf(step), host.system);
    await (index > 0 && finish !== undefined ? tellingHowToFinish(finish, work) : work());
  }
}

/** Does something; where that fails, its error tells how to go on too, unless it does so already. */
export async function tellingHowToFinish<T>(finish: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof OperatorError) || error.hint?.includes('to finish it:')) throw error;
    const { code, message, hint, cause } = error;
    throw new OperatorError(code, message, { hint: hint === undefined ? finish : `${hint}\n${finish}`, cause });
  }
}
