import type { NetworkName } from '../domain/names.ts';
import { type Bundle, formatBundle, parseBundle } from '../ini/bundle.ts';
import { TRANSACTION_FILE } from '../plan/host-paths.ts';
import type { HostPlan } from '../plan/host-step.ts';
import { forgetNetwork, planTransactionBegin, planTransactionEnd, recordNetwork, recordZone } from '../plan/records.ts';
import { carryOut, type Host, locked } from './host.ts';
import { type Records, readRecords } from './store.ts';

/**
 * Plans records that are written all or none. What is to be written is kept until all of it is: a run that is killed
 * leaves that, nothing is allocated meanwhile, and repair finishes it.
 */
export function planTransaction(bundle: Bundle, records: Records, note: string): HostPlan {
  return inTransaction(bundle, planRecords(bundle, records, note));
}

/** What writes the records of a bundle, so that who is killed in between leaves all of them to be written. */
export function inTransaction(bundle: Bundle, records: HostPlan): HostPlan {
  return [...planTransactionBegin(formatBundle(bundle)), ...records, planTransactionEnd()];
}

function planRecords({ networks, zones, gone = [] }: Bundle, records: Records, note: string): HostPlan {
  const known = new Set<NetworkName>(records.networks.map(({ name }) => name));
  const zonesKnown = new Set(records.zones.map(({ name }) => name));
  return [
    ...networks.map((network) => recordNetwork(network, known.has(network.name) ? '~' : '+', note)),
    ...zones.map((zone) => recordZone(zone, zonesKnown.has(zone.name) ? '~' : '+', note)),
    ...gone.filter((name) => known.has(name)).map(forgetNetwork),
  ];
}

/** Finishes a transaction that was cut off: writes what is not as it says. */
export async function finishTransaction(host: Host): Promise<void> {
  if ((await host.system.readFile(TRANSACTION_FILE)) === undefined) return;
  await locked(host, 'host', async () => {
    const text = await host.system.readFile(TRANSACTION_FILE);
    if (text === undefined) return;
    const bundle = parseBundle(text, TRANSACTION_FILE);
    const records = await readRecords(host.system);
    const differs = differing(records);
    const left: Bundle = {
      networks: bundle.networks.filter(differs),
      zones: bundle.zones.filter(differs),
      ...(bundle.gone === undefined ? {} : { gone: bundle.gone }),
    };
    await carryOut([...planRecords(left, records, 'it was cut off'), planTransactionEnd()], host);
  });
}

/** Whether a record is not there as it is. */
function differing(records: Records): (record: Bundle['networks' | 'zones'][number]) => boolean {
  const text = (record: Bundle['networks' | 'zones'][number]) =>
    'prefixes' in record
      ? formatBundle({ networks: [record], zones: [] })
      : formatBundle({ networks: [], zones: [record] });
  const there = new Set([...records.networks, ...records.zones].map(text));
  return (record) => !there.has(text(record));
}
