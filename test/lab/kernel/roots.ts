// The files of a root before anything is mounted: the global zone's and each zone's (lab.md part 3).
import {
  chmodSync,
  copyFileSync,
  linkSync,
  mkdirSync,
  readdirSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { PROGRAMS } from '../commands/table.ts';
import type { Lab, Zone } from '../daemon/state.ts';
import { libraryDirectories, MACHINE_ETC } from './mounts.ts';
import { zonePath } from './zone-files.ts';

const DIRECTORIES = [
  'dev',
  'etc/default',
  'etc/inet',
  'etc/ipf',
  'etc/svc/profile/site',
  'etc/svc/volatile',
  'export/home',
  'lib/svc/bin',
  'lib/svc/manifest',
  'lib/svc/method',
  'lib/svc/share',
  'mnt',
  'opt/ooce/bin',
  'proc',
  'root',
  'run',
  'tmp',
  'usr',
  'var/adm',
  'var/db/ipf',
  'var/lib',
  'var/log',
  'var/run',
  'var/spool',
  'var/svc/log',
  'var/svc/manifest/site',
  'var/svc/profile',
  'var/tmp',
];
const GLOBAL_DIRECTORIES = ['etc/dladm', 'etc/zones', 'zones'];

/** What illumos calls the ports that matter here (§18 of lab.md: 80 prints as www). */
const SERVICES = `ftp-data 20/tcp
ftp 21/tcp
ssh 22/tcp
telnet 23/tcp
smtp 25/tcp mail
domain 53/udp
domain 53/tcp
bootps 67/udp
bootpc 68/udp
tftp 69/udp
www 80/tcp http
sunrpc 111/udp rpcbind
sunrpc 111/tcp rpcbind
ntp 123/udp
imap 143/tcp
snmp 161/udp
ldap 389/tcp
https 443/tcp
syslog 514/udp
route 520/udp router routed
`;

const PROTOCOLS = `ip 0 IP
icmp 1 ICMP
igmp 2 IGMP
tcp 6 TCP
udp 17 UDP
ipv6 41 IPv6
esp 50 ESP
ah 51 AH
ipv6-icmp 58 IPv6-ICMP
`;

/** Files by their path. Accounts as illumos ships them, root's shell included (§5.6). */
const FILES: Readonly<Record<string, string>> = {
  'etc/group':
    'root::0:\nother::1:root\nbin::2:root,daemon\nsys::3:root,bin,adm\nadm::4:root,daemon\nwebservd::80:\nnobody::60001:\nnoaccess::60002:\nnogroup::65534:\n',
  'etc/inet/hosts': '::1 localhost\n127.0.0.1 localhost loghost\n',
  'etc/inet/netmasks': '',
  'etc/inet/protocols': PROTOCOLS,
  'etc/inet/services': SERVICES,
  'etc/nsswitch.conf':
    'passwd: files\ngroup: files\nhosts: files dns\nipnodes: files dns\nnetworks: files\nprotocols: files\nservices: files\n',
  'etc/passwd':
    'root:x:0:0:Super-User:/root:/sbin/sh\ndaemon:x:1:1::/:/bin/sh\nbin:x:2:2::/:/bin/sh\nsys:x:3:3::/:/bin/sh\nadm:x:4:4:Admin:/var/adm:/bin/sh\nwebservd:x:80:80:WebServer Reserved UID:/:/bin/sh\nnobody:x:60001:60001:NFS Anonymous Access User:/:/bin/sh\nnoaccess:x:60002:60002:No Access User:/:/bin/sh\n',
};

/** Links by their path (§9 for those of /etc). */
const LINKS: Readonly<Record<string, string>> = {
  bin: 'usr/bin',
  'etc/hosts': './inet/hosts',
  'etc/inet/ipnodes': './hosts',
  'etc/netmasks': './inet/netmasks',
  'etc/protocols': './inet/protocols',
  'etc/services': './inet/services',
  lib64: 'usr/lib64',
  sbin: 'usr/sbin',
};

function layDown(root: string, directories: readonly string[]) {
  const mountPoints = [
    ...libraryDirectories().map((name) => `lib/${name}`),
    ...MACHINE_ETC.map((path) => path.slice(1)),
  ];
  for (const directory of [...directories, ...mountPoints]) mkdirSync(join(root, directory), { recursive: true });
  for (const [path, target] of Object.entries(LINKS)) symlinkSync(target, join(root, path));
  for (const [path, text] of Object.entries(FILES)) writeFileSync(join(root, path), text);
  for (const directory of ['tmp', 'var/tmp']) chmodSync(join(root, directory), 0o1777);
  chmodSync(join(root, 'root'), 0o700);
}

/** The root of the global zone. Every other file in it is put there by the programs that run in it. */
export function createGlobalRoot(run: string): void {
  const root = join(run, 'root');
  layDown(root, [...DIRECTORIES, ...GLOBAL_DIRECTORIES]);
  writeFileSync(join(root, 'etc/nodename'), 'lab\n');
  writeFileSync(join(root, 'etc/resolv.conf'), 'nameserver 203.0.113.1\n');
}

/** Names that illumos has and Debian keeps elsewhere. */
const ELSEWHERE: Readonly<Record<string, string>> = { 'sbin/sh': '../bin/sh', 'sbin/ping': '../bin/ping' };

/** The directory that lies over the machine's /usr: copies of the client under the names of the stand-ins. */
export function createStandIns(run: string, client: string): void {
  const own = join(run, 'lab');
  copyFileSync(client, own);
  chmodSync(own, 0o755);
  const standIns = join(run, 'standins');
  for (const name of ['s', 'zones']) mkdirSync(join(standIns, 'lib/lab', name), { recursive: true });
  linkSync(own, join(standIns, 'lib/lab/lab'));
  for (const path of Object.keys(PROGRAMS)) {
    const target = join(standIns, path.replace(/^\/usr\//, ''));
    mkdirSync(dirname(target), { recursive: true });
    linkSync(own, target);
  }
  for (const [path, target] of Object.entries(ELSEWHERE)) {
    mkdirSync(dirname(join(standIns, path)), { recursive: true });
    symlinkSync(target, join(standIns, path));
  }
}

/** Lays down the files of a zone below its zonepath: what `zoneadm install` does. The zonepath is made when missing. */
export async function createRoot(lab: Lab, zone: Zone): Promise<void> {
  const root = zonePath(lab.global, zone.root);
  mkdirSync(root, { recursive: true, mode: 0o755 });
  chmodSync(dirname(root), 0o700);
  layDown(root, DIRECTORIES);
}

/** Removes the files of a zone, and its zonepath when nothing else is in it: `zoneadm uninstall`. */
export async function removeRoot(lab: Lab, zone: Zone): Promise<void> {
  const root = zonePath(lab.global, zone.root);
  if (basename(root) !== 'root') throw new Error(`"${zone.root}" is no root of a zone`);
  rmSync(root, { recursive: true, force: true });
  if (readdirSync(dirname(root)).length === 0) rmdirSync(dirname(root));
}
