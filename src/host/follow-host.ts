import { GLOBAL } from '../domain/names.ts';
import type { ZoneRecord } from '../domain/zone-record.ts';
import { zoneRecordFile } from '../plan/host-paths.ts';
import { findHostDrift } from './global-zone.ts';
import { carryOut, type Host, locked } from './host.ts';
import { observeHost } from './observe.ts';
import { planPublications, plansOf, toldOf } from './publications.ts';
import { readRecords, readSettings } from './store.ts';

/** Whether the host itself is a proxy, or about to become one. */
export async function isHostProxy({ system }: Pick<Host, 'system'>): Promise<boolean> {
  return (await system.kindOf(zoneRecordFile(GLOBAL))) !== undefined;
}

/**
 * Lets the filter of a host that is a proxy follow the host's own addresses: they are written out there, and DHCP may give it
 * another one at any time, from which it could then send nothing (docs/decisions/0017). Does nothing where they are as recorded
 * and published.
 *
 * @throws {OperatorError} LOCKED when another command is at it, COMMAND_FAILED, WRITE_FAILED
 */
export async function followHost(host: Host): Promise<void> {
  const { system } = host;
  await locked(host, 'host', async () => {
    const before = await readRecords(system);
    const drift = await findHostDrift(before.zones.filter(isReady), system);
    await carryOut(
      drift.flatMap(({ plan }) => plan),
      host,
    );
    const [records, settings, observed] = await Promise.all([
      drift.length === 0 ? before : readRecords(system),
      readSettings(system),
      observeHost(system),
    ]);
    const record = records.zones.find((zone) => zone.name === GLOBAL && isReady(zone));
    if (record === undefined || records.damaged.length > 0) return;
    const told = [record, ...toldOf(record, records)];
    const publications = await planPublications(told, records, { settings, observed, system });
    await carryOut(plansOf(publications.filter(({ isPublished }) => !isPublished)), host);
    for (const { item, found } of drift) system.log(`${item} of the host are ${found} now`);
  });
}

const isReady = ({ state }: ZoneRecord) => state === 'ready';
