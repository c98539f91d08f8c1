// What a stand-in is: a program under an illumos path whose behaviour runs in labd.
import type { Lab, Zone } from './state.ts';

/** One run of a stand-in. The zone comes from the socket the call came in by, never from what the caller says. */
export interface Call {
  /** Base name of the program: "dladm". */
  readonly program: string;
  /** Arguments after the program's name. */
  readonly args: readonly string[];
  readonly zone: Zone;
  readonly cwd: string;
  readonly uid: number;
  readonly env: Readonly<Record<string, string>>;
  /** Standard input to its end. Empty for a call that labd makes itself. */
  stdin(): Promise<Buffer>;
  out(text: string | Buffer): void;
  err(text: string): void;
}

/** Exit status, or the Linux program that the client turns into (stdio, signals and status are then its own). */
export type Ending = number | { readonly become: readonly string[] };

export type Program = (call: Call, lab: Lab) => Ending | Promise<Ending>;

/** What one run of a stand-in gave. */
export interface CallResult {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Thrown for every subcommand, option, property, resource or rule word that the lab does not model.
 * The dispatcher prints "lab: not modelled: …", exits 125 and leaves a mark that fails the running test.
 */
export class NotModelled extends Error {
  override readonly name = 'NotModelled';
}
