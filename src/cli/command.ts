import type { Command } from 'commander';
import type { Host } from '../host/host.ts';

/** What a command gets beside its arguments. */
export interface Context {
  readonly host: Host;
  /** Whether answers go to a terminal that shows colours. */
  readonly colour: boolean;
  /** Writes an answer to stdout. */
  print(text: string): void;
  /** Writes an error to stderr that does not end the command. */
  complain(error: unknown): void;
}

/** A command of znetadm. */
export interface CliCommand {
  /** Adds its arguments and options, and calls `act` with them when they are right. */
  configure(command: Command, act: (run: (context: Context) => Promise<void>) => void): void;
}

/** For options that take a value: commander hands the value before as well. */
export function reading<T>(parse: (text: string) => T): (text: string) => T {
  return (text) => parse(text);
}

/** For options that may be given several times. */
export function collecting<T>(
  parse: (text: string) => T,
): (text: string, before: readonly T[] | undefined) => readonly T[] {
  return (text, before = []) => [...before, parse(text)];
}

export const NOTHING_CHANGED = 'Nothing was changed.\n';
