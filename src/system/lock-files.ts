import { linkSync, readdirSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { monotonic } from './monotonic.ts';
import { errorCode } from './node-error.ts';
import { pause } from './pause.ts';
import type { ProcessTable } from './process-table.ts';

// Numbered files of a directory, each naming a process: what a lock and its queue are made of.

/** A process, so that another with its pid is told apart. */
export interface Holder {
  readonly pid?: number;
  /** When the process began, in the words of its system. */
  readonly start?: string;
  readonly released?: true;
  /** A boot program (zone/zonenet-boot.sh), whose shell becomes the method when the program gives up. */
  readonly boot?: true;
}

/** L.1, L.2, …: who has or had the lock. W.1, W.2, …: who waits, in the order they came. */
export type Kind = 'L' | 'W';

export const numbered = (directory: string, kind: Kind, number: number) => join(directory, `${kind}.${number}`);

/** The numbers that there are of a kind, in no order. */
export function numbersOf(directory: string, kind: Kind): number[] {
  return readdirSync(directory).flatMap((name) => {
    const number = name.startsWith(`${kind}.`) ? /^\d+$/.exec(name.slice(2))?.[0] : undefined;
    return number === undefined ? [] : [Number(number)];
  });
}

/** Milliseconds that a boot program may take from making its file to having written it. */
const WRITING = 1000;

/**
 * "gone": somebody has removed it since we looked. A boot program makes its file and then writes it (zone/zonenet-boot.sh): one
 * that stays unwritten is of a process that was killed in between.
 */
export async function readHolder(path: string): Promise<Holder | 'gone'> {
  const end = monotonic() + WRITING;
  for (;;) {
    try {
      const text = readFileSync(path, 'utf8');
      if (text.endsWith('}')) return JSON.parse(text) as Holder;
      if (monotonic() >= end) return {};
      await pause(10);
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return 'gone';
      throw error;
    }
  }
}

export async function isAlive({ pid, start, released }: Holder, processes: ProcessTable): Promise<boolean> {
  if (released === true || pid === undefined) return false;
  return (await processes.startOf(pid)) === start;
}

/** Writes the whole file under a name of its own; nobody else writes there. */
export function writeWhole(directory: string, holder: Holder): string {
  const file = join(directory, `.${process.pid}.${Math.trunc(Math.random() * 2 ** 48).toString(16)}`);
  writeFileSync(file, JSON.stringify(holder), { flag: 'wx', mode: 0o600 });
  return file;
}

/** False: another process was first. */
export function linkWhole(directory: string, holder: Holder, path: string): boolean {
  const file = writeWhole(directory, holder);
  try {
    linkSync(file, path);
    return true;
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false;
    throw error;
  } finally {
    unlinkSync(file);
  }
}

export function unlinkIfThere(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
  }
}
