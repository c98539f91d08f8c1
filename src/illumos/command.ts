/** A program to run: absolute path, arguments as a list, never a shell. */
export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  /** Added to the clean environment that every command gets (LC_ALL=C and a PATH). */
  readonly env?: Readonly<Record<string, string>>;
  /** Given on standard input; missing: /dev/null. */
  readonly stdin?: string;
  /** Seconds until it is ended; missing: 60. */
  readonly timeoutSeconds?: number;
}

/** How a command ended. `status` is missing when a signal or the deadline ended it. */
export interface CommandResult {
  readonly status?: number;
  readonly signal?: string;
  readonly timedOut: boolean;
  readonly stdout: string;
  readonly stderr: string;
}

/** The command as a person would type it, quoted for a shell where needed. For people; nothing runs this text. */
export function formatCommand({ program, args, env = {} }: Command): string {
  const settings = Object.entries(env).map(([name, value]) => `${name}=${quoteForShell(value)}`);
  return [...settings, ...[program, ...args].map(quoteForShell)].join(' ');
}

/** A word that a shell takes for exactly this text: within single quotes nothing has a meaning but the quote itself. */
export function quoteForShell(word: string): string {
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** The text that `quoteForShell` has put into single quotes. */
export function unquoteFromShell(word: string): string {
  return word.slice(1, -1).replaceAll(`'\\''`, "'");
}
