import type { Lab, Smf } from '../daemon/state.ts';

/** SMF of all zones of a lab. */
export function createSmf(_lab: Omit<Lab, 'smf'>): Smf {
  throw new Error('createSmf');
}
