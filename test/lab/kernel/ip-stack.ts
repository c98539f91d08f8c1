import type { Lab, Zone } from '../daemon/state.ts';

/** Prepares the IP stack of a zone whose network namespace has just been made: empty, forwarding off. */
export async function startStack(_lab: Lab, _zone: Zone): Promise<void> {}

/** Forgets everything temporary of a zone's IP stack (§11.10 invariant 4); what is recorded stays. */
export function stopStack(_zone: Zone): void {}
