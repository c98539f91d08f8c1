// The state of one lab, and the seams between its parts. Each part keeps its own state behind an interface here.
import type { ZoneSmf } from '../smf/zone-smf.ts';
import type { CallResult } from './call.ts';

/** Everything labd knows. One per daemon, made in main.ts. */
export interface Lab {
  /** The run directory, the only place on disk the lab writes to. */
  readonly run: string;
  readonly global: Zone;
  /** Zones by name, the global zone included, in the order they were configured. */
  readonly zones: Map<string, Zone>;
  readonly kernel: Kernel;
  readonly links: Links;
  readonly smf: Smf;
  /** Runs a stand-in from inside labd, as root of the zone: what a stock service's method does. Recorded like any other call. */
  call(zone: Zone, argv: readonly string[], env?: Readonly<Record<string, string>>): Promise<CallResult>;
  /** What was used and is not modelled. Not empty: the test that ran has failed. */
  readonly notModelled: string[];
  /** Switches of the fault table that are no faults of one command: "link-busy", "repository-down" … (lab.md part 13). */
  readonly switches: Map<string, string>;
  /** Milliseconds since the epoch as the lab's hosts see it; a clock jump shifts it. */
  now(): number;
}

export type ZoneState =
  | 'configured'
  | 'incomplete'
  | 'installed'
  | 'ready'
  | 'mounted'
  | 'running'
  | 'shutting_down'
  | 'down';

export interface Zone {
  readonly name: string;
  /** 0 for the global zone; missing unless ready or running. New at every boot. */
  id?: number;
  state: ZoneState;
  /** Missing until installed, and for the global zone. */
  uuid?: string;
  /** The committed configuration (zonecfg). The global zone has a minimal one. */
  config: ZoneConfig;
  /** Root directory as a path in the global zone: "/" or ZONEPATH/root. */
  readonly root: string;
  /** The processes and namespaces, while ready or running; always for the global zone. */
  process?: ZoneProcess;
  /** Name of its network namespace for `ip -n`: "z0", "z1" … Missing when down. */
  netns?: string;
}

export interface ZoneConfig {
  zonepath: string;
  brand: string;
  autoboot: boolean;
  /** Missing is shared, as in the gate's templates (illumos.md §4.2). */
  ipType?: 'exclusive' | 'shared';
  globals: Map<string, string>;
  nets: NetResource[];
  filesystems: FsResource[];
  attributes: { name: string; type: string; value: string }[];
  rctls: { name: string; values: string[] }[];
}

export interface NetResource {
  physical: string;
  address?: string;
  allowedAddress?: string;
  defrouter?: string;
}

export interface FsResource {
  dir: string;
  special: string;
  type: string;
  raw?: string;
  options: string[];
}

/** A zone's processes. Made by kernel/zone-process.ts. */
export interface ZoneProcess {
  /** pid of the zone's init in the outer pid namespace. `/proc/PID/root` is the zone's view of files. */
  readonly pid: number;
  /** Starts a program in the zone under a new contract. */
  start(what: MethodRun): Promise<Contract>;
  /** SIGKILL to everything in the zone; done when namespaces and links are gone. */
  halt(): Promise<void>;
}

export interface MethodRun {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly uid: number;
  readonly gid: number;
  /** Path in the zone that stdout and stderr are appended to. */
  readonly log: string;
}

/** The processes that one method left: illumos's process contract. */
export interface Contract {
  readonly id: number;
  /** How the method itself ended. */
  readonly ended: Promise<{ readonly status: number } | { readonly signal: string }>;
  /** Resolves when no process of the contract is left. */
  readonly empty: Promise<void>;
  kill(signal: string): void;
}

/** argv of ip, nft and friends on namespaces by name: "sw" (all switches), "inet" (the outside), "z0", "z1" … */
export interface Kernel {
  /** `ip -n NETNS -batch -`: stops at the first line that fails, and throws with ip's words. */
  ip(netns: string, lines: readonly string[]): Promise<void>;
  /** `ip -n NETNS -j ARGS`, parsed. */
  ipJson(netns: string, args: readonly string[]): Promise<unknown[]>;
  /** Loads an nftables script in one transaction; throws with nft's words. */
  nft(netns: string, script: string): Promise<void>;
  /** `nft -j ARGS`, parsed. */
  nftJson(netns: string, args: readonly string[]): Promise<unknown>;
  /** Runs a Linux program with the network of NETNS and the files of the machine. */
  exec(netns: string, argv: readonly string[], stdin?: string): Promise<CallResult>;
  /** Writes /proc/sys/net/… of NETNS: ["ipv4/conf/all/forwarding", "1"]. */
  sysctl(netns: string, settings: readonly (readonly [string, string])[]): Promise<void>;
}

