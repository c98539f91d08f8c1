import type { Command } from '../illumos/command.ts';
import { commandError } from './execute.ts';
import type { System } from './system.ts';

/**
 * Runs a command that only asks, and gives what it printed. `tolerates` are statuses beside 0 that are answers too.
 *
 * @throws {OperatorError} COMMAND_FAILED, COMMAND_TIMEOUT
 */
export async function ask(
  command: Command,
  system: Pick<System, 'run'>,
  { reason = 'to see what is there', tolerates = [] }: { reason?: string; tolerates?: readonly number[] } = {},
): Promise<string> {
  const result = await system.run(command);
  if (result.status !== 0 && !(result.status !== undefined && tolerates.includes(result.status))) {
    throw commandError({ command, reason }, result);
  }
  return result.stdout;
}
