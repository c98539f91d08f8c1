// Programs that run in a lab: what goes in, what comes out, how they end.

import type { Writable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import type { Ended } from './control-client.ts';
import { ask, start } from './control-client.ts';

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

const ROOTS_ENVIRONMENT = {
  HOME: '/root',
  LOGNAME: 'root',
  PATH: '/usr/sbin:/usr/bin:/opt/ooce/bin',
  SHELL: '/sbin/sh',
  TZ: 'UTC',
};
const MINUTE = 60_000;

/** What a program has said on one stream, and who listens. */
function createTranscript() {
  const decoder = new StringDecoder('utf8');
  const listeners = new Set<() => void>();
  let text = '';
  return {
    text: () => text,
    add(chunk: Buffer) {
      text += decoder.write(chunk);
      for (const listener of listeners) listener();
    },
    /** Calls the listener now and whenever there is more, until it answers true. */
    follow(listener: () => boolean) {
      const look = () => {
        if (listener()) listeners.delete(look);
      };
      listeners.add(look);
      look();
    },
  };
}

function eachLine(transcript: ReturnType<typeof createTranscript>, listener: (line: string) => void) {
  let at = 0;
  transcript.follow(() => {
    const text = transcript.text();
    for (let end = text.indexOf('\n', at); end >= 0; end = text.indexOf('\n', at)) {
      listener(text.slice(at, end));
      at = end + 1;
    }
    return false;
  });
}

let lastRun = 0;

/** Starts programs in the lab of a run directory. */
export function createPrograms(directory: string) {
  function spawn(argv: readonly string[], options: Omit<RunOptions, 'stdin' | 'timeoutMs'> = {}): Spawned {
    const id = ++lastRun;
    const { zone, netns, cwd = '/root', uid = 0, gid = 0 } = options;
    const output = { stdout: createTranscript(), stderr: createTranscript() };
    const env = { ...ROOTS_ENVIRONMENT, ...options.env };
    const where = { ...(zone === undefined ? {} : { zone }), ...(netns === undefined ? {} : { netns }) };
    const started = start(directory, { op: 'run', id, ...where, argv, env, cwd, uid, gid }, (stream, chunk) =>
      output[stream].add(chunk),
    );
    const [stdout, stderr] = [output.stdout.text, output.stderr.text];
    const ended = started.ended.then((end: Ended) => ({ ...end, stdout: stdout(), stderr: stderr() }));
    // Heard by who waits for it.
    ended.catch(() => {});
    return {
      pid: started.pid,
      stdin: started.stdin,
      ended,
      stdout,
      stderr,
      said: (wanted) =>
        new Promise((resolve, reject) => {
          output.stdout.follow(() => {
            const said = stdout().includes(wanted);
            if (said) resolve();
            return said;
          });
          const early = () => reject(new Error(`ended without saying "${wanted}": ${stdout()}${stderr()}`));
          ended.then(early, early);
        }),
      onLine: (listener) => eachLine(output.stdout, listener),
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
    child.stdin.end(options.stdin ?? '');
    try {
      return await child.ended;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Runs a program that must end with 0, and gives its stdout. */
  async function mustRun(program: readonly string[] | string, options: RunOptions = {}): Promise<string> {
    const { status, signal, stdout, stderr } = await run(program, options);
    if (status === 0) return stdout;
    throw new Error(`${[program].flat().join(' ')}: ${signal ?? `exit status ${status}`}\n${stdout}${stderr}`);
  }

  return { spawn, run, mustRun };
}
