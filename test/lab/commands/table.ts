import type { Program } from '../daemon/call.ts';
import { dladm } from './dladm.ts';
import { echo } from './echo.ts';
import { ipadm } from './ipadm.ts';
import { ipf } from './ipf.ts';
import { ipfstat } from './ipfstat.ts';
import { ipnat } from './ipnat.ts';
import { netstat } from './netstat.ts';
import { halt, init, reboot, shutdown } from './reboot.ts';
import { route } from './route.ts';
import { routeadm } from './routeadm.ts';
import { svcadm } from './svcadm.ts';
import { svccfg } from './svccfg.ts';
import { svcprop } from './svcprop.ts';
import { svcs } from './svcs.ts';
import { zlogin } from './zlogin.ts';
import { zoneadm } from './zoneadm.ts';
import { zonecfg } from './zonecfg.ts';
import { zonename } from './zonename.ts';

/** Every stand-in by its absolute path on illumos (§0.4). /sbin and /bin are links to /usr/sbin and /usr/bin. */
export const PROGRAMS: Readonly<Record<string, Program>> = {
  '/usr/sbin/dladm': dladm,
  '/usr/sbin/ipadm': ipadm,
  '/usr/sbin/ipf': ipf,
  '/usr/sbin/ipfstat': ipfstat,
  '/usr/sbin/ipnat': ipnat,
  '/usr/bin/netstat': netstat,
  '/usr/sbin/halt': halt,
  '/usr/sbin/init': init,
  '/usr/sbin/poweroff': halt,
  '/usr/sbin/reboot': reboot,
  '/usr/sbin/route': route,
  '/usr/sbin/routeadm': routeadm,
  '/usr/sbin/shutdown': shutdown,
  '/usr/sbin/svcadm': svcadm,
  '/usr/sbin/svccfg': svccfg,
  '/usr/bin/svcprop': svcprop,
  '/usr/bin/svcs': svcs,
  '/usr/sbin/zlogin': zlogin,
  '/usr/sbin/zoneadm': zoneadm,
  '/usr/sbin/zonecfg': zonecfg,
  '/usr/bin/zonename': zonename,
  '/usr/lib/lab/echo': echo,
};
