import type { Host } from '../host/host.ts';
import { ruleRows } from '../host/show-rules.ts';
import { readRecords } from '../host/store.ts';
import type { Context } from './command.ts';

/**
 * Does something that may take from zones what rules name, and tells then which rules can match nothing any more: who gets such an
 * address or name next would get what they allow.
 */
export async function tellingDeadRules({ host, print }: Context, work: () => Promise<void>): Promise<void> {
  const alive = new Set((await rulesOf(host)).filter(({ never }) => never === '').map(keyOf));
  await work();
  if (alive.size === 0) return;
  for (const row of await rulesOf(host)) {
    if (row['never'] === '' || !alive.has(keyOf(row))) continue;
    print(`zone ${row['zone']}: rule ${row['number']} can match nothing now: ${row['never']}\n`);
  }
}

async function rulesOf({ system }: Host): Promise<Record<string, string>[]> {
  const records = await readRecords(system);
  return ruleRows(records.zones, records);
}

const keyOf = ({ zone, rule }: Record<string, string>) => `${zone} ${rule}`;
