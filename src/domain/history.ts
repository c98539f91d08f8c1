/** One change that znetadm made: a line of its history. */
export interface HistoryEntry {
  /** UTC, "2026-11-23T15:40:00Z". */
  readonly time: string;
  /** Who called: a login name, or "uid 100" where none is known. */
  readonly user: string;
  /** mended: links, metadata and the like, no record. */
  readonly what: 'created' | 'changed' | 'deleted' | 'mended';
  /** 'zone web1', 'network back'; empty for what was mended. */
  readonly subject: string;
  /** The command as a person would type it. */
  readonly command: string;
  /**
   * The addresses and links that the record gives it since, and what of a network is reserved; empty where that is none. Missing:
   * an earlier zonenet did not tell.
   */
  readonly has?: readonly string[];
}

const WHAT = ['created', 'changed', 'deleted', 'mended'] as const;

/** One line: six fields parted by tabs, five where `has` is missing. A control character in a field is written as "\x07". */
export function formatHistoryEntry({ time, user, what, subject, command, has }: HistoryEntry): string {
  const fields = [time, user, what, subject, command, ...(has === undefined ? [] : [has.join(',')])];
  return `${fields.map(printable).join('\t')}\n`;
}

function printable(text: string): string {
  return text.replace(
    /[\x00-\x1f\x7f-\x9f\u2028\u2029]/g,
    (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
}

/** Reads the lines of a history, oldest first. A line that was cut off by a crash of the host is passed over. */
export function parseHistory(text: string): HistoryEntry[] {
  return text.split('\n').flatMap((line) => {
    const [time = '', user = '', word, subject = '', command, has, ...more] = line.split('\t');
    const what = WHAT.find((candidate) => candidate === word);
    if (what === undefined || command === undefined || more.length > 0) return [];
    const given = has === undefined ? {} : { has: has.split(',').filter((one) => one !== '') };
    return [{ time, user, what, subject, command, ...given }];
  });
}

/**
 * The change since which the record of a subject has given it an address or a link. Where earlier zonenets did not tell, the one
 * that the record exists by. Missing: it is older than the history.
 */
export function originOf(subject: string, given: string, history: readonly HistoryEntry[]): HistoryEntry | undefined {
  const all = history.filter((entry) => entry.subject === subject);
  const changes = all.slice(
    Math.max(
      0,
      all.findLastIndex(({ what }) => what === 'created'),
    ),
  );
  const without = changes.findLastIndex(({ has }) => has?.includes(given) !== true);
  const since = changes[without + 1];
  if (changes[without]?.has !== undefined && since !== undefined) return since;
  return changes[0]?.what === 'created' ? changes[0] : undefined;
}
