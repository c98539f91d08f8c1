import type { Settings } from '../domain/settings.ts';
import type { ZoneRecord } from '../domain/zone-record.ts';
import { formatCommand } from '../illumos/command.ts';
import { explainService, SETUP_SERVICE } from '../illumos/svc-host.ts';
import type { ZoneEntry } from '../illumos/zoneadm.ts';
import { refreshStep } from '../plan/publish.ts';
import { execute } from '../system/execute.ts';
import { observeApplied } from './applied.ts';
import type { Host } from './host.ts';
import { planPublications, toldOf } from './publications.ts';
import type { Records } from './store.ts';

/** Zones that are asked at one look: each costs two commands. */
const AT_ONCE = 8;

/** The zones that run, by name. */
export type Running = ReadonlyMap<string, ZoneEntry>;

/** A zone that is waited for. */
interface Waiting {
  /** Of its boot. */
  readonly id: number | undefined;
  /** Until when, in milliseconds of the clock that never steps. */
  readonly end: number;
}

/**
 * Sees that zones which booted, and the routers in front of them, have applied what is published for them.
 *
 * A refresh that came while a zone was booting is lost (§6.4): the zone would not know of a change until its next boot.
 * So a zone is asked when it has come up, and refreshed if it is behind; its routers likewise. Zones wait here until
 * they are up or `bootSeconds` are over, and a few are asked at each look.
 */
export function createAnnouncer({ system }: Pick<Host, 'system'>) {
  const waiting = new Map<string, Waiting>();
  /** The boots of zones that did not set up their network, by name: each is complained of once. */
  const complained = new Map<string, number | undefined>();

  async function tellIfLate(zones: readonly ZoneRecord[], running: Running, records: Records, settings: Settings) {
    const publications = await planPublications(zones, records, { settings, observed: { zones: running }, system });
    for (const { zone, generation, isPublished, running: runs } of publications) {
      // Another command is at it when what is published is not what is recorded.
      if (!runs || !isPublished) continue;
      const { setup, status } = await observeApplied(zone, system);
      const applied = status?.generation ?? 0;
      if (setup !== 'online' || applied >= generation) continue;
      system.log(`zone ${zone} applied generation ${applied} of ${generation}: told to read it again`);
      await execute(refreshStep(zone, generation).steps, system);
    }
  }

  /** Whether there is nothing more to do for a zone. */
  async function tellOne(
    name: string,
    { id, end }: Waiting,
    running: Running,
    records: Records,
    settings: Settings,
  ): Promise<boolean> {
    const record = records.zones.find((zone) => zone.name === name);
    if (record === undefined || record.state !== 'ready' || !running.has(name)) return true;
    const { setup } = await observeApplied(record.name, system);
    if (setup !== 'online' && setup !== 'maintenance' && system.monotonic() < end) return false;
    if (setup === 'online') {
      complained.delete(name);
      await tellIfLate([record, ...toldOf(record, records)], running, records, settings);
    } else if (complained.get(name) !== id) {
      complained.set(name, id);
      const look = formatCommand(explainService(record.name, SETUP_SERVICE));
      system.log(`zone ${name} did not set up its network: ${setup ?? 'its services cannot be asked'}; see: ${look}`);
    }
    return true;
  }

  return {
    /** Takes on zones that booted, or may have. Who waits since that boot has no longer for it. */
    add(names: readonly string[], running: Running, { bootSeconds }: Settings): void {
      const end = system.monotonic() + bootSeconds * 1000;
      for (const name of names) {
        const [had, id] = [waiting.get(name), running.get(name)?.id];
        if (had === undefined || had.id !== id) waiting.set(name, { id, end });
      }
    },
    isBusy: () => waiting.size > 0,
    /** Asks a few of the zones that wait, in turn. */
    async tell(running: Running, records: Records, settings: Settings): Promise<void> {
      for (const name of complained.keys()) if (!running.has(name)) complained.delete(name);
      for (const [name, wait] of [...waiting].slice(0, AT_ONCE)) {
        waiting.delete(name);
        if (!(await tellOne(name, wait, running, records, settings))) waiting.set(name, wait);
      }
    },
  };
}
