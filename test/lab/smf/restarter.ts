import type { Lab, Smf, Zone } from '../daemon/state.ts';
import { zonePath } from '../kernel/zone-files.ts';
import { EARLY, hasNews, importDirectory, LATE } from './manifest-import.ts';
import { createRepository, findEntity, instancesOf, isInstance, NO_GROUPS } from './repository.ts';
import { createStockCalls } from './run-method.ts';
import { createStartd } from './startd.ts';
import { layDownStock } from './stock/lay-down.ts';
import { createZoneFiles, type ZoneFiles } from './zone-files.ts';
import './zone-smf.ts';
import type { ZoneSmf } from './zone-smf.ts';

/** Where a zone keeps its repository; a marker here, since labd has the values. Outside, it names the zone (§6.5). */
export const REPOSITORY_FILE = '/etc/svc/repository.db';

const MANIFEST_IMPORT = 'svc:/system/manifest-import:default';
const IMPORT_LIMIT_MS = 2000;

type WithoutSmf = Omit<Lab, 'smf'>;

/** How labd opens the files of a zone: through its own root while it runs, through the global zone's otherwise. */
function filesOf(lab: WithoutSmf, zone: Zone): ZoneFiles {
  return createZoneFiles((path) =>
    zone.process !== undefined || zone === lab.global
      ? zonePath(zone, path)
      : zonePath(lab.global, `${zone.root.replace(/\/$/, '')}${path}`),
  );
}

/** Starts svc.configd and svc.startd: early import, then everything that is enabled, as dependencies allow (§6.5, §11.8). */
function startZone(lab: WithoutSmf, smf: ZoneSmf): void {
  const { zone, repository, files } = smf;
  const early = importDirectory(repository, files, EARLY);
  const startd = createStartd({
    stockCalls: createStockCalls(),
    lab,
    zone,
    repository,
    files,
    enable: (fmri, enabled) => {
      const entity = findEntity(repository, fmri);
      if (entity !== undefined && isInstance(entity)) startd.enable(entity, enabled, false);
    },
    importLate: async () => {
      // Importing takes seconds on illumos: what can start without it has started by then (§6.5).
      if (hasNews(repository, files, LATE)) await startd.settledBut(MANIFEST_IMPORT, IMPORT_LIMIT_MS);
      const late = importDirectory(repository, files, LATE);
      startd.adopt(late.instances);
      return late.faults;
    },
  });
  if (early.faults.length > 0) files.append('/etc/svc/volatile/early-import.log', `${early.faults.join('\n')}\n`);
  smf.startd = startd;
  startd.adopt(early.instances);
}

/** SMF of all zones of a lab. @param filesFor replaced in tests that have no namespaces */
export function createSmf(lab: WithoutSmf, filesFor: (zone: Zone) => ZoneFiles = (zone) => filesOf(lab, zone)): Smf {
  const zones = new Map<Zone, ZoneSmf>();

  async function install(zone: Zone): Promise<void> {
    const files = filesFor(zone);
    const repository = createRepository();
    files.write(REPOSITORY_FILE, `SMF repository of zone ${zone.name}\n`);
    layDownStock(files, zone === lab.global);
    importDirectory(repository, files, EARLY);
    zones.set(zone, { zone, repository, files });
  }

  async function halt(zone: Zone): Promise<void> {
    const smf = zones.get(zone);
    if (smf === undefined) return;
    await smf.startd?.halt();
    delete smf.startd;
    for (const instance of instancesOf(smf.repository)) instance.volatile = NO_GROUPS;
  }

  return {
    install,
    boot: async (zone) => {
      if (!zones.has(zone)) await install(zone);
      const smf = zones.get(zone);
      if (smf === undefined) return;
      // Not before boot has returned: the repository is there a moment later.
      setImmediate(() => {
        if (zones.get(zone) === smf && smf.startd === undefined && zone.process !== undefined) startZone(lab, smf);
      });
    },
    halt,
    shutdown: async (zone) => {
      await zones.get(zone)?.startd?.shutdown();
    },
    uninstall: async (zone) => {
      await halt(zone);
      zones.delete(zone);
    },
    of: (zone) => zones.get(zone),
  };
}
