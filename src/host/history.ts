import { formatHistoryEntry, type HistoryEntry, parseHistory } from '../domain/history.ts';
import { HISTORY_FILE } from '../plan/host-paths.ts';
import type { HostStep } from '../plan/host-step.ts';
import type { System } from '../system/system.ts';

/** The history of the host, oldest first; empty where nothing was ever changed. */
export async function readHistory(system: System): Promise<HistoryEntry[]> {
  const texts = await Promise.all([`${HISTORY_FILE}.0`, HISTORY_FILE].map((path) => system.readFile(path)));
  return texts.flatMap((text) => parseHistory(text ?? ''));
}

/**
 * Writes down what a run of a command changes, before it is changed: a line for each record, and one line for a run
 * that mends without a record. A run that changes nothing leaves no line.
 */
export function createRecorder(
  run: Pick<HistoryEntry, 'user' | 'command'>,
  now: () => Date,
  append: (lines: string) => void,
): (step: Pick<HostStep, 'changes'>) => void {
  const told = new Set<string>();
  return ({ changes }) => {
    if (changes === undefined && told.size > 0) return;
    const lines: readonly Pick<HistoryEntry, 'what' | 'subject' | 'has'>[] = changes ?? [
      { what: 'mended', subject: '' },
    ];
    const fresh = lines.filter(({ subject }) => !told.has(subject));
    if (fresh.length === 0) return;
    for (const { subject } of fresh) told.add(subject);
    const time = now()
      .toISOString()
      .replace(/\.\d+Z$/, 'Z');
    append(fresh.map((change) => formatHistoryEntry({ ...run, time, ...change })).join(''));
  };
}
