// What tests import: a lab to run programs in, faults to set, and what happened to ask for.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import type { BringUpOptions } from './bring-up.ts';
import { bringUp } from './bring-up.ts';
import type { Ended } from './control-client.ts';
import { ask, start } from './control-client.ts';
import type { Fault } from './daemon/faults.ts';
import { parseFaults, randomFaults } from './daemon/faults.ts';
import type { RecordedCall } from './daemon/record.ts';
import { readCapture } from './wire.ts';

export interface RunOptions {
  /** Name of a zone that is up; missing is the global zone. */
  readonly zone?: string;
  /** Instead of a zone: a program of the machine on the network "inet" (the outside), "sw", "z0" … */
  readonly netns?: string;
  readonly stdin?: string | Buffer;
  /** Added to root's clean environment. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly uid?: number;
  readonly gid?: number;
  /** SIGKILL to the program's process group after that time; missing is a minute. */
  readonly timeoutMs?: number;
}

export interface RunResult {
  /** null when a signal ended it. */
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Spawned {
  /** pid in the lab's outer pid namespace. */
  readonly pid: Promise<number>;
  readonly stdin: Writable;
  readonly ended: Promise<RunResult>;
  /** What it has said so far. */
  stdout(): string;
  stderr(): string;
  /** Resolves when stdout contains the text; rejects when the program ends without it. */
  said(text: string): Promise<void>;
  onLine(listener: (line: string) => void): void;
  /** To its whole process group. */
  kill(signal?: NodeJS.Signals): Promise<void>;
}

export interface ZoneStatus {
  readonly name: string;
  readonly id?: number;
  readonly state: string;
  /** As the global zone sees it. */
  readonly root: string;
  readonly netns?: string;
  readonly pid?: number;
}

export type StartOptions = BringUpOptions;

export type LabHandle = Awaited<ReturnType<typeof startLab>>;

const ROOTS_ENVIRONMENT = {
  HOME: '/root',
  LOGNAME: 'root',
  PATH: '/usr/sbin:/usr/bin:/opt/ooce/bin',
  SHELL: '/sbin/sh',
  TZ: 'UTC',
};
const MINUTE = 60_000;
const COVERAGE = '/usr/lib/lab/coverage';

let lastRun = 0;

/**
 * Brings a lab up: a global zone with e1000g0, an outside, and nothing configured.
 * Ends with its runner, whatever happens to that; a test still calls `stop`, which is what notices refusals.
 */
export async function startLab(options: StartOptions = {}) {
  const coverage = options.coverage ?? process.env['NODE_V8_COVERAGE'];
  const lab = await bringUp({ ...options, ...(coverage === undefined ? {} : { coverage }) });
  const { run: directory } = lab;

  function spawn(argv: readonly string[], options: Omit<RunOptions, 'stdin' | 'timeoutMs'> = {}): Spawned {
    const id = ++lastRun;
    const { zone, netns, env, cwd = '/root', uid = 0, gid = 0 } = options;
    const output = { stdout: [] as Buffer[], stderr: [] as Buffer[] };
    const listeners = new Set<() => void>();
    const text = (stream: 'stdout' | 'stderr') => Buffer.concat(output[stream]).toString('utf8');
    const started = start(
      directory,
      {
        op: 'run',
        id,
        ...(zone === undefined ? {} : { zone }),
        ...(netns === undefined ? {} : { netns }),
        argv,
        env: {
          ...ROOTS_ENVIRONMENT,
          ...(coverage === undefined || netns !== undefined ? {} : { NODE_V8_COVERAGE: COVERAGE }),
          ...env,
        },
        cwd,
        uid,
        gid,
      },
      (stream, chunk) => {
        output[stream].push(chunk);
        for (const listener of listeners) listener();
      },
    );
    const ended = started.ended.then((end: Ended) => ({ ...end, stdout: text('stdout'), stderr: text('stderr') }));
    ended.catch(() => {});
    return {
      pid: started.pid,
      stdin: started.stdin,
      ended,
      stdout: () => text('stdout'),
      stderr: () => text('stderr'),
      said: (wanted) =>
        new Promise((resolve, reject) => {
          const look = () => {
            if (!text('stdout').includes(wanted)) return;
            listeners.delete(look);
            resolve();
          };
          listeners.add(look);
          look();
          const early = () => reject(new Error(`ended without saying "${wanted}": ${text('stdout')}${text('stderr')}`));
          ended.then(early, early);
        }),
      onLine(listener) {
        let told = 0;
        const look = () => {
          const lines = text('stdout').split('\n').slice(0, -1);
          for (; told < lines.length; told++) listener(lines[told] ?? '');
        };
        listeners.add(look);
        look();
      },
      async kill(signal = 'SIGKILL') {
        await ask(directory, { op: 'signal', id, signal });
      },
    };
  }

  /** Runs a program to its end. Several words may be given as one string, which /bin/sh takes apart. */
  async function run(program: readonly string[] | string, options: RunOptions = {}): Promise<RunResult> {
    const argv = typeof program === 'string' ? ['/bin/sh', '-c', program] : program;
    const child = spawn(argv, options);
    const timer = setTimeout(() => void child.kill(), options.timeoutMs ?? MINUTE);
    child.stdin.on('error', () => {});
    child.stdin.end(options.stdin ?? '');
    try {
      return await child.ended;
    } finally {
      clearTimeout(timer);
    }
  }

  /** The lab's own program on the network of a zone or of a namespace by name. */
  async function onWire(mode: 'capture' | 'inject', where: { zone: string } | { netns: string }, device: string) {
    const netns = 'netns' in where ? where.netns : (await zones()).find(({ name }) => name === where.zone)?.netns;
    if (netns === undefined) throw new Error(`${mode}: ${JSON.stringify(where)} is not up`);
    return spawn([join(directory, 'lab'), mode, device], { netns });
  }

  const takeNotModelled = async () => (await ask(directory, { op: 'take-not-modelled' })) as string[];
  const zones = async () => (await ask(directory, { op: 'zones' })) as ZoneStatus[];
  const fault = async (...faults: readonly Fault[]) => void (await ask(directory, { op: 'fault', faults }));

  async function mustRun(program: readonly string[] | string, options: RunOptions = {}): Promise<string> {
    const { status, signal, stdout, stderr } = await run(program, options);
    if (status === 0) return stdout;
    throw new Error(`${[program].flat().join(' ')}: ${signal ?? `exit status ${status}`}\n${stdout}${stderr}`);
  }

  return {
    mode: lab.mode,
    /** The run directory: calls.jsonl, log. */
    directory,
    /** The process that the whole lab dies with. */
    pid: lab.pid,
    run,
    spawn,
    /** Runs a program that must end with 0, and gives its stdout. */
    mustRun,
    zones,
    /** Watches a device: a Linux name or alternative name, which is the link's name. */
    capture: async (where: { zone: string } | { netns: string }, device: string) =>
      await readCapture(await onWire('capture', where, device)),
    /** Sends Ethernet frames given in hex, checksums and all, as the host of the device would. */
    inject: async (where: { zone: string } | { netns: string }, device: string, frames: readonly string[]) => {
      const program = await onWire('inject', where, device);
      program.stdin.end(frames.map((hex) => `${hex}\n`).join(''));
      const { status, stderr } = await program.ended;
      if (status !== 0) throw new Error(`inject: ${stderr}`);
    },
    /** Text of a file as a zone sees it. */
    readFile: (zone: string, path: string) => mustRun(['/bin/cat', path], { zone }),
    writeFile: async (zone: string, path: string, text: string, mode = 0o644) => {
      const script = 'mkdir -p "$(dirname "$0")" && cat > "$0" && chmod "$1" "$0"';
      await mustRun(['/bin/sh', '-c', script, path, mode.toString(8)], { zone, stdin: text });
    },
    /** Calls of stand-ins in order of their end, from a mark on. */
    calls: async (mark = 0) => (await ask(directory, { op: 'calls', mark })) as RecordedCall[],
    mark: async () => (await ask(directory, { op: 'mark' })) as number,
    fault,
    clearFaults: async () => void (await ask(directory, { op: 'clear-faults' })),
    /** Sets the faults of a file: one JSON object a line. */
    replayFaults: async (file: string) => await fault(...parseFaults(readFileSync(file, 'utf8'))),
    /** Sets a mix of faults that the seed fixes, and prints the seed. */
    randomFaults: async (programs: readonly string[], length: number, seed = Math.floor(Math.random() * 2 ** 31)) => {
      process.stdout.write(`lab: random faults, seed ${seed}\n`);
      const faults = randomFaults(seed, programs, length);
      await fault(...faults);
      return faults;
    },
    /** Turns a switch on ("3" times, "*" for good) or, without a value, off. */
    switch: async (name: string, value?: string) =>
      void (await ask(directory, { op: 'switch', name, ...(value === undefined ? {} : { value }) })),
    /** Shifts the clock that the lab's hosts see, in milliseconds from the machine's. */
    setClock: async (offset: number) => void (await ask(directory, { op: 'clock', offset })),
    notModelled: async () => (await ask(directory, { op: 'not-modelled' })) as string[],
    /** For a test that expects a refusal: gives the refusals so far, and they no longer count. */
    takeNotModelled,
    /** The switch behind a link: a device of the network "sw", to capture on. */
    bridgeOf: async (link: string) => (await ask(directory, { op: 'bridge', link })) as string,
    dump: async () => (await ask(directory, { op: 'dump' })) as Record<string, unknown>,
    /**
     * Ends the lab and removes all it made.
     *
     * @throws {Error} when something was used that is not modelled (lab.md part 17, rule 1)
     */
    stop: async () => {
      const refused = await takeNotModelled().finally(() => lab.end());
      if (refused.length > 0) throw new Error(`not modelled, so the test has failed:\n${refused.join('\n')}`);
    },
  };
}

/** Writes faults where `replayFaults` finds them again. */
export function saveFaults(file: string, faults: readonly Fault[]): void {
  writeFileSync(file, faults.map((entry) => `${JSON.stringify(entry)}\n`).join(''));
}
