// The recorder: one JSON line for each call of a stand-in (lab.md part 13).
import { appendFileSync } from 'node:fs';
import type { FaultAction } from './faults.ts';

export interface RecordedCall {
  readonly number: number;
  readonly zone: string;
  readonly argv: readonly string[];
  readonly cwd: string;
  readonly uid: number;
  /** The caller, the tool, as its zone counts pids; 0 for a call that labd made itself. */
  readonly pid: number;
  readonly internal: boolean;
  /** The chosen few that change what a command does. */
  readonly env: Readonly<Record<string, string>>;
  /** Missing when it was not read. The first 64 KiB of each stream, as text. */
  readonly stdin?: string;
  readonly stdout: string;
  readonly stderr: string;
  /** Missing when the call was never answered, or became a Linux program. */
  readonly status?: number;
  readonly become?: readonly string[];
  readonly fault?: FaultAction;
  readonly ms: number;
}

const LIMIT = 65536;
const CHOSEN = /^(LC_ALL|LANG|PATH|TZ|SMF_.*|SVCCFG_.*)$/;

export const recordedText = (data: Buffer): string => data.subarray(0, LIMIT).toString('utf8');

export const chosenEnvironment = (env: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(env).filter(([name]) => CHOSEN.test(name)));

export interface Recorder {
  add(call: Omit<RecordedCall, 'number'>): void;
  /** Calls from the mark on, in order of their end; a mark is the number of calls before it. */
  since(mark: number): readonly RecordedCall[];
  readonly count: number;
}

export function createRecorder(file: string): Recorder {
  const calls: RecordedCall[] = [];
  return {
    add(call) {
      const numbered = { number: calls.length + 1, ...call };
      calls.push(numbered);
      appendFileSync(file, `${JSON.stringify(numbered)}\n`);
    },
    since: (mark) => calls.slice(mark),
    get count() {
      return calls.length;
    },
  };
}
