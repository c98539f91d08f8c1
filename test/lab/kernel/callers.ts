// Finds the processes of a zone as labd sees them: for faults that kill the tool.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import type { Lab, Zone } from '../daemon/state.ts';

/** What /proc says, or nothing when the process is gone meanwhile. */
function ask<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

/** The pid in labd's pid namespace of a process that its zone knows as `pid`. Undefined when there is none. */
function outerPid(zone: Zone, pid: number): number | undefined {
  const init = zone.process?.pid;
  if (init === undefined) return undefined;
  const namespace = ask(() => readlinkSync(`/proc/${init}/ns/pid`));
  if (namespace === readlinkSync('/proc/self/ns/pid')) return pid;
  const found = readdirSync('/proc').find((entry) => {
    if (!/^\d+$/.test(entry) || ask(() => readlinkSync(`/proc/${entry}/ns/pid`)) !== namespace) return false;
    const ids = ask(() => /^NSpid:(.*)$/m.exec(readFileSync(`/proc/${entry}/status`, 'utf8'))?.[1]);
    return Number(ids?.trim().split(/\s+/).at(-1)) === pid;
  });
  return found === undefined ? undefined : Number(found);
}

/**
 * SIGKILL to the caller's parent, which is the tool, and to the stand-in itself.
 * A stand-in that was started straight from the test has labd (or nobody) for a parent: then it alone dies.
 */
export function killCaller(lab: Lab, zone: Zone, caller: { readonly pid: number; readonly parent: number }): void {
  const spared = [process.pid, lab.global.process?.pid, zone.process?.pid];
  const pids = [caller.parent, caller.pid].filter((pid) => pid > 1).map((pid) => outerPid(zone, pid));
  for (const pid of pids) {
    if (pid === undefined || pid <= 1 || spared.includes(pid)) continue;
    ask(() => process.kill(pid, 'SIGKILL'));
  }
}
