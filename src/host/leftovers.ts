import { dirname } from 'node:path';
import { OperatorError } from '../domain/errors.ts';
import type { ZoneName } from '../domain/names.ts';
import type { Drift } from '../plan/drift.ts';
import {
  NETWORK_RECORDS,
  PUBLISHED,
  publishedDirectory,
  publishedTemplates,
  VOLATILE,
  ZONE_RECORDS,
  zonecfgFile,
} from '../plan/host-paths.ts';
import type { HostStep } from '../plan/host-step.ts';
import { removeEmptied } from '../plan/records.ts';
import { execute } from '../system/execute.ts';
import type { System } from '../system/system.ts';
import { carryOut, FEW, type Host, inParallel, locked } from './host.ts';
import type { Records } from './store.ts';

const NOTE = 'a run that was killed left it';

/** A file that nobody will read, and the lock under which it would be written. */
interface Leftover {
  readonly path: string;
  readonly lock: string;
}

/** What killed runs left beside our files: files half written, and drafts for zonecfg. */
export async function findLeftoverDrift(records: Records, system: System): Promise<Drift[]> {
  return (await findLeftovers(records, system)).map((leftover) => ({
    of: 'host',
    item: `file ${leftover.path}`,
    expected: 'none',
    found: NOTE,
    plan: [removal(leftover)],
  }));
}

/**
 * Takes away what killed runs left: also directories of ours that have nothing in them. What a living run is about to
 * write is left to it.
 */
export async function clearLeftovers(records: Records, host: Host): Promise<void> {
  const locks = new Set((await findLeftovers(records, host.system)).map(({ lock }) => lock));
  for (const lock of locks) {
    try {
      await locked(host, lock, async () => {
        const left = await findLeftovers(records, host.system);
        await carryOut(left.filter((one) => one.lock === lock).map(removal), host);
      });
    } catch (error) {
      // Whoever has it for so long is alive, and then nothing is left over.
      if (!(error instanceof OperatorError && error.code === 'LOCKED')) throw error;
    }
  }
  await clearEmptied(host);
}

/** What takes away the draft for zonecfg that a killed run left of a zone, whose lock the caller holds. */
export async function planDraftRemoval(zone: ZoneName, system: System): Promise<HostStep[]> {
  const path = zonecfgFile(zone);
  return (await system.kindOf(path)) === undefined ? [] : [removal({ path })];
}

/** Takes away directories of ours that have nothing in them. */
export async function clearEmptied(host: Host): Promise<void> {
  const directories = [NETWORK_RECORDS, ZONE_RECORDS, dirname(ZONE_RECORDS), PUBLISHED, dirname(PUBLISHED)];
  const { system } = host;
  const isEmptied = async (path: string) =>
    (await system.kindOf(path)) === 'directory' && (await system.list(path)).length === 0;
  if (!(await Promise.all(directories.map(isEmptied))).includes(true)) return;
  await locked(host, 'host', async () => execute(directories.map(removeEmptied), system));
}

/** Does something, and when it says NOT_FOUND, the last run may have been killed right before it had cleared away. */
export async function clearingEmptied<T>(host: Host, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof OperatorError && error.code === 'NOT_FOUND') await clearEmptied(host);
    throw error;
  }
}

/** Records and drafts of a zone are written under its lock, everything else under that of the host. */
async function findLeftovers({ zones }: Records, system: System): Promise<Leftover[]> {
  const [above, networks, records, drafts, halfDrafts, published] = await Promise.all([
    system.cutOff(dirname(ZONE_RECORDS)),
    system.cutOff(NETWORK_RECORDS),
    system.cutOff(ZONE_RECORDS),
    system.list(VOLATILE),
    system.cutOff(VOLATILE),
    inParallel(zones, FEW, ({ name }) => findPublished(name, system)),
  ]);
  const ofZone = (path: string, pattern: RegExp): Leftover[] => {
    const zone = pattern.exec(path)?.[1];
    return zone === undefined ? [] : [{ path, lock: `zone.${zone}` }];
  };
  return [
    ...[...above, ...networks, ...published.flat()].map((path) => ({ path, lock: 'host' })),
    ...records.flatMap((path) => ofZone(path, /\/\.([^/]+)\.ini\.[^./]+$/)),
    ...drafts.flatMap((name) => ofZone(`${VOLATILE}/${name}`, /\/([^/]+)\.zonecfg$/)),
    ...halfDrafts.flatMap((path) => ofZone(path, /\/\.([^/]+)\.zonecfg\.[^./]+$/)),
  ];
}

/** What was being published for a zone. Most have no templates. */
async function findPublished(zone: ZoneName, system: System): Promise<string[]> {
  const templates = publishedTemplates(zone);
  const layers =
    (await system.kindOf(templates)) === undefined ? [] : ['all', 'zone'].map((name) => `${templates}/${name}`);
  const directories = [publishedDirectory(zone), ...layers.flatMap((layer) => [layer, `${layer}/partials`])];
  return (await Promise.all(directories.map((directory) => system.cutOff(directory)))).flat();
}

function removal({ path }: Pick<Leftover, 'path'>): HostStep {
  return { sign: '-', about: 'record', what: path, note: NOTE, steps: [{ kind: 'remove', reason: NOTE, path }] };
}
