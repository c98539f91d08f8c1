import type { Command } from '../illumos/command.ts';
import { commandError } from './execute.ts';
import type { System } from './system.ts';

/**
 * What a command that only asks printed on stdout.
 *
 * @throws {OperatorError} COMMAND_FAILED, COMMAND_TIMEOUT
 */
export async function ask(command: Command, system: System): Promise<string> {
  const result = await system.run(command);
  if (result.status === 0) return result.stdout;
  throw commandError({ command, reason: 'to see what is there' }, result);
}
