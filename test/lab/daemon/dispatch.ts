// Runs one call of a stand-in: faults, behaviour, refusals, record.
import { PROGRAMS } from '../commands/table.ts';
import type { Call, Ending, Program } from './call.ts';
import { NotModelled } from './call.ts';
import type { Fault, FaultTable } from './faults.ts';
import type { Recorder } from './record.ts';
import { chosenEnvironment, recordedText } from './record.ts';
import type { Lab, Zone } from './state.ts';

export interface Caller {
  readonly zone: Zone;
  /** argv[0] is the base name. */
  readonly argv: readonly string[];
  readonly cwd: string;
  readonly uid: number;
  readonly env: Readonly<Record<string, string>>;
  /** The caller's pid as its zone counts; 0 for labd. */
  readonly pid: number;
  readonly internal: boolean;
  readStdin(): Promise<Buffer>;
  out(data: Buffer): void;
  err(data: Buffer): void;
  /** SIGKILL to the process that made the call. */
  kill(): void;
}

/** What the caller is told at the end. "lost": nothing, ever; the caller is dead (with its zone, or by a fault) or hangs. */
export type Answer = Ending | 'lost';

/** Exit status of what the lab does not model, and of a stand-in that broke. */
export const REFUSED = 125;

const programNamed = (name: string): Program | undefined =>
  Object.entries(PROGRAMS).find(([path]) => path.slice(path.lastIndexOf('/') + 1) === name)?.[1];

/** Stdout and stderr of the program; with fail-after nobody hears them. */
interface Output {
  readonly stdout: Buffer[];
  readonly stderr: Buffer[];
  stdin?: Buffer;
}

function speak(caller: Caller, output: Output, muted: boolean, stream: 'stdout' | 'stderr', text: string | Buffer) {
  const data = typeof text === 'string' ? Buffer.from(text) : text;
  if (data.length === 0) return;
  output[stream].push(data);
  if (!muted) (stream === 'stdout' ? caller.out : caller.err)(data);
}

/**
 * Runs the program to its end. A zone that went down meanwhile took the caller and the program along: what became of
 * the rest of it is nobody's failure.
 */
async function runProgram(lab: Lab, caller: Caller, output: Output, muted: boolean): Promise<Answer> {
  const [name = '', ...args] = caller.argv;
  const call: Call = {
    program: name,
    args,
    zone: caller.zone,
    cwd: caller.cwd,
    uid: caller.uid,
    env: caller.env,
    async stdin() {
      output.stdin ??= await caller.readStdin();
      return output.stdin;
    },
    out: (text) => speak(caller, output, muted, 'stdout', text),
    err: (text) => speak(caller, output, muted, 'stderr', text),
  };
  const program = programNamed(name);
  const life = caller.zone.process;
  if (life === undefined) return 'lost';
  try {
    if (program === undefined) throw new NotModelled(name);
    const ending = await program(call, lab);
    return caller.zone.process === life ? ending : 'lost';
  } catch (error) {
    const refusal = error instanceof NotModelled;
    if (!refusal && (caller.zone.process !== life || caller.zone.state === 'shutting_down')) return 'lost';
    const text = refusal ? `not modelled: ${error.message}` : `broken: ${error instanceof Error ? error.stack : error}`;
    lab.notModelled.push(`${caller.zone.name}: ${caller.argv.join(' ')}: ${text}`);
    call.err(`lab: ${text}\n`);
    return REFUSED;
  }
}

/** What the fault makes of the call, the call itself included. */
async function runWithFault(lab: Lab, caller: Caller, output: Output, fault: Fault | undefined): Promise<Answer> {
  const failure = () => {
    speak(caller, output, false, 'stderr', fault?.stderr ?? '');
    return fault?.status ?? 1;
  };
  const killed = (): Answer => {
    caller.kill();
    return 'lost';
  };
  switch (fault?.action) {
    case undefined:
      return await runProgram(lab, caller, output, false);
    case 'fail':
      return failure();
    case 'fail-after':
      await runProgram(lab, caller, output, true);
      return failure();
    case 'kill-before':
      return killed();
    case 'kill-after':
      await runProgram(lab, caller, output, true);
      return killed();
    case 'delay':
      await new Promise((resolve) => setTimeout(resolve, fault.ms ?? 0));
      return await runProgram(lab, caller, output, false);
    case 'hang':
      return 'lost';
  }
}

export type Dispatcher = (caller: Caller) => Promise<Answer>;

export function createDispatcher(lab: Lab, faults: FaultTable, recorder: Recorder): Dispatcher {
  return async (caller) => {
    const { zone, argv, cwd, uid, pid, internal } = caller;
    const fault = faults.meet({ zone: zone.name, argv, internal });
    const output: Output = { stdout: [], stderr: [] };
    const started = performance.now();
    const answer = await runWithFault(lab, caller, output, fault);
    recorder.add({
      zone: zone.name,
      argv,
      cwd,
      uid,
      pid,
      internal,
      env: chosenEnvironment(caller.env),
      ...(output.stdin === undefined ? {} : { stdin: recordedText(output.stdin) }),
      stdout: recordedText(Buffer.concat(output.stdout)),
      stderr: recordedText(Buffer.concat(output.stderr)),
      ...(typeof answer === 'number' ? { status: answer } : {}),
      ...(typeof answer === 'object' ? { become: answer.become } : {}),
      ...(fault === undefined ? {} : { fault: fault.action }),
      ms: Math.round(performance.now() - started),
    });
    return answer;
  };
}
