// Every state that a power cut can leave on a disk: what was synced, and any part of what was not.
import { dirname } from 'node:path';
import { type Disk, type DiskEvent, type DiskState, stateOf } from './disk.ts';

/** What a cut leaves, and how many programs had changed something by then. */
export interface Wreck {
  /** How many events had happened. */
  readonly after: number;
  readonly worlds: number;
  readonly disk: DiskState;
}

/** More names that hang in the air than this are not taken in every combination. */
const MOST_PENDING = 10;

/**
 * All different wrecks of a disk's history, cut after each of its events.
 *
 * A change of a name that its directory's sync did not follow may be on disk or not, each by itself, so in any order;
 * bytes that no sync followed are there whole, by half, or not at all.
 */
export function wrecksOf({ events, base }: Pick<Disk, 'events' | 'base'>): Wreck[] {
  const wrecks = new Map<string, Wreck>();
  for (let after = 0; after <= events.length; after += 1) {
    const past = events.slice(0, after);
    const worlds = past.filter(({ event }) => event === 'world').length;
    for (const disk of disksAt(past, base)) {
      const key = JSON.stringify([worlds, [...disk.files], [...disk.directories]]);
      if (!wrecks.has(key)) wrecks.set(key, { after, worlds, disk });
    }
  }
  return [...wrecks.values()];
}

type NameEvent = Extract<DiskEvent, { event: 'name' }>;

function disksAt(past: readonly DiskEvent[], base: Disk['base']): DiskState[] {
  const pending = pendingNames(past);
  if (pending.size > MOST_PENDING) throw new Error(`${pending.size} names hang in the air`);
  const contents = variantsOf(past, base.bytes);
  const disks: DiskState[] = [];
  const loose = [...pending];
  for (let mask = 0; mask < 1 << loose.length; mask += 1) {
    const lost = new Set(loose.filter((_, index) => (mask & (1 << index)) === 0));
    const names = new Map(base.names);
    for (const event of past) {
      if (event.event !== 'name' || lost.has(event)) continue;
      if (event.entry === undefined) names.delete(event.path);
      else names.set(event.path, event.entry);
      if (event.from !== undefined) names.delete(event.from);
    }
    for (const bytes of contents) disks.push(stateOf(names, bytes));
  }
  return disks;
}

/** Changes of names whose directory was not synced since. */
function pendingNames(past: readonly DiskEvent[]): Set<NameEvent> {
  const pending = new Set<NameEvent>();
  for (const event of past) {
    if (event.event === 'name') pending.add(event);
    if (event.event !== 'sync-directory') continue;
    for (const name of pending) if (dirname(name.path) === event.path) pending.delete(name);
  }
  return pending;
}

/** All files' bytes, in as many variants as the files that were not synced have together. */
function variantsOf(past: readonly DiskEvent[], base: ReadonlyMap<number, string>): Map<number, string>[] {
  const loose = new Map<number, string>();
  const bytes = new Map(base);
  for (const event of past) {
    if (event.event === 'bytes') {
      bytes.set(event.inode, event.content);
      loose.set(event.inode, event.content);
    }
    if (event.event === 'sync-file') loose.delete(event.inode);
  }
  let variants = [bytes];
  for (const [inode, content] of loose) {
    const left = ['', content.slice(0, content.length >> 1), content];
    variants = variants.flatMap((variant) => left.map((text) => new Map(variant).set(inode, text)));
  }
  return variants;
}
