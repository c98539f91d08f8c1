// The lab's C program as the one that starts Linux programs for labd: forking a Node costs many times what it costs a program
// that is small (client/lab.c, mode "spawner").
import { spawn } from 'node:child_process';
import type { CallResult } from '../daemon/call.ts';

/** Runs a program to its end; "lab" is the C program itself. A death by a signal is status 128. */
export type RunProgram = (argv: readonly string[], stdin?: string) => Promise<CallResult>;

const NO_INPUT = 0xffffffff;
const HEAD = 16;

function formatRequest(id: number, argv: readonly string[], stdin: string | undefined): Buffer {
  const words = Buffer.from(argv.map((word) => `${word}\0`).join(''));
  const input = Buffer.from(stdin ?? '');
  const head = [id, argv.length, words.length, stdin === undefined ? NO_INPUT : input.length];
  return Buffer.concat([Buffer.from(Uint32Array.from(head).buffer), words, input]);
}

/** Starts it. It ends when it is told to, or with labd, whose end of the pipe it reads. */
export function startSpawner(client: string): { readonly run: RunProgram; readonly end: () => void } {
  const child = spawn(client, ['spawner'], { argv0: 'lab', stdio: ['pipe', 'pipe', 'inherit'] });
  const waiting = new Map<number, { resolve(result: CallResult): void; reject(error: Error): void }>();
  let unread: Buffer = Buffer.alloc(0);
  let last = 0;
  child.stdout.on('data', (chunk: Buffer) => {
    unread = unread.length === 0 ? chunk : Buffer.concat([unread, chunk]);
    while (unread.length >= HEAD) {
      const [id = 0, status = 0, out = 0, err = 0] = [0, 4, 8, 12].map((at) => unread.readUInt32LE(at));
      if (unread.length < HEAD + out + err) return;
      const [stdout, stderr] = [unread.subarray(HEAD, HEAD + out), unread.subarray(HEAD + out, HEAD + out + err)];
      waiting.get(id)?.resolve({ status, stdout: stdout.toString('utf8'), stderr: stderr.toString('utf8') });
      waiting.delete(id);
      unread = unread.subarray(HEAD + out + err);
    }
  });
  const end = (error: Error) => {
    for (const one of waiting.values()) one.reject(error);
    waiting.clear();
  };
  child.on('error', end);
  child.on('close', (status) => end(new Error(`the spawner of the lab has ended: ${status}`)));
  child.stdin.on('error', end);
  return {
    run: (argv, stdin) =>
      new Promise((resolve, reject) => {
        last = (last + 1) >>> 0;
        waiting.set(last, { resolve, reject });
        child.stdin.write(formatRequest(last, argv, stdin));
      }),
    end: () => void child.stdin.end(),
  };
}
