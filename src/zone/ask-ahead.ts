import { type Command, formatCommand } from '../illumos/command.ts';
import type { System } from '../system/system.ts';

/**
 * Begins to run commands that only ask, and gives a system on which each of them has its answer from that, once: they run while
 * the caller does something else.
 */
export function askAhead(commands: readonly Command[], system: System): System {
  const begun = new Map(commands.map((command) => [formatCommand(command), system.run(command)]));
  const run: System['run'] = (command) => {
    const name = formatCommand(command);
    const answer = begun.get(name);
    begun.delete(name);
    return answer ?? system.run(command);
  };
  return { ...system, run };
}
