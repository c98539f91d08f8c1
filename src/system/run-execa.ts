import { execa } from 'execa';
import type { Command, CommandResult } from '../illumos/command.ts';
import { CLEAN_ENVIRONMENT, DEFAULT_TIMEOUT_SECONDS } from './environment.ts';

/** Runs a command by execa: the host program's way. Never rejects for how the program ended. */
export async function runWithExeca({
  program,
  args,
  env = {},
  stdin,
  timeoutSeconds = DEFAULT_TIMEOUT_SECONDS,
}: Command): Promise<CommandResult> {
  const result = await execa(program, [...args], {
    env: { ...CLEAN_ENVIRONMENT, ...env },
    extendEnv: false,
    ...(stdin === undefined ? { stdin: 'ignore' as const } : { input: stdin }),
    reject: false,
    stripFinalNewline: false,
    timeout: timeoutSeconds * 1000,
    forceKillAfterDelay: 2000,
    cwd: '/',
  });
  return {
    ...(result.exitCode === undefined ? {} : { status: result.exitCode }),
    ...(result.signal === undefined ? {} : { signal: result.signal }),
    timedOut: result.timedOut,
    stdout: result.stdout,
    // A program that could not be started at all has no stderr: its errno is what there is to say.
    stderr:
      result.code !== undefined && result.exitCode === undefined && !result.timedOut
        ? `${program}: ${result.code}`
        : result.stderr,
  };
}
