import type { CallResult } from '../daemon/call.ts';
import type { Lab, Zone } from '../daemon/state.ts';
import type { Instance, Repository } from './repository.ts';
import type { ZoneFiles } from './zone-files.ts';

/** What a stock service's method has in hand. It runs in labd, with the effects the real script has. */
export interface BuiltinCall {
  readonly zone: Zone;
  readonly lab: Omit<Lab, 'smf'>;
  readonly instance: Instance;
  readonly repository: Repository;
  readonly files: ZoneFiles;
  /** The words after the script's path: "start". */
  readonly args: readonly string[];
  /** Runs a stand-in in the zone; what it prints goes to the service's log. */
  run(...argv: string[]): Promise<CallResult>;
  /** A line for the service's log. */
  log(line: string): void;
  /** `svcadm enable` and `disable` of another instance, as methods do it. */
  enable(fmri: string, enabled: boolean): void;
  /** Imports what is new in /var/svc/manifest. @returns a line for each file that could not be imported */
  importLate(): Promise<readonly string[]>;
}

/** @returns the exit status of the method. */
export type BuiltinMethod = (call: BuiltinCall) => number | Promise<number>;
