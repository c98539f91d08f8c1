// The texts of dladm's status codes (§1.1), and the shape of its errors.
import type { Call } from '../daemon/call.ts';
import type { Lab, Link } from '../daemon/state.ts';
import type { Table } from './ofmt.ts';

export const STATUS = {
  badArgument: 'invalid argument',
  exists: 'object already exists',
  notFound: 'object not found',
  busy: 'link busy',
  macInUse: 'MAC address is already in use',
  persistentOnTemporary: "can't create persistent object on top of temporary object",
  temporaryOnly: 'change cannot be persistent',
  maxbwTooSmall: 'minimum value for maxbw is 1200K',
  badAddress: 'invalid IP address',
  badValue: 'invalid value',
} as const;
export type Status = (typeof STATUS)[keyof typeof STATUS];

/** Prints "dladm: CONTEXT: STATUS", or the context alone. Gives the exit status of every failure: 1. */
export function die(call: Call, context: string, status?: Status): 1 {
  call.err(`dladm: ${context}${status === undefined ? '' : `: ${status}`}\n`);
  return 1;
}

export const warn = (call: Call, text: string) => call.err(`dladm: warning: ${text}\n`);

/** Prints a table and gives the exit status. Every complaint is fatal in parsable mode (§0.3). */
export function showTable(call: Call, table: Table): 0 | 1 {
  if ('fatal' in table) return die(call, table.fatal);
  if (table.warning !== undefined) warn(call, table.warning);
  call.out(table.text);
  return 0;
}

/** A record by name as the global zone resolves it, active or not; its own before lent ones (§1.8). */
export function recordOf(lab: Lab, name: string): Link | undefined {
  const named = lab.links.all().filter((link) => link.name === name);
  return named.find((link) => link.zone === undefined) ?? named[0];
}
