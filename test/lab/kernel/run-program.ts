// Starts Linux programs from labd and collects what they say.
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import type { CallResult } from '../daemon/call.ts';
import type { RunProgram } from './spawner.ts';

/** A Linux program that ended with a status it should not have. `stderr` has its own words. */
export class KernelError extends Error {
  override readonly name = 'KernelError';
  readonly stderr: string;
  readonly status: number;

  constructor(argv: readonly string[], result: CallResult) {
    super(`${argv.join(' ')}: ${result.stderr.trim() || `exit status ${result.status}`}`);
    this.stderr = result.stderr;
    this.status = result.status;
  }
}

/** Runs a program to its end, by Node. A death by a signal is status 128. */
export const runProgram: RunProgram = (argv, stdin) => {
  const [program = '', ...args] = argv;
  return new Promise((resolve, reject) => {
    const child: ChildProcess = spawn(program, args, {
      stdio: [stdin === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    });
    const [stdout, stderr]: [Buffer[], Buffer[]] = [[], []];
    child.stdout?.on('data', (chunk: Buffer) => stdout.push(chunk));
    child.stderr?.on('data', (chunk: Buffer) => stderr.push(chunk));
    // A program may end without reading all of its stdin.
    child.stdin?.on('error', () => {});
    child.stdin?.end(stdin);
    child.on('error', reject);
    child.on('close', (status) =>
      resolve({
        status: status ?? 128,
        stdout: Buffer.concat(stdout).toString('utf8'),
        stderr: Buffer.concat(stderr).toString('utf8'),
      }),
    );
  });
};

/** @throws {KernelError} when the program ends with another status than 0 */
export async function mustRun(argv: readonly string[], stdin?: string, run: RunProgram = runProgram): Promise<string> {
  const result = await run(argv, stdin);
  if (result.status !== 0) throw new KernelError(argv, result);
  return result.stdout;
}
