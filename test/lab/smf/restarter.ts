import type { Lab, Smf } from '../daemon/state.ts';

/** SMF of all zones of a lab. */
export function createSmf(_lab: Omit<Lab, 'smf'>): Smf {
  const nothing = async () => {};
  return { install: nothing, boot: nothing, halt: nothing, shutdown: nothing, uninstall: nothing };
}