/** Data links: dladm's records and the kernel objects behind them. Made by kernel/links.ts. */
export interface Links {
  /** The link of that name as this zone sees it: its own, and in the global zone also those lent out (§1.8). */
  find(zone: Zone, name: string): Link | undefined;
  /** Every link, lent ones included, in order of creation. */
  all(): readonly Link[];
  /** The links lent to a zone, by name. */
  lentTo(zone: Zone): readonly Link[];
  /** Moves a link into a ready zone's namespace: makes its device there. */
  lend(link: Link, zone: Zone): Promise<void>;
  /** Clears the active "protection" and "allowed-ips" of a zone's links: the first step of a teardown (§8.2). */
  clearProtection(zone: Zone): Promise<void>;
  /**
   * Takes a zone's links off their switches; their devices stay. Linux ends packet filter and NAT of a network namespace
   * before its devices, and would forward without them meanwhile. In illumos the links go first (§8.2).
   */
  unplug(zone: Zone): Promise<void>;
  /** Takes all links of a zone back, clearing protection first (§8.2). Its network namespace may be there or not. */
  takeBack(zone: Zone): Promise<void>;
  /** Takes one link back: `set-linkprop -t -p zone=global` (§1.8). */
  takeOneBack(link: Link): Promise<void>;
  /** The Linux device of a link in the namespace that holds it; made when it is not there yet. */
  device(link: Link): Promise<string>;
  /** The bridge in "sw" that carries a physical link or an etherstub, or one VLAN of it; made when it is not there yet. */
  bridgeOf(linkName: string, vlan?: number): Promise<string>;
  /** Plugs a host of the outside into a physical link: makes `device` in namespace `netns`, up, on that link's bridge. */
  attachOutside(netns: string, device: string, linkName: string, plug?: OutsidePlug): Promise<void>;
  /** Adds a record, and the bridge of an etherstub; the caller has checked names and parents (§1.2 to §1.5). */
  add(link: NewLink): Promise<Link>;
  /** Removes a record and what the kernel has of it. */
  remove(link: Link): Promise<void>;
  /** Takes what the kernel has of a link away and keeps the record: `delete-* -t` of a persistent link (§1.3). */
  deactivate(link: Link): Promise<void>;
  rename(link: Link, name: string): void;
  setMtu(link: Link, mtu: number): Promise<void>;
  /** Brings the switches in line with the active "protection" and "allowed-ips" of all links (§8.1). */
  applyProtection(): Promise<void>;
  /**
   * A DHCP lease was taken on a link, or without an address given back. The link sees it only under ip-nospoof, and then
   * lets the address pass while allowed-ips is empty (§8.1).
   */
  learn(link: Link, address: string | undefined): Promise<void>;
  /** The links over this one, records that are not active included. */
  over(link: Link): readonly Link[];
  /** The port of a link's device in "sw", "p12"; undefined while it has no device. */
  portOf(link: Link): string | undefined;
}

export interface OutsidePlug {
  /** As Linux prints it: "02:00:5e:00:00:01". Missing: chosen here. */
  readonly mac?: string;
  /** VLAN id; missing for untagged frames. */
  readonly vlan?: number;
}

export type NewLink = Pick<
  Link,
  'name' | 'class' | 'over' | 'mac' | 'macType' | 'vlan' | 'device' | 'up' | 'active' | 'persistent' | 'mtu'
>;

export interface Link {
  readonly name: string;
  readonly class: 'phys' | 'vnic' | 'etherstub';
  /** The link that carries it; missing for physical links and etherstubs. */
  readonly over?: string;
  /** Six bytes as illumos prints them, without zero padding: "2:8:20:a:b:c". Missing for etherstubs. */
  readonly mac?: string;
  /** Where the address of a VNIC comes from, as `show-vnic` prints it. */
  readonly macType?: 'fixed' | 'random';
  /** VLAN id; missing when untagged. */
  readonly vlan?: number;
  /** Of a physical link: the driver's name of it, "e1000g0", which a rename does not change. */
  readonly device?: string;
  /** Of a physical link: whether a cable is in. */
  readonly up?: boolean;
  /** In the kernel now, recorded for the next host boot, or both. */
  active: boolean;
  persistent: boolean;
  mtu: number;
  /** The zone it is lent to; missing when it is the global zone's. */
  zone?: string;
  /** The address of a DHCP lease that link protection has seen. */
  learned?: string;
  /** Why it is busy beside being lent and built over: "ip" while plumbed, "snoop", "flow" … */
  readonly holds: Set<string>;
  /** Properties that were set, active and persistent copies. "protection", "allowed-ips", "maxbw" … */
  readonly properties: Map<string, { active?: string; persistent?: string }>;
}

/** SMF of all zones. Made by smf/restarter.ts. */
export interface Smf {
  /** Lays down the repository of a zone when it is installed (/etc/svc/repository.db) and its stock manifests. */
  install(zone: Zone): Promise<void>;
  /** Starts svc.startd in a zone whose process is up; returns at once (§5.5), services settle later. */
  boot(zone: Zone): Promise<void>;
  /** Forgets running state. No stop method runs. */
  halt(zone: Zone): Promise<void>;
  /** Runs the stop methods, dependents first: what `zoneadm shutdown` and init do before the halt. */
  shutdown(zone: Zone): Promise<void>;
  /** The repository is gone with the zone's files. */
  uninstall(zone: Zone): Promise<void>;
  /** The zone's repository and, while it is booted, its svc.startd. Undefined before it is installed. */
  of(zone: Zone): ZoneSmf | undefined;
}
