// The control socket: what a test asks of its lab. One connection a request, which begins with one line of JSON.
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import type { Server, Socket } from 'node:net';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { dump } from './dump.ts';
import type { Fault, FaultTable } from './faults.ts';
import { formatFrame } from './protocol.ts';
import type { Recorder } from './record.ts';
import { reached, settled } from './services.ts';
import type { Lab } from './state.ts';

/** A program in a zone, or with `netns` a program of the machine with that network. */
export interface RunRequest {
  readonly op: 'run';
  readonly id: number;
  readonly zone?: string;
  readonly netns?: string;
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly uid: number;
  readonly gid: number;
}

export type ControlRequest =
  | RunRequest
  | { readonly op: 'signal'; readonly id: number; readonly signal: NodeJS.Signals }
  | { readonly op: 'fault'; readonly faults: readonly Fault[] }
  | { readonly op: 'clear-faults' }
  /** Without a value it is taken away. */
  | { readonly op: 'switch'; readonly name: string; readonly value?: string }
  | { readonly op: 'clock'; readonly offset: number }
  | { readonly op: 'calls'; readonly mark: number }
  | { readonly op: 'mark' }
  | { readonly op: 'not-modelled' }
  | { readonly op: 'take-not-modelled' }
  | { readonly op: 'zones' }
  /** Answers when no service of a zone, or of any zone that is up, has a method running or to be run. */
  | { readonly op: 'settled'; readonly zone?: string }
  /** Answers when a service has that state, or with the state it has when the time is over. */
  | {
      readonly op: 'reached';
      readonly zone: string;
      readonly fmri: string;
      readonly state: string;
      readonly ms: number;
    }
  /** The switch behind a link, as a device of the network "sw". */
  | { readonly op: 'bridge'; readonly link: string }
  | { readonly op: 'dump' };

export interface Control {
  readonly lab: Lab;
  readonly faults: FaultTable;
  readonly recorder: Recorder;
  setClock(offset: number): void;
}

const running = new Map<number, ChildProcess>();

function command(lab: Lab, request: RunRequest): readonly string[] {
  const client = join(lab.run, 'lab');
  if (request.netns !== undefined) return [client, 'netns', request.netns, ...request.argv];
  const zone = lab.zones.get(request.zone ?? 'global');
  if (zone?.process === undefined) throw new Error(`no zone "${request.zone}" is up`);
  const { uid, gid, cwd } = request;
  return [client, 'enter', String(zone.process.pid), String(uid), String(gid), cwd, ...request.argv];
}

/** stdout and stderr come as frames, then "x" with how it ended. The rest of the connection is stdin. */
function run(lab: Lab, request: RunRequest, socket: Socket, firstInput: Buffer) {
  const [program = '', ...args] = command(lab, request);
  const child = spawn(program, args, { env: { ...request.env }, stdio: 'pipe', detached: true });
  running.set(request.id, child);
  socket.write(formatFrame('p', String(child.pid)));
  const forward = (type: 'o' | 'e', stream: NodeJS.ReadableStream) =>
    stream.on('data', (chunk: Buffer) => {
      if (socket.write(formatFrame(type, chunk))) return;
      stream.pause();
      socket.once('drain', () => stream.resume());
    });
  forward('o', child.stdout);
  forward('e', child.stderr);
  // A program may end without reading all of its stdin; a test may go away.
  child.stdin.on('error', () => socket.resume());
  if (firstInput.length > 0) child.stdin.write(firstInput);
  socket.pipe(child.stdin);
  socket.on('error', () => child.kill('SIGKILL'));
  child.on('close', (status, signal) => {
    running.delete(request.id);
    socket.end(formatFrame('x', JSON.stringify({ status, signal })));
  });
}

function signalRun(id: number, signal: NodeJS.Signals) {
  const child = running.get(id);
  if (child?.pid === undefined || child.pid <= 1) return;
  // The whole group: a shell and what it waits for.
  process.kill(-child.pid, signal);
}

async function answer({ lab, faults, recorder, setClock }: Control, request: Exclude<ControlRequest, RunRequest>) {
  switch (request.op) {
    case 'signal':
      return signalRun(request.id, request.signal);
    case 'fault':
      return request.faults.forEach(faults.set);
    case 'clear-faults':
      return faults.clear();
    case 'switch':
      if (request.value === undefined) lab.switches.delete(request.name);
      else lab.switches.set(request.name, request.value);
      return undefined;
    case 'clock':
      return setClock(request.offset);
    case 'calls':
      return recorder.since(request.mark);
    case 'mark':
      return recorder.count;
    case 'not-modelled':
      return lab.notModelled;
    case 'take-not-modelled':
      return lab.notModelled.splice(0);
    case 'zones':
      return [...lab.zones.values()].map(({ name, id, state, root, netns, process }) => ({
        name,
        id,
        state,
        root,
        netns,
        pid: process?.pid,
      }));
    case 'settled':
      return await settled(lab, request.zone);
    case 'reached':
      return await reached(lab, request.zone, request.fmri, request.state, request.ms);
    case 'bridge':
      return await lab.links.bridgeOf(request.link);
    case 'dump':
      return await dump(lab);
  }
}

async function serve(control: Control, socket: Socket, line: string, rest: Buffer) {
  const request = JSON.parse(line) as ControlRequest;
  try {
    if (request.op === 'run') return run(control.lab, request, socket, rest);
    const result = await answer(control, request);
    socket.end(`${JSON.stringify({ result })}\n`);
  } catch (error) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    socket.end(request.op === 'run' ? formatFrame('f', text) : `${JSON.stringify({ error: text })}\n`);
  }
}

export function listenForControl(control: Control): Promise<Server> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    let head = Buffer.alloc(0);
    const read = (chunk: Buffer) => {
      head = Buffer.concat([head, chunk]);
      const end = head.indexOf('\n');
      if (end < 0) return;
      socket.off('data', read);
      socket.pause();
      void serve(control, socket, head.toString('utf8', 0, end), head.subarray(end + 1));
    };
    socket.on('data', read);
    socket.on('error', () => {});
  });
  return new Promise((resolve) => server.listen(join(control.lab.run, 'control'), () => resolve(server)));
}
