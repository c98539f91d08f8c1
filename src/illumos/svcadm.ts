import type { Command } from './command.ts';

const SVCADM = '/usr/sbin/svcadm';

/** Asynchronous: the service comes up in its own time. `temporary` is until the next boot. */
export function enableService(fmri: string, how: 'temporary' | 'persistent'): Command {
  return { program: SVCADM, args: ['enable', ...(how === 'temporary' ? ['-t'] : []), fmri] };
}

/** For good, and returns when the service has stopped. */
export function disableService(fmri: string): Command {
  return { program: SVCADM, args: ['disable', '-s', fmri] };
}

/** Until the next boot, and returns when the service has stopped. */
export function stopService(fmri: string): Command {
  return { program: SVCADM, args: ['disable', '-s', '-t', fmri] };
}

/** Takes the edited properties over; runs the refresh method only when the service is online (§6.4). */
export function refreshService(fmri: string): Command {
  return { program: SVCADM, args: ['refresh', fmri] };
}

/** Stops and starts an instance that runs; asynchronous. */
export function restartService(fmri: string): Command {
  return { program: SVCADM, args: ['restart', fmri] };
}

/** Out of maintenance: SMF tries again. */
export function clearService(fmri: string): Command {
  return { program: SVCADM, args: ['clear', fmri] };
}
