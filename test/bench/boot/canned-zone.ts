// A zone whose programs only keep lists, so that what starting them costs is all they cost. No stand-in: it refuses nothing and
// knows nothing of illumos. Runs in mount namespaces of its own.
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** Where the lists are: what has been made since the boot, and what is there. */
const CANNED = '/var/canned';
const LOG = `${CANNED}/log`;

/** What each program does. "up" is what it has made; a boot begins without. */
const PROGRAMS: Readonly<Record<string, string>> = {
  '/usr/sbin/ipadm': `case "$1" in
show-addr) cat ${CANNED}/addresses; [ ! -f ${CANNED}/up/addresses ] || cat ${CANNED}/up/addresses ;;
create-addr) for object; do :; done; echo "$object:static:ok:$6" >>${CANNED}/up/addresses ;;
show-ifprop) if [ -f ${CANNED}/up/forwarding ]; then cat ${CANNED}/forwards; else cat ${CANNED}/forwards-not; fi ;;
show-prop) case "$*" in *ipv6) echo ipv6:forwarding:off ;; *) if [ -f ${CANNED}/up/forwarding ]; then echo ipv4:forwarding:on; else echo ipv4:forwarding:off; fi ;; esac ;;
set-prop) : >${CANNED}/up/forwarding ;;
esac`,
  '/usr/sbin/dladm': `case "$4" in link,mtu) cat ${CANNED}/links ;; *) sed 's/:/:vnic:/; s/$/:/' ${CANNED}/links ;; esac`,
  '/usr/sbin/route': `echo "default              0.0.0.0         $4          znic1   1500   1 UG        0      0 " >>${CANNED}/up/routes`,
  '/usr/bin/netstat': `cat ${CANNED}/routes; [ ! -f ${CANNED}/up/routes ] || cat ${CANNED}/up/routes`,
  '/usr/bin/svcs': `cat ${CANNED}/services`,
  '/usr/bin/svcprop': `case "$*" in *routeadm*) echo true ;; *) cat ${CANNED}/policy ;; esac`,
  '/usr/bin/zonename': 'echo zone',
  '/usr/sbin/svcadm': 'exit 0',
  '/usr/sbin/svccfg': 'exit 0',
  '/usr/sbin/routeadm': 'exit 0',
  '/usr/sbin/ipf': `[ "$1" = -n ] || [ "$2" = -n ] || exit 0; [ "$1" = -6 ] && cat ${CANNED}/rules6 || cat ${CANNED}/rules`,
  '/usr/sbin/ipfstat': `[ "$1" = -6 ] && cat ${CANNED}/rules6 || cat ${CANNED}/rules`,
  '/usr/sbin/ipnat': `cat ${CANNED}/nat`,
};

export interface CannedZone {
  readonly links: string;
  readonly services: string;
  /** What each program says of forwarding, when it is on. */
  readonly forwards: string;
}

const POLICY = `firewall_config_default/custom_policy_file astring /etc/ipf/ipf.conf
firewall_config_default/custom_policy_file_6 astring /etc/ipf/ipf6.conf
firewall_config_default/policy astring custom
`;

const ROUTES = `
IRE Table: IPv4
  Destination             Mask           Gateway          Device  MTU  Ref Flg  Out  In/Fwd 
-------------------- --------------- -------------------- ------ ----- --- --- ----- ------ 
`;

/** Writes the programs and the lists. */
export function canZone({ links, services, forwards }: CannedZone): void {
  if (!existsSync('/usr/sbin/sh')) symlinkSync('/bin/sh', '/usr/sbin/sh');
  for (const [path, script] of Object.entries(PROGRAMS)) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, `#!/bin/sh\n[ -f ${LOG} ] && echo "$0 $*" >>${LOG}\n${script}\n`, { mode: 0o755 });
  }
  rmSync(CANNED, { recursive: true, force: true });
  mkdirSync(`${CANNED}/up`, { recursive: true });
  const lists = {
    links,
    services,
    forwards,
    'forwards-not': forwards.replaceAll(':on', ':off'),
    addresses: 'lo0/v4:static:ok:127.0.0.1/8\nlo0/v6:static:ok:\\:\\:1/128\n',
    routes: ROUTES,
    policy: POLICY,
    rules: 'block in all\n',
    rules6: 'block in all\n',
    nat: 'List of active MAP/Redirect filters:\n',
  };
  for (const [name, text] of Object.entries(lists)) writeFileSync(`${CANNED}/${name}`, text);
}

/** As after a boot: nothing is configured yet. */
export function reboot(): void {
  rmSync(`${CANNED}/up`, { recursive: true, force: true });
  mkdirSync(`${CANNED}/up`);
}

/** The command lines that were called while something was done. */
export async function callsOf(work: () => Promise<void>): Promise<string[]> {
  writeFileSync(LOG, '');
  await work();
  const calls = readFileSync(LOG, 'utf8').trimEnd().split('\n').filter(Boolean);
  rmSync(LOG);
  return calls;
}
