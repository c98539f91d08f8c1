import type { Lab, Zone } from '../daemon/state.ts';
import { stopNat } from './nat-stack.ts';

/** A zone's ipf stack as it is at boot: there, not enabled, no rules (§7.1). */
export async function startIpf(_lab: Lab, _zone: Zone): Promise<void> {}

/** Both stacks of a zone vanish when it halts (§7.1). */
export function stopIpf(zone: Zone): void {
  stopNat(zone);
}
