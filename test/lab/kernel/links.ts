import type { Lab, Links } from '../daemon/state.ts';

/** The links of a lab: e1000g0, the physical link of the global zone, and nothing else. */
export async function createLinks(_lab: Omit<Lab, 'links'>): Promise<Links> {
  throw new Error('createLinks');
}
