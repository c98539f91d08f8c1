import type { Call } from '../daemon/call.ts';
import type { Lab } from '../daemon/state.ts';
import type { Instance, Repository, Service } from '../smf/repository.ts';
import type { Startd } from '../smf/startd.ts';
import type { ZoneFiles } from '../smf/zone-files.ts';

/** One run of svccfg: whose repository, and what is selected. */
export interface Session {
  readonly call: Call;
  readonly lab: Lab;
  readonly repository: Repository;
  /** Missing when the repository is that of a halted zone (§6.5). */
  readonly startd?: Startd;
  /** Files as the caller sees them. */
  readonly files: ZoneFiles;
  selected?: Service | Instance;
  /** Writes a line to stderr, with the program's name and, for statements of a file, where they stand. */
  say(words: string): void;
}

/** A statement that cannot be done: its message was or is to be said, and svccfg stops with 1 (§6.6). */
export class SemanticError extends Error {
  override readonly name = 'SemanticError';
}
