import type { MethodEnd } from './method.ts';

/** What a method's end means for its instance (§6.4). */
export type Outcome = 'online' | 'degraded' | 'maintenance' | 'retry';

/** Failures of one method in a row that send an instance to maintenance (§6.4). */
export const FAULT_THRESHOLD = 3;

/** 95 FATAL, 96 CONFIG, 99 NOSMF, 100 PERM: no retry. 94 NODAEMON is a success. 98 counts as unknown. */
export function outcomeOf(end: MethodEnd): Outcome {
  if (!('status' in end)) return 'retry';
  switch (end.status) {
    case 0:
    case 94:
      return 'online';
    case 97:
      return 'degraded';
    case 95:
    case 96:
    case 99:
    case 100:
      return 'maintenance';
    default:
      return 'retry';
  }
}

const SIGNALS: Readonly<Record<string, number>> = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGQUIT: 3,
  SIGILL: 4,
  SIGABRT: 6,
  SIGFPE: 8,
  SIGKILL: 9,
  SIGBUS: 10,
  SIGSEGV: 11,
  SIGPIPE: 13,
  SIGALRM: 14,
  SIGTERM: 15,
};

/** Wait status as illumos keeps it in restarter/start_method_waitstatus: the exit status in the high byte, or the signal. */
export function waitStatusOf(end: MethodEnd): number {
  if ('timeout' in end) return SIGNALS.SIGKILL ?? 9;
  return 'status' in end ? end.status << 8 : (SIGNALS[end.signal] ?? 0);
}

/** The line of the log that tells of it (§11.7). */
export function formatEnd(method: string, end: MethodEnd): string {
  if ('timeout' in end) return `Method "${method}" failed due to signal KILL.`;
  return 'status' in end
    ? `Method "${method}" exited with status ${end.status}.`
    : `Method "${method}" failed due to signal ${end.signal.replace(/^SIG/, '')}.`;
}
