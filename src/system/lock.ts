import { accessSync, constants, mkdirSync, readdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { OperatorError } from '../domain/errors.ts';
import {
  type Holder,
  isAlive,
  linkWhole,
  numbered,
  numbersOf,
  readHolder,
  unlinkIfThere,
  writeWhole,
} from './lock-files.ts';
import { createPlace } from './lock-queue.ts';
import { monotonic } from './monotonic.ts';
import { errorCode } from './node-error.ts';
import type { ProcessTable } from './process-table.ts';

/** Gives the lock back. */
export type Release = () => Promise<void>;

/**
 * Takes the lock that lives in a directory, waiting while another process has it.
 *
 * The directory holds files L.1, L.2, …, made by link(2), so complete from the first moment. The highest names the
 * holder, who counts only while a process with that pid *and* start time is alive; so a lock left by a killed process
 * is taken over at once. Who waits does so in a queue (lock-queue.ts). Taking over makes the next number; the highest is never removed. There is no clock in it that
 * could step. The directory belongs on a tmpfs, where a reboot clears it.
 *
 * @throws {OperatorError} LOCKED when one process has it for `waitMilliseconds` of the wait; PRIVILEGE
 */
export async function acquireLock(
  directory: string,
  { processes, waitMilliseconds }: { processes: ProcessTable; waitMilliseconds: number },
): Promise<Release> {
  makePrivate(directory);
  const me: Holder = { pid: process.pid, start: (await processes.startOf(process.pid)) ?? '' };
  let [held, end] = [-1, 0];
  const place = createPlace(directory, me, processes);
  try {
    for (;;) {
      const top = highest(directory);
      // Who waits behind many waits long; given up is what does not move.
      if (top !== held) [held, end] = [top, monotonic() + waitMilliseconds];
      const holder = top === 0 ? undefined : await readHolder(numbered(directory, 'L', top));
      if (holder === 'gone') continue;
      const isFree = holder === undefined || isOwnBoot(holder, me) || !(await isAlive(holder, processes));
      if (!isFree && monotonic() >= end) throw lockedError(holder, directory);
      if (!(await place.isMyTurn(isFree))) continue;
      const mine = numbered(directory, 'L', top + 1);
      if (!linkWhole(directory, me, mine)) continue;
      // Somebody who looked before us may have gone further on meanwhile; the highest wins.
      if (highest(directory) !== top + 1) {
        unlinkIfThere(mine);
        continue;
      }
      removeUpTo(directory, top);
      await removeUnfinished(directory, processes);
      return async () => renameSync(writeWhole(directory, { released: true }), mine);
    }
  } finally {
    await place.leave();
  }
}

/** @throws {OperatorError} PRIVILEGE: it is the first thing that a change needs, so who may not change learns it here */
function makePrivate(directory: string): void {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    accessSync(directory, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    if (errorCode(error) !== 'EACCES' && errorCode(error) !== 'EPERM') throw error;
    throw new OperatorError('PRIVILEGE', `Cannot change anything: the lock ${directory} is not yours to take`, {
      hint: 'Run it as root, or by pfexec with a profile that makes you root',
      cause: error,
    });
  }
}

/** A boot program that gave up in this very process may have been killed before it could give the lock back. */
function isOwnBoot({ pid, start, boot }: Holder, me: Holder): boolean {
  return boot === true && pid === me.pid && start === me.start;
}

function highest(directory: string): number {
  return Math.max(0, ...numbersOf(directory, 'L'));
}

function removeUpTo(directory: string, last: number): void {
  for (const number of numbersOf(directory, 'L')) {
    if (number <= last) unlinkIfThere(numbered(directory, 'L', number));
  }
}

/** Files that processes now gone left on their way to a lock. */
async function removeUnfinished(directory: string, processes: ProcessTable): Promise<void> {
  for (const name of readdirSync(directory)) {
    const pid = /^\.(\d+)\.[0-9a-f]+$/.exec(name)?.[1];
    if (pid !== undefined && (await processes.startOf(Number(pid))) === undefined) {
      unlinkIfThere(join(directory, name));
    }
  }
}

function lockedError({ pid }: Holder, directory: string): OperatorError {
  return new OperatorError('LOCKED', `Cannot go on: process ${pid} holds the lock ${directory}`, {
    hint: `Wait for it, and try again ("ps -fp ${pid}" says what it is). A lock of a process that is gone is taken over by itself`,
  });
}
