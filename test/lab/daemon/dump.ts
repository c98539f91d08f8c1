// The state of a lab as plain data that two runs can compare.
import type { Lab } from './state.ts';

type Dumper = (lab: Lab) => unknown;

const dumpers = new Map<string, Dumper>();

/** Adds a part to `lab.dump()`: plain data, in an order of its own, without ids, times and counters that differ from run to run. */
export function registerDump(name: string, dumper: Dumper): void {
  dumpers.set(name, dumper);
}

export async function dump(lab: Lab): Promise<Record<string, unknown>> {
  const parts: Record<string, unknown> = {};
  for (const [name, dumper] of [...dumpers].sort(([a], [b]) => (a < b ? -1 : 1))) parts[name] = await dumper(lab);
  return parts;
}
