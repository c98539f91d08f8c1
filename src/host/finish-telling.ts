import { OperatorError } from '../domain/errors.ts';
import type { ZoneRecord } from '../domain/zone-record.ts';
import { waitForRunning } from './applied.ts';
import { type Host, locked } from './host.ts';
import { observeHost } from './observe.ts';
import { planLate, planPublications, plansOf } from './publications.ts';
import { carryOutTelling } from './started-meanwhile.ts';
import { type Records, readRecords, readSettings } from './store.ts';

/**
 * Does something, and when it says NOT_FOUND, the last run may have been killed when it had recorded that and told nobody:
 * the zones that `concerned` gives are told now.
 */
export async function finishingTelling<T>(
  concerned: (records: Records) => readonly ZoneRecord[],
  host: Host,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof OperatorError && error.code === 'NOT_FOUND') await tell(concerned, host);
    throw error;
  }
}

async function tell(concerned: (records: Records) => readonly ZoneRecord[], host: Host): Promise<void> {
  const { system } = host;
  const { told, seconds } = await locked(host, 'host', async () => {
    const [records, settings, observed] = await Promise.all([
      readRecords(system),
      readSettings(system),
      observeHost(system),
    ]);
    // A record that cannot be read may be of a member, which its router must not lose.
    const zones = records.damaged.length > 0 ? [] : concerned(records);
    const publications = await planPublications(zones, records, { settings, observed, system });
    const late = publications.filter(({ isPublished }) => !isPublished);
    const plan = [...plansOf(publications), ...(await planLate(publications, system))];
    if (plan.length > 0) await carryOutTelling(plan, publications, host);
    return { told: late, seconds: settings.bootSeconds };
  });
  await waitForRunning(told, seconds, system);
}
