import { OperatorError } from '../domain/errors.ts';
import type { Settings } from '../domain/settings.ts';
import type { ZoneRecord } from '../domain/zone-record.ts';
import type { HostPlan } from '../plan/host-step.ts';
import { recordZone } from '../plan/records.ts';
import { waitApplied } from './applied.ts';
import { carryOut, type Host, locked } from './host.ts';
import { observeHost } from './observe.ts';
import { planLate, planPublications, plansOf, refuseFaulty, type ZonePublication } from './publications.ts';
import { type Records, readSettings } from './store.ts';

/** A change of what is recorded of a zone, and what tells the zones whose facts depend on it. */
export interface ZoneChange {
  readonly before: ZoneRecord;
  readonly zone: ZoneRecord;
  readonly plan: HostPlan;
  readonly publications: readonly ZonePublication[];
  readonly settings: Settings;
}

/**
 * Plans a change of a record. `told` are the zones whose facts depend on it, as they will be recorded. A record that stays
 * the same is not written, and zones that have not applied what is published are told again.
 *
 * @throws {OperatorError} TEMPLATE_INVALID
 */
export async function planZoneChange(
  { before, after, told, note }: { before: ZoneRecord; after: ZoneRecord; told: readonly ZoneRecord[]; note: string },
  records: Records,
  { system }: Host,
): Promise<ZoneChange> {
  const [settings, observed] = await Promise.all([readSettings(system), observeHost(system)]);
  const zones = records.zones.map((zone) => (zone.name === after.name ? after : zone));
  const { networks } = records;
  const publications = await planPublications(told, { networks, zones }, { settings, observed, system });
  refuseFaulty(publications);
  return {
    before,
    zone: after,
    plan: [
      ...(after === before ? [] : [recordZone(after, '~', note)]),
      ...plansOf(publications),
      ...(after === before ? await planLate(publications, system) : []),
    ],
    publications,
    settings,
  };
}

/**
 * Plans under the lock of the host, carries it out, and waits until running zones have applied it. The caller holds the
 * lock of the zone.
 *
 * The record comes first: a run that is killed is finished by the same command, or by repair.
 *
 * @throws {OperatorError} what `plan` throws, COMMAND_FAILED, NOT_APPLIED
 */
export async function carryOutChange<C extends ZoneChange>(plan: () => Promise<C>, host: Host): Promise<C> {
  const changed = await locked(host, 'host', async () => {
    const planned = await plan();
    await carryOut(planned.plan, host);
    return planned;
  });
  for (const { record, generation, running } of changed.publications) {
    if (running) await waitApplied(record, generation, changed.settings.bootSeconds, host.system);
  }
  return changed;
}

/** @throws {OperatorError} IN_USE for a zone that is not made yet, or goes. `purpose` follows "Cannot". */
export function refuseUnready({ state }: ZoneRecord, purpose: string): void {
  if (state === 'ready') return;
  const why = state === 'creating' ? 'it is not made yet' : 'it is being deleted';
  throw new OperatorError('IN_USE', `Cannot ${purpose}: ${why}`, { hint: 'to finish it: znetadm repair' });
}
