// What svcs, svcadm, svccfg and svcprop have in common: whose repository they talk to, and options.
import { type Call, NotModelled } from '../daemon/call.ts';
import { takeSwitch } from '../daemon/faults.ts';
import type { Lab, Zone } from '../daemon/state.ts';
import type { Startd } from '../smf/startd.ts';
import type { ZoneSmf } from '../smf/zone-smf.ts';

/** The tool says this on stderr, after its name, and exits. */
export class ToolError extends Error {
  override readonly name = 'ToolError';
  readonly status: number;

  constructor(message: string, status = 1) {
    super(message);
    this.status = status;
  }
}

/** The repository of a booted zone, with its svc.startd. */
export interface Booted extends ZoneSmf {
  readonly startd: Startd;
}

/** scf_strerror of SCF_ERROR_NO_SERVER: svc.configd is not there (§5.5). */
export const NO_SERVER = 'repository server unavailable';

/** Whether svc.configd of a zone answers; the switch "repository-down:ZONE" = n makes n calls fail. */
export function connect(lab: Lab, zone: Zone): Booted | undefined {
  const smf = lab.smf.of(zone);
  if (takeSwitch(lab.switches, `repository-down:${zone.name}`) || smf?.startd === undefined) return undefined;
  return { ...smf, startd: smf.startd };
}

/** The zone that -z names, or the caller's own. @throws ToolError when it does not run or the caller may not ask */
export function zoneOf(call: Call, lab: Lab, named: string | undefined): Zone {
  if (named === undefined) return call.zone;
  if (call.zone.name !== 'global') throw new ToolError(`${call.program} -z may only be used from the global zone`);
  const zone = lab.zones.get(named);
  if (zone === undefined || zone.process === undefined) throw new ToolError(`invalid zone '${named}'`);
  return zone;
}

/** Options as getopt(3C) gives them; undefined when one is unknown or lacks its argument. */
export interface Options {
  readonly letters: readonly string[];
  readonly values: ReadonlyMap<string, readonly string[]>;
  readonly operands: readonly string[];
}

/** @param spec letters, each followed by ":" when it takes an argument */
export function readOptions(args: readonly string[], spec: string): Options | undefined {
  const letters: string[] = [];
  const values = new Map<string, string[]>();
  const rest = [...args];
  while (rest[0] !== undefined && /^-./.test(rest[0])) {
    const word = rest.shift() ?? '';
    if (word === '--') break;
    for (let at = 1; at < word.length; at += 1) {
      const letter = word[at] ?? '';
      const found = letter === ':' ? -1 : spec.indexOf(letter);
      if (found < 0) return undefined;
      letters.push(letter);
      if (spec[found + 1] !== ':') continue;
      const value = at + 1 < word.length ? word.slice(at + 1) : rest.shift();
      if (value === undefined) return undefined;
      values.set(letter, [...(values.get(letter) ?? []), value]);
      break;
    }
  }
  return { letters, values, operands: rest };
}

/** Runs a tool's body: its errors become a line on stderr and the exit status. */
export async function asTool(call: Call, body: () => Promise<number>): Promise<number> {
  try {
    return await body();
  } catch (error) {
    if (!(error instanceof ToolError)) throw error;
    call.err(`${call.program}: ${error.message}\n`);
    return error.status;
  }
}

/** Usage texts are long and nothing depends on them: only the first words and the status (§0.1: 2). */
export function usage(call: Call): number {
  call.err(`Usage: ${call.program} ...\n`);
  return 2;
}

/** For words that illumos knows and the lab does not. */
export function refuse(call: Call, what: string): never {
  throw new NotModelled(`${call.program} ${what}`);
}
