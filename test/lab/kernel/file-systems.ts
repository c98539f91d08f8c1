// A zone's `fs` resources, checked as zoneadmd checks them before it mounts (§4.4).
import { existsSync, lstatSync, mkdirSync } from 'node:fs';
import { posix } from 'node:path';
import { NotModelled } from '../daemon/call.ts';
import type { FsResource, Lab, Zone } from '../daemon/state.ts';
import type { Mount } from './mounts.ts';
import { zonePath } from './zone-files.ts';

/** Why a zone's file systems cannot be mounted; zoneadm has illumos's words for it. `path` is as the global zone sees it. */
export class MountRefused extends Error {
  override readonly name = 'MountRefused';
  readonly reason: 'is-a-symlink' | 'special-missing' | 'not-a-directory';
  readonly path: string;

  constructor(reason: MountRefused['reason'], path: string) {
    super(`${path}: ${reason}`);
    this.reason = reason;
    this.path = path;
  }
}

/** Makes what is missing of the mount point below the root; every component that is there must be no symlink. */
function makeMountPoint(lab: Lab, zone: Zone, dir: string, file: boolean) {
  const names = dir.split('/').filter((name) => name !== '' && name !== '.');
  let path = zone.root;
  for (const [index, name] of names.entries()) {
    path = posix.join(path, name);
    const outer = posix.join(zonePath(lab.global, posix.dirname(path)), name);
    const found = lstatSync(outer, { throwIfNoEntry: false });
    if (found?.isSymbolicLink()) throw new MountRefused('is-a-symlink', path);
    const last = index === names.length - 1;
    if (found !== undefined && !last && !found.isDirectory()) throw new MountRefused('not-a-directory', path);
    if (found === undefined && !(last && file)) mkdirSync(outer, { mode: 0o755 });
  }
}

function prepare(lab: Lab, zone: Zone, resource: FsResource): Mount {
  if (resource.type !== 'lofs') throw new NotModelled(`fs of type ${resource.type}`);
  const unknown = resource.options.find((option) => !['ro', 'rw', 'nodevices', 'nosetuid', 'noexec'].includes(option));
  if (unknown !== undefined) throw new NotModelled(`fs option ${unknown}`);
  const special = zonePath(lab.global, resource.special);
  if (!existsSync(special)) throw new MountRefused('special-missing', resource.special);
  makeMountPoint(lab, zone, resource.dir, !lstatSync(special).isDirectory());
  return {
    kind: 'rbind',
    source: resource.special,
    target: posix.normalize(resource.dir),
    options: resource.options.includes('ro') ? 'ro' : 'rw',
  };
}

/**
 * The mounts of a zone's `fs` resources, in order of their depth; missing mount points are made.
 *
 * @throws {MountRefused} when a special is missing or a mount point goes through a symlink (§4.4)
 */
export function fileSystemMounts(lab: Lab, zone: Zone): Mount[] {
  const depth = ({ dir }: FsResource) => posix.normalize(dir).split('/').length;
  return [...zone.config.filesystems]
    .sort((a, b) => depth(a) - depth(b))
    .map((resource) => prepare(lab, zone, resource));
}

/** The places a zone's own mounts go to must be no symlinks either: root in the zone may have made some (§8.5). */
export function checkMountPoints(lab: Lab, zone: Zone, mounts: readonly Mount[]): void {
  for (const { kind, target } of mounts) {
    // What comes after /dev lies in a file system of our own.
    if (kind === 'link' || kind === 'rbind' || target.startsWith('/dev/') || target.startsWith('/usr/')) continue;
    makeMountPoint(lab, zone, target, kind === 'bind' && target.endsWith('/node'));
  }
}
