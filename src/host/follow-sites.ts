import { sitesOf } from '../domain/site-way.ts';
import type { ZoneRecord } from '../domain/zone-record.ts';
import { carryOut, type Host, locked } from './host.ts';
import { observeHost } from './observe.ts';
import { planPublications, plansOf } from './publications.ts';
import { readRecords, readSettings } from './store.ts';

/**
 * Tells proxies which of the zones that they serve are up: whoever came or went since they were told last. All of them
 * together, in one publication each, however many they are. Gives the names of those that were told.
 *
 * @throws {OperatorError} LOCKED when another command is at it, COMMAND_FAILED
 */
export async function followSites(host: Host): Promise<string[]> {
  const { system } = host;
  if ((await serving(host)).length === 0) return [];
  return await locked(host, 'host', async () => {
    const [records, settings, observed] = await Promise.all([
      readRecords(system),
      readSettings(system),
      observeHost(system),
    ]);
    if (records.damaged.length > 0) return [];
    const proxies = records.zones.filter((zone) => isServing(zone, records.zones));
    const publications = await planPublications(proxies, records, { settings, observed, system });
    const late = publications.filter(({ isPublished }) => !isPublished);
    await carryOut(plansOf(late), host);
    for (const { zone, generation } of late)
      system.log(`zone ${zone}: generation ${generation}, since zones it serves came or went`);
    return late.map(({ zone }) => zone);
  });
}

async function serving({ system }: Host): Promise<ZoneRecord[]> {
  const { zones } = await readRecords(system);
  return zones.filter((zone) => isServing(zone, zones));
}

const isServing = (zone: ZoneRecord, zones: readonly ZoneRecord[]) =>
  zone.role === 'proxy' && zone.state === 'ready' && sitesOf(zone, zones).length > 0;
