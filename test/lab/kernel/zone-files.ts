import type { Zone } from '../daemon/state.ts';

/**
 * The outer path of a file as a running zone sees it, links resolved inside the zone's own root.
 * A relative path is taken from `cwd`.
 */
export function zonePath(zone: Zone, path: string, cwd = '/'): string {
  throw new Error(`zonePath ${zone.name} ${cwd} ${path}`);
}
