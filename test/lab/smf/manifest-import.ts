import { createHash } from 'node:crypto';
import { applyProfile, deleteEntity, importServices } from './import.ts';
import { loadBundle } from './load.ts';
import type { ManifestService } from './manifest.ts';
import type { Instance, Repository } from './repository.ts';
import type { ZoneFiles } from './zone-files.ts';

/** Imported before any service starts (§6.5). */
export const EARLY = '/lib/svc/manifest';
/** Imported by svc:/system/manifest-import:default, while others already start. */
export const LATE = '/var/svc/manifest';

const PROFILES = '/etc/svc/profile/site';
const PROFILE_FILES = ['/etc/svc/profile/site.xml', '/var/svc/profile/site.xml'];

const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex');

/** What an import at boot did. */
export interface BootImport {
  readonly instances: readonly Instance[];
  /** A line for each file that could not be imported: import goes on without it. */
  readonly faults: readonly string[];
}

function loadFile(files: ZoneFiles, path: string): readonly ManifestService[] | string {
  const loaded = loadBundle(files.read(path) ?? '');
  return 'reason' in loaded ? [`${path}:`, ...loaded.lines, loaded.reason].join(' ') : loaded.services;
}

/** Deletes the services whose only manifest below a directory has gone since the last boot (§6.5). */
function forgetRemoved(repository: Repository, directory: string, present: ReadonlySet<string>): Instance[] {
  const changed: Instance[] = [];
  for (const [path, { services }] of [...repository.files]) {
    if (!path.startsWith(`${directory}/`) || present.has(path)) continue;
    repository.files.delete(path);
    const elsewhere = new Set([...repository.files.values()].flatMap((file) => file.services));
    for (const name of services) if (!elsewhere.has(name)) changed.push(...deleteEntity(repository, `svc:/${name}`));
  }
  return changed;
}

/** Whether a directory has manifests that are new or changed since the last import. */
export function hasNews(repository: Repository, files: ZoneFiles, directory: string): boolean {
  return files
    .below(directory, '.xml')
    .some((path) => repository.files.get(path)?.hash !== hashOf(files.read(path) ?? ''));
}

/**
 * Imports the manifests below a directory that are new or changed by their hash, forgets those that are gone, and
 * applies the site's profiles: a new or changed profile to everything, an old one to services that are new.
 */
export function importDirectory(repository: Repository, files: ZoneFiles, directory: string): BootImport {
  const faults: string[] = [];
  const concerned = new Set<Instance>();
  const paths = files.below(directory, '.xml');
  for (const instance of forgetRemoved(repository, directory, new Set(paths))) concerned.add(instance);
  const fresh: string[] = [];
  for (const path of paths) {
    const hash = hashOf(files.read(path) ?? '');
    if (repository.files.get(path)?.hash === hash) continue;
    const services = loadFile(files, path);
    if (typeof services === 'string') {
      faults.push(services);
      continue;
    }
    const names = services.map(({ name }) => name);
    fresh.push(...names.filter((name) => !repository.services.has(name)));
    repository.files.set(path, { hash, services: names });
    for (const instance of importServices(repository, services, true)) concerned.add(instance);
  }
  for (const path of [...PROFILE_FILES, ...files.below(PROFILES, '.xml')]) {
    const text = files.read(path);
    if (text === undefined) continue;
    const isNew = repository.files.get(path)?.hash !== hashOf(text);
    const services = loadFile(files, path);
    if (typeof services === 'string') {
      if (isNew) faults.push(services);
      continue;
    }
    repository.files.set(path, { hash: hashOf(text), services: [] });
    const meant = isNew ? services : services.filter(({ name }) => fresh.includes(name));
    for (const instance of applyProfile(repository, meant)) concerned.add(instance);
  }
  return { instances: [...concerned], faults };
}
