import { OperatorError } from '../domain/errors.ts';
import { type CommandResult, formatCommand } from '../illumos/command.ts';
import type { GuardStep, Plan, RemoveStep, RunStep, Step, WaitStep } from '../plan/step.ts';
import { errorCode } from './node-error.ts';
import type { System } from './system.ts';

/**
 * Does the steps of a plan one after the other and stops at the first that fails.
 *
 * @throws {OperatorError} COMMAND_FAILED, COMMAND_TIMEOUT, WRITE_FAILED, FILE_REFUSED
 */
export async function execute(plan: Plan, system: System): Promise<void> {
  for (const step of plan) await executeStep(step, system);
}

async function executeStep(step: Step, system: System): Promise<void> {
  switch (step.kind) {
    case 'run':
      return await runStep(step, system);
    case 'wait':
      return await waitStep(step, system);
    case 'write':
      return await system.writeFile(step.file);
    case 'write-all':
      return await system.writeFiles(step.files);
    case 'directory':
      return await system.makeDirectory(step.path, step.mode);
    case 'remove':
      return await removePath(step, system);
    case 'guard':
      return await guard(step, system);
  }
}

async function removePath({ path, ifEmpty, scratch }: RemoveStep, system: System): Promise<void> {
  try {
    await system.remove(path, scratch === true ? 'scratch' : undefined);
  } catch (error) {
    // rmdir(2) says EEXIST on illumos, ENOTEMPTY elsewhere; EBUSY where a file system is mounted.
    const why = error instanceof OperatorError ? errorCode(error.cause) : undefined;
    if (ifEmpty !== true || why === undefined || !['ENOTEMPTY', 'EEXIST', 'EBUSY'].includes(why)) throw error;
  }
}

async function guard({ below, path }: GuardStep, system: System): Promise<void> {
  let at = below;
  for (const part of path.split('/')) {
    at = `${at}/${part}`;
    const kind = await system.kindOf(at);
    if (kind === 'directory' || kind === 'file') continue;
    const found = { link: 'it is a symbolic link', other: 'it is neither file nor directory', none: 'it is not there' };
    throw new OperatorError('FILE_REFUSED', `Cannot use "${below}/${path}": at "${at}" ${found[kind ?? 'none']}`);
  }
}

/** Seconds between tries of a command that found its link busy; five times as long where anything may be the matter. */
const RETRY_PAUSE = 0.2;

async function runStep(step: RunStep, system: System): Promise<void> {
  const end = system.monotonic() + (step.retrySeconds ?? 0) * 1000;
  for (;;) {
    const result = await system.run(step.command);
    if (succeeded(step, result)) return;
    const passes = step.retryAlways === true || isPassing(result);
    if (!passes || system.monotonic() >= end) throw commandError(step, result);
    await system.sleep((step.retryAlways === true ? 5 : 1) * RETRY_PAUSE * 1000);
  }
}

/** Milliseconds between two questions of a wait. */
const WAIT_PAUSE = 50;

async function waitStep({ command, reason, whileSeen, seconds }: WaitStep, system: System): Promise<void> {
  const end = system.monotonic() + seconds * 1000;
  for (;;) {
    const result = await system.run(command);
    if (result.status !== 0) throw commandError({ command, reason }, result);
    const seen = whileSeen.find((text) => result.stdout.includes(text));
    if (seen === undefined) return;
    if (system.monotonic() >= end) {
      throw new OperatorError('COMMAND_TIMEOUT', `Cannot go on: after ${seconds} s still "${seen}" (${reason})`, {
        hint: `See what says so: ${formatCommand(command)}`,
      });
    }
    await system.sleep(WAIT_PAUSE);
  }
}

function succeeded({ silent, tolerates = [] }: RunStep, { status, stderr }: CommandResult): boolean {
  if (status === undefined) return false;
  return (status === 0 || tolerates.includes(status)) && (silent === undefined || stderr.trim() === '');
}

/** dladm says these while another process looks at the link (§1.9) or dlmgmtd has no time. */
function isPassing({ stderr }: CommandResult): boolean {
  return /link busy|try again later/.test(stderr);
}

/** The error for a command that did not do what its step wanted: what was run, why, and what it said. */
export function commandError(
  { command, reason, hint }: Pick<RunStep, 'command' | 'reason' | 'hint'>,
  result: CommandResult,
): OperatorError {
  // route tells its errors on stdout (§3.1); ipadm leaves a lone newline there (§2.1).
  const said = [result.stderr, result.stdout].map((text) => text.trim()).filter((text) => text !== '');
  const ended = result.timedOut
    ? `did not end within ${command.timeoutSeconds ?? 60} s`
    : result.status === undefined
      ? result.signal === undefined
        ? 'could not be started'
        : `was ended by ${result.signal}`
      : `exit status ${result.status}`;
  const message = [`Cannot go on: ${formatCommand(command)} (${reason}): ${ended}`, ...said].join('\n  ');
  const code = result.timedOut ? 'COMMAND_TIMEOUT' : 'COMMAND_FAILED';
  return new OperatorError(code, message, hint === undefined ? {} : { hint });
}
