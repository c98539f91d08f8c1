import type { ZoneName } from '../domain/names.ts';
import type { ZoneRecord } from '../domain/zone-record.ts';
import { findZone, type Records, readRecords } from '../host/store.ts';
import type { Context } from './command.ts';

/**
 * The zone of that name, or all of them without one. Damaged records are told, and the others are shown.
 *
 * @throws {OperatorError} NOT_FOUND
 */
export async function chosenZones(
  name: ZoneName | undefined,
  { host, complain }: Pick<Context, 'host' | 'complain'>,
): Promise<{ readonly records: Records; readonly zones: readonly ZoneRecord[] }> {
  const records = await readRecords(host.system);
  for (const fault of records.damaged) complain(fault);
  return { records, zones: name === undefined ? records.zones : [findZone(name, records)] };
}
