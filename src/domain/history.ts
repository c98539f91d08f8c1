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
}

const WHAT = ['created', 'changed', 'deleted', 'mended'] as const;

/** One line: five fields parted by tabs. A control character in a field is written as "\x07". */
export function formatHistoryEntry({ time, user, what, subject, command }: HistoryEntry): string {
  return `${[time, user, what, subject, command].map(printable).join('\t')}\n`;
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
    const [time = '', user = '', word, subject = '', command, ...more] = line.split('\t');
    const what = WHAT.find((candidate) => candidate === word);
    if (what === undefined || command === undefined || more.length > 0) return [];
    return [{ time, user, what, subject, command }];
  });
}

/** The change that a record exists by. Missing: it is older than the history. */
export function originOf(subject: string, history: readonly HistoryEntry[]): HistoryEntry | undefined {
  return history.filter((entry) => entry.subject === subject && entry.what === 'created').at(-1);
}
