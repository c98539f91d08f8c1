// The test's side of the control socket (daemon/control.ts).
import type { Socket } from 'node:net';
import { connect } from 'node:net';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import type { ControlRequest, RunRequest } from './daemon/control.ts';
import { frameReader } from './daemon/protocol.ts';

/**
 * One question to labd and its answer.
 *
 * @throws {Error} when labd could not do it, with labd's stack
 */
export function ask(run: string, request: Exclude<ControlRequest, RunRequest>): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const socket = connect(join(run, 'control'));
    const chunks: Buffer[] = [];
    socket.on('error', reject);
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    socket.on('end', () => {
      if (chunks.length === 0) return reject(new Error(`labd went away at "${request.op}"`));
      const { result, error } = JSON.parse(Buffer.concat(chunks).toString('utf8')) as {
        result?: unknown;
        error?: string;
      };
      if (error === undefined) resolve(result);
      else reject(new Error(`labd: ${error}`));
    });
    socket.write(`${JSON.stringify(request)}\n`);
  });
}

/** How a program ended: exactly one of the two is set. */
export interface Ended {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface Started {
  /** pid in the lab's outer pid namespace. */
  readonly pid: Promise<number>;
  readonly stdin: Writable;
  /** When the program has ended and nobody holds its stdout and stderr any more. */
  readonly ended: Promise<Ended>;
}

/** Starts a program through labd. */
export function start(
  run: string,
  request: RunRequest,
  onOutput: (stream: 'stdout' | 'stderr', chunk: Buffer) => void,
): Started {
  const socket: Socket = connect({ path: join(run, 'control'), allowHalfOpen: true });
  let [tellPid, refusePid] = [(_: number) => {}, (_: Error) => {}];
  const pid = new Promise<number>((resolve, reject) => {
    [tellPid, refusePid] = [resolve, reject];
  });
  const ended = new Promise<Ended>((resolve, reject) => {
    const read = frameReader(1, (body, type) => {
      if (type === 'p') tellPid(Number(body.toString()));
      if (type === 'o') onOutput('stdout', body);
      if (type === 'e') onOutput('stderr', body);
      if (type === 'x') resolve(JSON.parse(body.toString()) as Ended);
      if (type === 'f') reject(new Error(`labd: ${body.toString()}`));
      if (type === 'x' || type === 'f') socket.end();
    });
    socket.on('data', read);
    const fail = (error: Error) => {
      reject(error);
      refusePid(error);
    };
    socket.on('error', fail);
    // Half open it would keep a test from ending that has failed while the program ran.
    socket.on('end', () => socket.destroy());
    socket.on('close', () => fail(new Error(`labd went away while "${request.argv.join(' ')}" ran`)));
  });
  // Heard by who waits; a lab that is stopped while a program runs is no failure by itself.
  for (const promise of [ended, pid]) promise.catch(() => {});
  socket.write(`${JSON.stringify(request)}\n`);
  return { pid, stdin: socket, ended };
}
