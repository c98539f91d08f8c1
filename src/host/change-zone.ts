import { OperatorError } from '../domain/errors.ts';
import type { ZoneName } from '../domain/names.ts';
import type { Settings } from '../domain/settings.ts';
import type { ZoneRecord } from '../domain/zone-record.ts';
import type { HostPlan } from '../plan/host-step.ts';
import { recordZone } from '../plan/records.ts';
import type { System } from '../system/system.ts';
import { waitForRunning } from './applied.ts';
import { FINISH, type Host, locked } from './host.ts';
import { observeHost } from './observe.ts';
import { planLate, planPublications, plansOf, refuseFaulty, type ZonePublication } from './publications.ts';
import type { Situation } from './situation.ts';
import { carryOutTelling } from './started-meanwhile.ts';
import { findZone, type Records, readRecords, readSettings, refuseDamaged } from './store.ts';
import { finishTransaction, planTransaction } from './transaction.ts';

/** A change of what is recorded of a zone, and what tells the zones whose facts depend on it. */
export interface ZoneChange {
  readonly before: ZoneRecord;
  readonly zone: ZoneRecord;
  readonly plan: HostPlan;
  readonly publications: readonly ZonePublication[];
  readonly settings: Settings;
}

/** What a change is planned by beside records. */
export type Seen = Pick<Situation, 'settings' | 'observed'>;

/** A change of a record, as it is planned. */
interface Changing {
  readonly before: ZoneRecord;
  readonly after: ZoneRecord;
  /** Records of other zones that change with it, all or none. Missing: none. */
  readonly others?: readonly ZoneRecord[];
  /** The zones whose facts depend on it. */
  readonly told: readonly ZoneRecord[];
  readonly note: string;
  /** What links need before zones are told. Missing: nothing. */
  readonly links?: HostPlan;
  /** What was seen of the host already. Missing: it is looked at. */
  readonly seen?: Seen;
}

/**
 * Plans a change of a record. One that stays the same is not written, and zones that have not applied what is published are
 * told again.
 *
 * @throws {OperatorError} TEMPLATE_INVALID
 */
export async function planZoneChange(
  { before, after, others = [], told, note, links = [], seen }: Changing,
  records: Records,
  { system }: Host,
): Promise<ZoneChange> {
  const { settings, observed } = seen ?? (await look(system));
  const changed = new Map([...others, after].map((zone) => [zone.name, zone]));
  const zones = records.zones.map((zone) => changed.get(zone.name) ?? zone);
  const { networks } = records;
  const toldNow = told.map((zone) => changed.get(zone.name) ?? zone);
  const publications = await planPublications(toldNow, { networks, zones }, { settings, observed, system });
  refuseFaulty(publications);
  return {
    before,
    zone: after,
    plan: [
      ...planChangedRecords(after === before ? [] : [after, ...others], records, note),
      ...links,
      ...plansOf(publications),
      ...(after === before ? await planLate(publications, system) : []),
    ],
    publications,
    settings,
  };
}

export async function look(system: System): Promise<Seen> {
  const [settings, observed] = await Promise.all([readSettings(system), observeHost(system)]);
  return { settings, observed };
}

function planChangedRecords(zones: readonly ZoneRecord[], records: Records, note: string): HostPlan {
  const [only, ...more] = zones;
  if (only === undefined) return [];
  return more.length === 0 ? [recordZone(only, '~', note)] : planTransaction({ networks: [], zones }, records, note);
}

/**
 * Plans under the locks of the zone and of the host, carries it out, and waits until running zones have applied it.
 *
 * The record comes first: a run that is killed is finished by the same command, or by repair.
 *
 * @throws {OperatorError} what `plan` throws, COMMAND_FAILED, NOT_APPLIED
 */
export async function carryOutChange<C extends ZoneChange>(
  zone: ZoneName,
  plan: () => Promise<C>,
  host: Host,
): Promise<C> {
  await finishTransaction(host);
  return await locked(host, `zone.${zone}`, async () => {
    const { changed, told } = await locked(host, 'host', async () => {
      const planned = await plan();
      return { changed: planned, told: await carryOutTelling(planned.plan, planned.publications, host, FINISH) };
    });
    await waitForRunning(told, changed.settings.bootSeconds, host.system);
    return changed;
  });
}

/**
 * Reads the records, and in them a zone that can be changed. `purpose` follows "Cannot".
 *
 * @throws {OperatorError} RECORD_INVALID, NOT_FOUND, and IN_USE for a zone that is not made yet, or goes
 */
export async function readReady(
  zone: ZoneName,
  purpose: string,
  { system }: Host,
): Promise<{ readonly records: Records; readonly before: ZoneRecord }> {
  const records = await readRecords(system);
  refuseDamaged(records, purpose);
  const before = findZone(zone, records);
  if (before.state === 'ready') return { records, before };
  const why = before.state === 'creating' ? 'it is not made yet' : 'it is being deleted';
  throw new OperatorError('IN_USE', `Cannot ${purpose}: ${why}`, { hint: 'to finish it: znetadm repair' });
}
