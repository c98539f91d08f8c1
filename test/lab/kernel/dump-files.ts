// The files of the global zone and of each zone, for lab.dump().
import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { registerDump } from '../daemon/dump.ts';
import type { Lab } from '../daemon/state.ts';
import { zonePath } from './zone-files.ts';

/** What differs from run to run, or is not a zone's own. */
const LEFT_OUT =
  /^\/(dev|proc|run|tmp|usr|lib\/[^/]*linux-gnu[^/]*|var\/(run|log|svc\/log|adm)|etc\/(ssl|alternatives|svc))$/;

/** One line for what is at a path: kind, mode, owner, and what is in it. */
function describe(path: string): string {
  const found = lstatSync(path);
  const { mode, uid, gid } = found;
  if (found.isSymbolicLink()) return `link ${readlinkSync(path)}`;
  const owner = `${(mode & 0o7777).toString(8)} ${uid}:${gid}`;
  if (found.isDirectory()) return `directory ${owner}`;
  if (!found.isFile()) return `other ${owner}`;
  return `file ${owner} ${createHash('sha256').update(readFileSync(path)).digest('hex').slice(0, 16)}`;
}

function collect(root: string, leftOut: (path: string) => boolean): Record<string, string> {
  const found: Record<string, string> = {};
  const walk = (directory: string) => {
    for (const name of readdirSync(join(root, directory)).sort()) {
      const path = `${directory === '/' ? '' : directory}/${name}`;
      if (leftOut(path)) continue;
      const line = describe(join(root, path));
      found[path] = line;
      if (line.startsWith('directory')) walk(path);
    }
  };
  walk('/');
  return found;
}

/** Files of the global zone by path, without the roots of other zones; and those of each zone that has a root. */
function dumpFiles(lab: Lab): Record<string, Record<string, string>> {
  const zones = [...lab.zones.values()].filter((zone) => zone !== lab.global);
  const roots = new Set(zones.map(({ root }) => root));
  const parts: Record<string, Record<string, string>> = {
    global: collect(zonePath(lab.global, '/'), (path) => LEFT_OUT.test(path) || roots.has(path)),
  };
  for (const { name, root } of zones) {
    const outer = zonePath(lab.global, root);
    const found = lstatSync(outer, { throwIfNoEntry: false });
    if (found !== undefined) parts[name] = collect(outer, (path) => LEFT_OUT.test(path));
  }
  return parts;
}

registerDump('files', dumpFiles);
registerDump('zones', (lab) =>
  [...lab.zones.values()].map(({ name, state, root, config }) => ({
    name,
    state,
    root,
    config: { ...config, globals: Object.fromEntries(config.globals) },
  })),
);
