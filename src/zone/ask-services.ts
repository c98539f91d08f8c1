import { isNotThere, parseServices, type ServiceState, showServices } from '../illumos/svcs.ts';
import { commandError } from '../system/execute.ts';
import type { System } from '../system/system.ts';

/**
 * The states of instances, by FMRI; those that are not there are missing.
 *
 * svcs exits 1 for one that is not there (§6.7), and for every failure of its own: only what it says tells them apart.
 *
 * @throws {OperatorError} COMMAND_FAILED, COMMAND_TIMEOUT
 */
export async function askServices(
  fmris: readonly string[],
  system: Pick<System, 'run'>,
): Promise<Map<string, ServiceState>> {
  const command = showServices(fmris);
  const result = await system.run(command);
  if (result.status === 0 || (result.status === 1 && isNotThere(result.stderr))) return parseServices(result.stdout);
  throw commandError({ command, reason: 'to see what is there' }, result);
}
