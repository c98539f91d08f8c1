import type { OperatorError } from '../domain/errors.ts';
import type { ZoneRecord } from '../domain/zone-record.ts';
import { INDEX_FILE, SOFTWARE, VOLATILE } from '../plan/host-paths.ts';
import type { System } from '../system/system.ts';

/** A record as it was read, and how its file is known again. */
type Entry = readonly [file: string, stamp: string, record: ZoneRecord];

interface Reading {
  readonly read: ZoneRecord[];
  readonly damaged: OperatorError[];
}

/** How an entry ends. Entries are JSON, which has no newline of its own. */
const END = ',\n';

/**
 * Reads many records: those whose file is as it was when it was last read from the index, the others by `readFiles`.
 *
 * The index can be thrown away at any time and is never believed: an entry is used while the file's stamp is the one it
 * was read at, by this very software. So nobody has to keep it; whoever reads adds what it did not know.
 */
export async function readIndexed(
  stamped: readonly (readonly [file: string, stamp: string | undefined])[],
  readFiles: (files: readonly string[]) => Promise<Reading>,
  system: System,
): Promise<Reading> {
  // A record of another version may mean something else.
  const software = await system.stampOf(`${SOFTWARE}/lib/znetadm.cjs`);
  if (software === undefined) return await readFiles(stamped.map(([file]) => file));
  const entries = await readEntries(software, system);
  const known = new Map(entries.map((entry) => [entry[0], entry]));
  const kept = stamped.map(([file, stamp]) => {
    const entry = known.get(file);
    return stamp !== undefined && entry?.[1] === stamp ? entry[2] : undefined;
  });
  const changed = stamped.filter((_, at) => kept[at] === undefined);
  const fresh = await readFiles(changed.map(([file]) => file));
  const byName = new Map(fresh.read.map((record) => [record.name as string, record]));
  const news = changed.flatMap(([file, stamp]): Entry[] => {
    const record = byName.get(nameOf(file));
    return record === undefined || stamp === undefined ? [] : [[file, stamp, record]];
  });
  await keep(news, { entries, of: stamped.length, software }, system);
  const read = stamped.flatMap(([file], at) => kept[at] ?? byName.get(nameOf(file)) ?? []);
  return { read, damaged: fresh.damaged };
}

const nameOf = (file: string) => file.replace(/\.ini$/, '');

/** Later entries of a file are the newer ones. Empty: there is no index, or none that can be used. */
async function readEntries(software: string, system: System): Promise<readonly Entry[]> {
  try {
    const text = (await system.readFile(INDEX_FILE)) ?? '';
    const head = headOf(software);
    return text.startsWith(head) ? parseEntries(text, head.length) : [];
  } catch {
    // Not ours to read, or not what we wrote: then every record is read.
    return [];
  }
}

/** Characters that are parsed in one go: faster than one entry after the other, and of many there is no second copy. */
const PART = 1 << 16;

/** What comes after the last end was cut off. */
function parseEntries(text: string, from: number): Entry[] {
  const parts: Entry[][] = [];
  for (let at = from; ; ) {
    const end = text.indexOf(END, at + PART);
    const to = end < 0 ? text.lastIndexOf(END) : end;
    if (to < at) return parts.flat();
    parts.push(JSON.parse(`[${text.slice(at, to)}]`) as Entry[]);
    at = to + END.length;
  }
}

const headOf = (software: string) => `zonenet-index ${software}\n`;

/** Adds entries, or writes the index anew where there is none or most of it is old. A failure costs time only. */
async function keep(
  news: readonly Entry[],
  { entries, of, software }: { entries: readonly Entry[]; of: number; software: string },
  system: System,
): Promise<void> {
  if (news.length === 0) return;
  const text = news.map((entry) => `${JSON.stringify(entry)}${END}`).join('');
  try {
    const grown = entries.length > 0 && entries.length + news.length < 2 * of;
    if (grown) return await system.appendNotes(INDEX_FILE, text);
    await system.makeDirectory(VOLATILE, 0o700);
    await system.remove(INDEX_FILE);
    await system.appendNotes(INDEX_FILE, `${headOf(software)}${text}`);
  } catch {
    // Not ours to write, or full.
  }
}
