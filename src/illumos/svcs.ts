import { OperatorError } from '../domain/errors.ts';
import type { Command } from './command.ts';

const STATES = ['online', 'offline', 'disabled', 'maintenance', 'degraded', 'uninitialized', 'legacy_run'] as const;

/** State of an instance, and whether it is on its way to another (the "*" of svcs). */
export interface ServiceState {
  readonly state: (typeof STATES)[number];
  readonly moving: boolean;
}

/** Exits 1 when one of the instances is not there, and lists the others all the same (§6.7). */
export function showServices(fmris: readonly string[]): Command {
  return { program: '/usr/bin/svcs', args: ['-H', '-o', 'state,fmri', ...fmris] };
}

/** Whether all that svcs complained of are instances that are not there (§6.7). */
export function isNotThere(stderr: string): boolean {
  const lines = stderr.split('\n').filter((line) => line.trim() !== '');
  return lines.length > 0 && lines.every((line) => line.includes("doesn't match any instances"));
}

/**
 * Reads what `showServices` printed, by FMRI.
 *
 * @throws {OperatorError} OUTPUT_UNEXPECTED
 */
export function parseServices(stdout: string): Map<string, ServiceState> {
  const rows = stdout.split('\n').filter((line) => line.trim() !== '');
  return new Map(
    rows.map((line) => {
      const [text = '', fmri = ''] = line.trim().split(/\s+/);
      const state = STATES.find((name) => name === text.replace(/\*$/, ''));
      if (state === undefined || fmri === '') {
        throw new OperatorError('OUTPUT_UNEXPECTED', `Cannot read "${line}" as a state and an FMRI of svcs`);
      }
      return [fmri, { state, moving: text.endsWith('*') }];
    }),
  );
}

/** Whether an instance does its work: degraded is online with a complaint. */
export function isRunning(service: ServiceState | undefined): boolean {
  return service?.state === 'online' || service?.state === 'degraded';
}
