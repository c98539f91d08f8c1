import type { HostPlan, HostStep } from '../plan/host-step.ts';
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
   * @throws {OperatorError} LOCKED when another process has it for `waitSeconds` (default: a minute)
   */
  lock(name: string, waitSeconds?: number): Promise<Release>;
  /** A new random UUID, in lower case. */
  newId(): string;
  /** Told of every step before it is done, for people who wait. */
  progress(step: HostStep): void;
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

/**
 * Does what a plan says, and stops at the first step that fails.
 *
 * @throws {OperatorError} as `execute`
 */
export async function carryOut(plan: HostPlan, host: Host): Promise<void> {
  for (const step of plan) {
    host.progress(step);
    await execute(step.steps, host.system);
  }
}
