// What tests import: a lab to run programs in, faults to set, and what happened to ask for.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BringUpOptions } from './bring-up.ts';
import { bringUp } from './bring-up.ts';
import { ask } from './control-client.ts';
import type { Fault } from './daemon/faults.ts';
import { formatFaults, parseFaults, randomFaults } from './daemon/faults.ts';
import type { RecordedCall } from './daemon/record.ts';
import { createDisks } from './disk.ts';
import { createPrograms } from './programs.ts';
import { readCapture } from './wire.ts';

export interface ZoneStatus {
  readonly name: string;
  readonly id?: number;
  readonly state: string;
  /** As the global zone sees it. */
  readonly root: string;
  readonly netns?: string;
  readonly pid?: number;
}

const MINUTE = 60_000;

export type LabHandle = Awaited<ReturnType<typeof startLab>>;

/**
 * Brings a lab up: a global zone with e1000g0, an outside, and nothing configured.
 * Ends with its runner, whatever happens to that; a test still calls `stop`, which is what notices refusals.
 */
export async function startLab(options: BringUpOptions = {}) {
  const lab = await bringUp(options);
  const { run: directory } = lab;

  const { spawn, run, mustRun } = createPrograms(directory);

  /** The lab's own program on the network of a zone or of a namespace by name. */
  async function onWire(mode: 'capture' | 'inject', where: { zone: string } | { netns: string }, device: string) {
    const netns = 'netns' in where ? where.netns : (await zones()).find(({ name }) => name === where.zone)?.netns;
    if (netns === undefined) throw new Error(`${mode}: ${JSON.stringify(where)} is not up`);
    return spawn([join(directory, 'lab'), mode, device], { netns });
  }

  const takeNotModelled = async () => (await ask(directory, { op: 'take-not-modelled' })) as string[];
  const zones = async () => (await ask(directory, { op: 'zones' })) as ZoneStatus[];
  const fault = async (...faults: readonly Fault[]) => void (await ask(directory, { op: 'fault', faults }));

  return {
    mode: lab.mode,
    /** The run directory: calls.jsonl, log. */
    directory,
    /** The process that the whole lab dies with. */
    pid: lab.pid,
    run,
    spawn,
    mustRun,
    zones,
    /** Resolves when the services of a zone, or of all that are up, have come to rest: what boot does not wait for (§5.5). */
    settled: async (zone?: string) =>
      void (await ask(directory, { op: 'settled', ...(zone === undefined ? {} : { zone }) })),
    /** Resolves when a service of a zone has a state. */
    reached: async (zone: string, fmri: string, state: string, ms = MINUTE) => {
      const seen = await ask(directory, { op: 'reached', zone, fmri, state, ms });
      if (seen !== state) throw new Error(`${fmri} in ${zone} is ${seen}, not ${state}, after ${ms} ms`);
    },
    /** Watches a device: a Linux name or alternative name, which is the link's name. */
    capture: async (where: { zone: string } | { netns: string }, device: string) =>
      await readCapture(await onWire('capture', where, device)),
    /** Sends Ethernet frames given in hex, checksums and all, as the host of the device would. */
    inject: async (where: { zone: string } | { netns: string }, device: string, frames: readonly string[]) => {
      const program = await onWire('inject', where, device);
      program.stdin.end(frames.map((hex) => `${hex}\n`).join(''));
      const { status, stderr } = await program.ended;
      if (status !== 0) throw new Error(`inject: ${stderr}`);
    },
    /** Text of a file as a zone sees it. */
    readFile: (zone: string, path: string) => mustRun(['/bin/cat', path], { zone }),
    writeFile: async (zone: string, path: string, text: string, mode = 0o644) => {
      const script = 'mkdir -p "$(dirname "$0")" && cat > "$0" && chmod "$1" "$0"';
      await mustRun(['/bin/sh', '-c', script, path, mode.toString(8)], { zone, stdin: text });
    },
    /** Calls of stand-ins in order of their end, from a mark on. Those of stock services only when asked for. */
    calls: async (mark = 0, { internal = false } = {}) => {
      const calls = (await ask(directory, { op: 'calls', mark })) as RecordedCall[];
      return internal ? calls : calls.filter((call) => !call.internal);
    },
    mark: async () => (await ask(directory, { op: 'mark' })) as number,
    fault,
    clearFaults: async () => void (await ask(directory, { op: 'clear-faults' })),
    /** Sets the faults of a file: one JSON object a line. */
    replayFaults: async (file: string) => await fault(...parseFaults(readFileSync(file, 'utf8'))),
    /** Sets a mix of faults that the seed fixes, and prints the seed. */
    randomFaults: async (programs: readonly string[], length: number, seed = Math.floor(Math.random() * 2 ** 31)) => {
      process.stdout.write(`lab: random faults, seed ${seed}\n`);
      const faults = randomFaults(seed, programs, length);
      await fault(...faults);
      return faults;
    },
    /** Turns a switch on ("3" times, "*" for good) or, without a value, off. */
    switch: async (name: string, value?: string) =>
      void (await ask(directory, { op: 'switch', name, ...(value === undefined ? {} : { value }) })),
    ...createDisks({ mustRun }),
    /** Shifts the clock that the lab's hosts see, in milliseconds from the machine's. */
    setClock: async (offset: number) => void (await ask(directory, { op: 'clock', offset })),
    notModelled: async () => (await ask(directory, { op: 'not-modelled' })) as string[],
    /** For a test that expects a refusal: gives the refusals so far, and they no longer count. */
    takeNotModelled,
    /** The switch behind a link: a device of the network "sw", to capture on. */
    bridgeOf: async (link: string) => (await ask(directory, { op: 'bridge', link })) as string,
    dump: async () => (await ask(directory, { op: 'dump' })) as Record<string, unknown>,
    /**
     * Ends the lab and removes all it made.
     *
     * @throws {Error} when something was used that is not modelled (lab.md part 17, rule 1)
     */
    stop: async () => {
      const refused = await takeNotModelled().finally(() => lab.end());
      if (refused.length > 0) throw new Error(`not modelled, so the test has failed:\n${refused.join('\n')}`);
    },
  };
}

/** Writes faults where `replayFaults` finds them again. */
export function saveFaults(file: string, faults: readonly Fault[]): void {
  writeFileSync(file, formatFaults(faults));
}
