import { readFileSync } from 'node:fs';
import { errorCode } from './node-error.ts';

/** Tells processes apart that had the same pid one after the other. */
export interface ProcessTable {
  /** When a process began, as its system tells it; undefined when none of that pid is alive (a zombie is not). */
  startOf(pid: number): Promise<string | undefined>;
}

/** The process table of the system we run on: illumos's, or Linux's as in the lab. */
export function createProcessTable(platform: NodeJS.Platform = process.platform): ProcessTable {
  const [file, parse] = platform === 'sunos' ? (['psinfo', startInPsinfo] as const) : (['stat', startInStat] as const);
  return {
    async startOf(pid) {
      try {
        return parse(readFileSync(`/proc/${pid}/${file}`));
      } catch (error) {
        // ESRCH: it ended between open and read.
        if (errorCode(error) === 'ENOENT' || errorCode(error) === 'ESRCH') return undefined;
        throw error;
      }
    },
  };
}

/** Field 22 of Linux's stat: clock ticks since boot. The name in brackets may hold blanks and brackets. */
export function startInStat(stat: Buffer): string | undefined {
  const text = stat.toString('latin1');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19];
}

/**
 * pr_start of illumos's psinfo_t, bytes 88 to 104 in the 64-bit layout; pr_nlwp, at 4, is 0 for a zombie.
 * Source: usr/src/uts/common/sys/procfs.h; not yet compared with a host (dependencies.md §3.4).
 */
export function startInPsinfo(psinfo: Buffer): string | undefined {
  if (psinfo.length < 104 || psinfo.readInt32LE(4) === 0) return undefined;
  return psinfo.subarray(88, 104).toString('hex');
}
