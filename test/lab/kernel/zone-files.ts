// A zone's files as labd reaches them: through /proc/PID/root, with links resolved as the zone would.
import { lstatSync, readlinkSync } from 'node:fs';
import { posix } from 'node:path';
import type { Zone } from '../daemon/state.ts';

const LINKS_AT_MOST = 40;

/** The target of a symbolic link; undefined for everything else, also for what is not there. */
export function linkTarget(path: string): string | undefined {
  const found = lstatSync(path, { throwIfNoEntry: false });
  return found?.isSymbolicLink() ? readlinkSync(path) : undefined;
}

/**
 * Resolves a path inside a root: links lead to places below the root, and ".." ends at it. Names behind the last
 * that exists are kept, so that a file can be made there.
 */
export function resolveInRoot(root: string, path: string): string {
  const left = path.split('/').filter((name) => name !== '' && name !== '.');
  const done: string[] = [];
  let links = 0;
  for (let name = left.shift(); name !== undefined; name = left.shift()) {
    if (name === '..') {
      done.pop();
      continue;
    }
    const target = linkTarget(posix.join(root, ...done, name));
    if (target === undefined) {
      done.push(name);
      continue;
    }
    links += 1;
    if (links > LINKS_AT_MOST)
      throw new Error(`${path}: Number of symbolic links encountered during path name traversal exceeds MAXSYMLINKS`);
    if (target.startsWith('/')) done.length = 0;
    left.unshift(...target.split('/').filter((part) => part !== '' && part !== '.'));
  }
  return posix.join(root, ...done);
}

/**
 * The outer path of a file as a running zone sees it, links resolved inside the zone's own root.
 * A relative path is taken from `cwd`. Files of a zone that is down are below its root in the global zone:
 * `zonePath(lab.global, zone.root + path)`.
 *
 * @throws {Error} when the zone has no process, or the path more links than a kernel follows
 */
export function zonePath(zone: Zone, path: string, cwd = '/'): string {
  if (zone.process === undefined) throw new Error(`zone "${zone.name}" is down: its files are in the global zone`);
  return resolveInRoot(`/proc/${zone.process.pid}/root`, posix.resolve(cwd, path));
}
