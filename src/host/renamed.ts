import { OperatorError } from '../domain/errors.ts';
import type { ZoneName } from '../domain/names.ts';
import type { ZoneRecord } from '../domain/zone-record.ts';
import { isOurs } from '../plan/zone-config.ts';
import type { System } from '../system/system.ts';
import { FEW, inParallel } from './host.ts';
import { type Observed, observeZone } from './observe.ts';
import type { Records } from './store.ts';

/**
 * The name under which a recorded zone is there that is missing under its own: `zonecfg set zonename` keeps its mark. Asks
 * every zone that is in no record. Undefined: none has the mark.
 */
export async function findRenamed(
  record: ZoneRecord,
  { zones }: Pick<Records, 'zones'>,
  observed: Pick<Observed, 'zones'>,
  system: System,
): Promise<ZoneName | undefined> {
  const known = new Set<string>(zones.map(({ name }) => name));
  // What the host lists is the name of a zone, whoever gave it.
  const others = [...observed.zones.keys()].filter((name) => !known.has(name)) as ZoneName[];
  const found = await inParallel(others, FEW, async (name) => {
    const zone = await observeZone(name, observed, system);
    return zone !== undefined && isOurs(record, zone) ? name : undefined;
  });
  return found.find((name) => name !== undefined);
}

/** What an operator can do about a zone that is called otherwise than its record. */
export function renamedHint(recorded: ZoneName, now: ZoneName): string {
  return [
    `to name it as recorded, halted:   /usr/sbin/zonecfg -z ${now} set zonename=${recorded}`,
    `to keep it apart from zonenet:    take attr, net and fs of ours out of it: /usr/sbin/zonecfg -z ${now} info`,
  ].join('\n');
}

/** @throws {OperatorError} NOT_OURS when a zone is there under another name: what it was given it would miss at its boot */
export async function refuseRenamed(
  record: ZoneRecord,
  records: Pick<Records, 'zones'>,
  observed: Pick<Observed, 'zones'>,
  system: System,
): Promise<void> {
  const { name, state, origin } = record;
  if (state !== 'ready' || observed.zones.has(name)) return;
  const now = await findRenamed(record, records, observed, system);
  if (now === undefined) return;
  const verb = origin === 'made' ? 'delete' : 'detach';
  throw new OperatorError('NOT_OURS', `Cannot ${verb} zone "${name}": it is called "${now}" now`, {
    hint: renamedHint(name, now),
  });
}
