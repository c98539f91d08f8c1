import { randomBytes } from 'node:crypto';
import { access, constants, link, mkdir, readdir, readFile, rename, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { OperatorError } from '../domain/errors.ts';
import { errorCode } from './node-error.ts';
import type { ProcessTable } from './process-table.ts';

/** Gives the lock back. */
export type Release = () => Promise<void>;

interface Holder {
  readonly pid?: number;
  /** When the holder's process began, in the words of its system. */
  readonly start?: string;
  readonly released?: true;
}

/**
 * Takes the lock that lives in a directory, waiting while another process has it.
 *
 * The directory holds files L.1, L.2, …, made by link(2), so complete from the first moment. The highest names the
 * holder, who counts only while a process with that pid *and* start time is alive; so a lock left by a killed process
 * is taken over at once. Taking over makes the next number; the highest is never removed. There is no clock in it that
 * could step. The directory belongs on a tmpfs, where a reboot clears it.
 *
 * @throws {OperatorError} LOCKED when it is not free within `waitMilliseconds`; PRIVILEGE
 */
export async function acquireLock(
  directory: string,
  { processes, waitMilliseconds }: { processes: ProcessTable; waitMilliseconds: number },
): Promise<Release> {
  await makePrivate(directory);
  const me: Holder = { pid: process.pid, start: (await processes.startOf(process.pid)) ?? '' };
  const end = performance.now() + waitMilliseconds;
  for (let tries = 0; ; tries += 1) {
    const top = await highest(directory);
    const holder = top === 0 ? undefined : await readHolder(directory, top);
    if (holder === 'gone') continue;
    if (holder !== undefined && (await isAlive(holder, processes))) {
      if (performance.now() >= end) throw lockedError(holder, directory);
      await setTimeout(2 + Math.random() * Math.min(50, 2 ** Math.min(tries, 6)));
      continue;
    }
    const mine = generation(directory, top + 1);
    if (!(await linkWhole(directory, me, mine))) continue;
    // Somebody who looked before us may have gone further on meanwhile; the highest wins.
    if ((await highest(directory)) !== top + 1) {
      await unlinkIfThere(mine);
      continue;
    }
    await removeUpTo(directory, top);
    await removeUnfinished(directory, processes);
    return async () => rename(await writeWhole(directory, { released: true }), mine);
  }
}

/** @throws {OperatorError} PRIVILEGE: it is the first thing that a change needs, so who may not change learns it here */
async function makePrivate(directory: string): Promise<void> {
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    await access(directory, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    if (errorCode(error) !== 'EACCES' && errorCode(error) !== 'EPERM') throw error;
    throw new OperatorError('PRIVILEGE', `Cannot change anything: the lock ${directory} is not yours to take`, {
      hint: 'Run it as root, or by pfexec with a profile that makes you root',
      cause: error,
    });
  }
}

const generation = (directory: string, number: number) => join(directory, `L.${number}`);

async function numbers(directory: string): Promise<number[]> {
  return (await readdir(directory)).flatMap((name) => {
    const number = /^L\.(\d+)$/.exec(name)?.[1];
    return number === undefined ? [] : [Number(number)];
  });
}

async function highest(directory: string): Promise<number> {
  return Math.max(0, ...(await numbers(directory)));
}

/** "gone": a later holder has removed it since we looked. */
async function readHolder(directory: string, number: number): Promise<Holder | 'gone'> {
  try {
    return JSON.parse(await readFile(generation(directory, number), 'utf8')) as Holder;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return 'gone';
    throw error;
  }
}

async function isAlive({ pid, start, released }: Holder, processes: ProcessTable): Promise<boolean> {
  if (released === true || pid === undefined) return false;
  return (await processes.startOf(pid)) === start;
}

/** Writes the whole file under a name of its own. */
async function writeWhole(directory: string, holder: Holder): Promise<string> {
  const file = join(directory, `.${process.pid}.${randomBytes(6).toString('hex')}`);
  await writeFile(file, JSON.stringify(holder), { flag: 'wx', mode: 0o600 });
  return file;
}

/** False: another process was first. */
async function linkWhole(directory: string, holder: Holder, path: string): Promise<boolean> {
  const file = await writeWhole(directory, holder);
  try {
    await link(file, path);
    return true;
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false;
    throw error;
  } finally {
    await unlink(file);
  }
}

async function removeUpTo(directory: string, last: number): Promise<void> {
  for (const number of await numbers(directory)) {
    if (number <= last) await unlinkIfThere(generation(directory, number));
  }
}

/** Files that processes now gone left on their way to a lock. */
async function removeUnfinished(directory: string, processes: ProcessTable): Promise<void> {
  for (const name of await readdir(directory)) {
    const pid = /^\.(\d+)\.[0-9a-f]+$/.exec(name)?.[1];
    if (pid !== undefined && (await processes.startOf(Number(pid))) === undefined) {
      await unlinkIfThere(join(directory, name));
    }
  }
}

async function unlinkIfThere(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
  }
}

function lockedError({ pid }: Holder, directory: string): OperatorError {
  return new OperatorError('LOCKED', `Cannot go on: process ${pid} holds the lock ${directory}`, {
    hint: `Wait for it, and try again ("ps -fp ${pid}" says what it is). A lock of a process that is gone is taken over by itself`,
  });
}
