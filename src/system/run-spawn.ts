import { spawn } from 'node:child_process';
import type { Command, CommandResult } from '../illumos/command.ts';
import { CLEAN_ENVIRONMENT, DEFAULT_TIMEOUT_SECONDS } from './environment.ts';
import { errorCode } from './node-error.ts';

/**
 * Runs a command by Node alone: the boot method's way, where loading execa would cost more than all else
 * (docs/decisions/0002). A program past its deadline is killed with its process group.
 */
export function runWithSpawn({
  program,
  args,
  env = {},
  stdin,
  timeoutSeconds = DEFAULT_TIMEOUT_SECONDS,
}: Command): Promise<CommandResult> {
  return new Promise((resolve) => {
    const child = spawn(program, [...args], {
      env: { ...CLEAN_ENVIRONMENT, ...env },
      cwd: '/',
      detached: true,
      stdio: [stdin === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    });
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    let timedOut = false;
    child.stdout?.on('data', (chunk: Buffer) => stdout.push(chunk));
    child.stderr?.on('data', (chunk: Buffer) => stderr.push(chunk));
    // A program may end without reading its input: EPIPE is then no failure of ours.
    child.stdin?.on('error', () => child.stdin?.destroy());
    child.stdin?.end(stdin);
    const timer = setTimeout(() => {
      timedOut = true;
      killGroup(child.pid);
    }, timeoutSeconds * 1000);
    const finish = (end: Pick<CommandResult, 'status' | 'signal'>, said = '') => {
      clearTimeout(timer);
      resolve({
        ...end,
        timedOut,
        stdout: Buffer.concat(stdout).toString(),
        stderr: Buffer.concat(stderr).toString() + said,
      });
    };
    child.on('error', (error) => finish({}, `${program}: ${error.message}`));
    child.on('close', (status, signal) =>
      finish({ ...(status === null ? {} : { status }), ...(signal === null ? {} : { signal }) }),
    );
  });
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    // ESRCH: the last of the group has just ended by itself.
    if (errorCode(error) !== 'ESRCH') throw error;
  }
}
