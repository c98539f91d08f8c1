import type { Lab, Zone } from '../daemon/state.ts';

/** Lays down the files of a zone below its zonepath: what `zoneadm install` does. */
export async function createRoot(_lab: Lab, _zone: Zone): Promise<void> {}

/** Removes the files of a zone: `zoneadm uninstall`. */
export async function removeRoot(_lab: Lab, _zone: Zone): Promise<void> {}
