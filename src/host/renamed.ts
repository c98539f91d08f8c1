import { OperatorError } from '../domain/errors.ts';
import { GLOBAL, type ZoneName } from '../domain/names.ts';
import type { ZoneRecord } from '../domain/zone-record.ts';
import { markOf } from '../plan/zone-config.ts';
import type { System } from '../system/system.ts';
import { FEW, inParallel } from './host.ts';
import { observeConfig } from './observe.ts';
import type { Look } from './situation.ts';

/**
 * Tells under which name a recorded zone is there that is missing under its own: `zonecfg set zonename` keeps its mark.
 * Undefined: none has the mark. Zones that are in no record are asked when the first question comes, each once.
 */
export function renamedZones({ records, observed }: Pick<Look, 'records' | 'observed'>, system: System) {
  let names: Promise<ReadonlyMap<string, ZoneName>> | undefined;

  async function ask(): Promise<ReadonlyMap<string, ZoneName>> {
    const known = new Set<string>(records.zones.map(({ name }) => name));
    // What the host lists is the name of a zone, whoever gave it.
    const others = [...observed.zones.keys()].filter((name) => name !== GLOBAL && !known.has(name)) as ZoneName[];
    const marks = await inParallel(others, FEW, async (name) => [await markOn(name, system), name] as const);
    return new Map(marks.flatMap(([mark, name]) => (mark === undefined ? [] : [[mark, name] as const])));
  }

  return async ({ id }: Pick<ZoneRecord, 'id'>): Promise<ZoneName | undefined> => {
    names ??= ask();
    return (await names).get(id);
  };
}

/** A zone of others that tells nothing, or what nobody can read, keeps no question from being answered. */
async function markOn(name: ZoneName, system: System): Promise<string | undefined> {
  try {
    const config = await observeConfig(name, system);
    return config === undefined ? undefined : markOf({ config });
  } catch (error) {
    if (error instanceof OperatorError) return undefined;
    throw error;
  }
}

export type RenamedZones = ReturnType<typeof renamedZones>;

/** Why nothing is done to a zone that is called otherwise than its record, and what an operator can do. */
export function calledOtherwise(
  code: 'DRIFT' | 'NOT_OURS',
  verb: string,
  recorded: ZoneName,
  now: ZoneName,
): OperatorError {
  return new OperatorError(code, `Cannot ${verb} zone "${recorded}": it is called "${now}" now`, {
    hint: [
      `to name it as recorded, halted:   /usr/sbin/zonecfg -z ${now} set zonename=${recorded}`,
      `to keep it apart from zonenet:    take attr, net and fs of ours out of it: /usr/sbin/zonecfg -z ${now} info`,
    ].join('\n'),
  });
}

/** @throws {OperatorError} NOT_OURS when a zone is there under another name: what it was given it would miss at its boot */
export async function refuseRenamed(
  { name, id, state, origin }: ZoneRecord,
  look: Pick<Look, 'records' | 'observed'>,
  system: System,
): Promise<void> {
  if (state !== 'ready' || look.observed.zones.has(name)) return;
  const now = await renamedZones(look, system)({ id });
  if (now !== undefined) throw calledOtherwise('NOT_OURS', origin === 'made' ? 'delete' : 'detach', name, now);
}
