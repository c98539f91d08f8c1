// The mounts of a root, as lab.c takes them (lab.md part 3). Targets are paths below the root.
import { existsSync, readdirSync } from 'node:fs';

export interface Mount {
  readonly kind: 'bind' | 'rbind' | 'tmpfs' | 'proc' | 'overlay' | 'link';
  /** What is bound, or what a link says; empty for the rest. */
  readonly source: string;
  readonly target: string;
  /** "ro" for binds, mount data for file systems. */
  readonly options: string;
}

/** Where the lab's own things are in every root: the client, the socket, the sockets of all zones (global zone only). */
export const LAB_DIRECTORY = '/usr/lib/lab';

const bind = (source: string, target: string, options: 'ro' | 'rw' = 'ro'): Mount => ({
  kind: 'bind',
  source,
  target,
  options,
});
const link = (target: string, source: string): Mount => ({ kind: 'link', source, target, options: '' });
const tmpfs = (target: string, options: string): Mount => ({ kind: 'tmpfs', source: '', target, options });

/** Never the machine's /dev: a private one with its harmless nodes. */
const devices: readonly Mount[] = [
  tmpfs('/dev', 'mode=755'),
  ...['null', 'zero', 'full', 'random', 'urandom', 'tty'].map((name) => bind(`/dev/${name}`, `/dev/${name}`, 'rw')),
  link('/dev/fd', '/proc/self/fd'),
  link('/dev/stdin', '/proc/self/fd/0'),
  link('/dev/stdout', '/proc/self/fd/1'),
  link('/dev/stderr', '/proc/self/fd/2'),
  tmpfs('/dev/shm', 'mode=1777'),
];

const volatile: readonly Mount[] = [
  tmpfs('/tmp', 'mode=1777'),
  tmpfs('/run', 'mode=755'),
  tmpfs('/var/run', 'mode=755'),
  tmpfs('/etc/svc/volatile', 'mode=755'),
];

const proc: Mount = { kind: 'proc', source: '', target: '/proc', options: '' };

/** The machine's library directories below /usr/lib that programs look for below /lib: "x86_64-linux-gnu". */
export const libraryDirectories = (): string[] =>
  readdirSync('/usr/lib').filter((name) => /^[a-z0-9_]+-linux-gnu[a-z0-9]*$/.test(name));

/** Directories of the machine's /etc that its programs cannot do without. */
export const MACHINE_ETC = ['/etc/alternatives', '/etc/ssl'].filter((path) => existsSync(path));

const shared = (): Mount[] => [
  ...libraryDirectories().map((name) => bind(`/usr/lib/${name}`, `/lib/${name}`)),
  ...MACHINE_ETC.map((path) => bind(path, path)),
];

export interface GlobalSources {
  /** The run directory, which holds standins/ and s/. */
  readonly run: string;
  /** The Node that runs, process.execPath. */
  readonly node: string;
  /** build/opt/zonenet of the repository; missing when there is none. */
  readonly software?: string;
}

/** The global zone's: sources are paths of the machine. */
export function globalMounts({ run, node, software }: GlobalSources): Mount[] {
  return [
    { kind: 'overlay', source: '', target: '/usr', options: `lowerdir=${run}/standins:/usr` },
    ...shared(),
    ...devices,
    ...volatile,
    bind(node, '/opt/ooce/bin/node'),
    ...(software === undefined ? [] : [bind(software, '/opt/zonenet')]),
    bind(`${run}/s/global`, `${LAB_DIRECTORY}/s`),
    bind(`${run}/s`, `${LAB_DIRECTORY}/zones`),
    proc,
  ];
}

/** Another zone's: sources are paths of the global zone. */
export function zoneMounts(zone: string, filesystems: readonly Mount[]): Mount[] {
  return [
    bind('/usr', '/usr'),
    ...shared(),
    ...devices,
    ...volatile,
    bind('/opt/ooce/bin/node', '/opt/ooce/bin/node'),
    bind(`${LAB_DIRECTORY}/zones/${zone}`, `${LAB_DIRECTORY}/s`),
    ...filesystems,
    proc,
  ];
}
