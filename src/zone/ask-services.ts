import { isNotThere, parseServices, type ServiceState, showServices } from '../illumos/svcs.ts';
import { commandError } from '../system/execute.ts';
import type { System } from '../system/system.ts';

/** Asks for the states of some instances, by FMRI; those that are not there are missing. */
export type AskServices = (fmris: readonly string[]) => Promise<ReadonlyMap<string, ServiceState>>;

/** Parts of an observation that ask in the same turn are answered by one svcs. */
export function askTogether(system: Pick<System, 'run'>): AskServices {
  const asked = new Set<string>();
  let answer: Promise<ReadonlyMap<string, ServiceState>> | undefined;
  const ask = async () => {
    // Who reads a file first has asked by then too.
    await new Promise((resolve) => setImmediate(resolve));
    answer = undefined;
    const fmris = [...asked];
    asked.clear();
    return await askServices(fmris, system);
  };
  return async (fmris) => {
    if (fmris.length === 0) return new Map();
    for (const fmri of fmris) asked.add(fmri);
    answer ??= ask();
    const states = await answer;
    return new Map([...states].filter(([fmri]) => fmris.includes(fmri)));
  };
}

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
