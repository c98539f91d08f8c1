import type { Lab, Zone, ZoneProcess } from '../daemon/state.ts';

/**
 * Makes the namespaces and the init of a zone, mounts its root and the `fs` resources of its configuration,
 * and names its network namespace (zone.netns). No link is in it yet.
 */
export async function startZone(_lab: Lab, zone: Zone): Promise<ZoneProcess> {
  throw new Error(`startZone ${zone.name}`);
}
