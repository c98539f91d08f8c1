import { type Command, formatCommand } from '../illumos/command.ts';

/**
 * One thing to do, with the reason for it. A step leaves no choice to the executor: every name, address and byte is
 * settled.
 */
export type Step = RunStep | WaitStep | WriteStep | WriteAllStep | DirectoryStep | RemoveStep | GuardStep;

/** Runs a program. */
export interface RunStep {
  readonly kind: 'run';
  readonly reason: string;
  readonly command: Command;
  /**
   * What counts as success beside exit status 0: `silent` wants an empty stderr too, since exit codes of ipf and ipnat
   * lie (§7.2); `tolerates` are other statuses that mean the same end state (3 of `route delete`: not in table).
   */
  readonly silent?: true;
  readonly tolerates?: readonly number[];
  /** Seconds to go on trying while stderr says the link is busy or to try again (§1.9); missing: once. */
  readonly retrySeconds?: number;
  /** With `retrySeconds`: whatever it says, since doing it again does no harm. */
  readonly retryAlways?: true;
  /** What an operator can do when it fails in the end, a line each. */
  readonly hint?: string;
}

/** Asks again and again until the answer is another: what changes by itself has its time, and an end of it. */
export interface WaitStep {
  readonly kind: 'wait';
  readonly reason: string;
  readonly command: Command;
  /** Goes on waiting while the answer contains one of these. */
  readonly whileSeen: readonly string[];
  /** Seconds until that is a failure. */
  readonly seconds: number;
}

/** Writes a whole file, durably, by rename. */
export interface WriteStep {
  readonly kind: 'write';
  readonly reason: string;
  readonly file: FileContent;
  /** Whether the file was there before, for the sign in a printed plan. */
  readonly replaces: boolean;
}

/** Writes whole files of one directory, durably: each by rename, and nothing is renamed before all are on disk. */
export interface WriteAllStep {
  readonly kind: 'write-all';
  readonly reason: string;
  readonly files: readonly FileContent[];
}

export interface FileContent {
  readonly path: string;
  readonly content: string;
  /** Permission bits, like 0o644. */
  readonly mode: number;
  /** By number; missing: the one who writes it. */
  readonly owner?: { readonly uid: number; readonly gid: number };
  /** It is of no use after a crash, so that nothing waits until it is on disk. Missing: it is written durably. */
  readonly scratch?: true;
}

/** Makes a directory and the ones above it. */
export interface DirectoryStep {
  readonly kind: 'directory';
  readonly reason: string;
  readonly path: string;
  readonly mode: number;
}

/** Removes a file, or an empty directory. Being gone already is success. */
export interface RemoveStep {
  readonly kind: 'remove';
  readonly reason: string;
  readonly path: string;
  /** A directory that may have something in it: then it stays, and that is success too. */
  readonly ifEmpty?: true;
  /** Written as scratch: nothing waits until that is on disk. */
  readonly scratch?: true;
}

/** Goes on only if nothing on a path below a directory is a link: what a zone controls could lead out of it (§8.5). */
export interface GuardStep {
  readonly kind: 'guard';
  readonly reason: string;
  /** Trusted; not looked at. */
  readonly below: string;
  /** The path that must be there, relative to it. */
  readonly path: string;
}

export type Plan = readonly Step[];

export function run(
  reason: string,
  command: Command,
  how: Pick<RunStep, 'silent' | 'tolerates' | 'retrySeconds' | 'retryAlways' | 'hint'> = {},
): RunStep {
  return { kind: 'run', reason, command, ...how };
}

/** What the step does, in one line, as a person would type it: for logs, tests and `-n`. */
export function formatStep(step: Step): string {
  switch (step.kind) {
    case 'run':
      return formatCommand(step.command);
    case 'wait':
      return `wait while ${formatCommand(step.command)} says "${step.whileSeen.join('" or "')}"`;
    case 'write':
      return `write ${step.file.path}`;
    case 'write-all':
      return `write ${step.files.map(({ path }) => path).join(' ')}`;
    case 'directory':
      return `mkdir ${step.path}`;
    case 'remove':
      return `remove ${step.path}`;
    case 'guard':
      return `check that no link is on ${step.below}/${step.path}`;
  }
}
