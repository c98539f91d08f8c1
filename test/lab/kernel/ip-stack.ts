// What labd remembers of each zone's IP stack beside the kernel: interfaces, address objects, and what ipadm recorded.
import type { Lab, Link, Zone } from '../daemon/state.ts';
import { prepareForwarding } from './forwarding.ts';
import type { Address, Family, Prefixed } from './ip-address.ts';

export type { Family } from './ip-address.ts';

/** A plumbed IP interface, always for both families (§2.2). */
export interface IpInterface {
  readonly name: string;
  /** Linux device in the zone's network namespace. */
  readonly device: string;
  /** Missing for lo0. */
  readonly link?: Link;
  /** The ROUTER flag of each family (§2.4). */
  readonly forwarding: Record<Family, boolean>;
}

/** What an address object is asked to be. Only a DHCP object without a lease has no address. */
export interface AddressRequest {
  /** "web0/v4". */
  readonly name: string;
  readonly interfaceName: string;
  readonly type: 'static' | 'dhcp' | 'addrconf';
  readonly family: Family;
  readonly address?: Prefixed;
  /** Brought up, unless created with -d or taken down. */
  readonly up: boolean;
}

export interface AddressObject extends AddressRequest {
  address?: Prefixed;
  up: boolean;
  /** Somebody on the wire had the IPv4 address already. IPv6 duplicates are asked of the kernel. */
  duplicate: boolean;
  /** Set by the switch "address-tentative:…": how often it is still shown so, and what comes then. */
  tentative?: { polls: number; readonly outcome: 'ok' | 'duplicate' };
  /** Default router that came with the lease. */
  router?: Address;
}

/** The running state of one stack. Gone at every halt (§11.10 invariant 4). */
export interface Stack {
  readonly interfaces: Map<string, IpInterface>;
  readonly addresses: Map<string, AddressObject>;
  /** Protocol property `forwarding`: the default of interfaces plumbed later. */
  readonly forwarding: Record<Family, boolean>;
}

/** What /etc/ipadm/ipadm.conf holds (§2.5), and routeadm's SMF properties. Survives reboots. */
export interface Recording {
  readonly interfaces: Set<string>;
  readonly addresses: Map<string, AddressRequest>;
  /** Values by "forwarding ipv4", and "web0 forwarding ipv4" for those of an interface. */
  readonly properties: Map<string, string>;
  /** routeadm options that were set and wait for -u, "ipv4-routing" … */
  readonly routing: Map<string, boolean>;
  /** Options that were chosen by hand: routeadm/ipv4-routing-set (§2.7). */
  readonly chosen: Set<string>;
}

const stacks = new WeakMap<Zone, Stack>();
const recordings = new WeakMap<Zone, Recording>();
const turns = new WeakMap<Zone, Promise<unknown>>();

/** The stack of a zone that is up. */
export function stackOf(zone: Zone): Stack {
  const stack = stacks.get(zone);
  if (stack === undefined) throw new Error(`zone ${zone.name} has no IP stack now`);
  return stack;
}

export const hasStack = (zone: Zone): boolean => stacks.has(zone);

/** Name of the network namespace of a zone that is up. */
export function netnsOf(zone: Zone): string {
  if (zone.netns === undefined) throw new Error(`zone ${zone.name} has no network namespace now`);
  return zone.netns;
}

export function recordingOf(zone: Zone): Recording {
  const found = recordings.get(zone);
  if (found !== undefined) return found;
  const recording: Recording = {
    interfaces: new Set(),
    addresses: new Map(),
    properties: new Map(),
    routing: new Map(),
    chosen: new Set(),
  };
  recordings.set(zone, recording);
  return recording;
}

/**
 * Linux's ways that illumos has not: router advertisements and link-local addresses by itself, answering ARP for
 * other interfaces' addresses, rate limits on ICMP errors (lab.md part 7). Its forwarding is always on; the table
 * `pif` decides.
 */
const SETTINGS: readonly (readonly [string, string])[] = [
  ['ipv4/ip_forward', '1'],
  ['ipv4/conf/all/promote_secondaries', '1'],
  ['ipv4/conf/all/arp_ignore', '1'],
  ['ipv4/conf/all/arp_announce', '2'],
  ['ipv4/conf/all/rp_filter', '0'],
  ['ipv4/conf/default/rp_filter', '0'],
  ['ipv4/icmp_ratelimit', '0'],
  ['ipv4/icmp_msgs_per_sec', '100000'],
  ['ipv6/icmp/ratelimit', '0'],
  ['ipv6/conf/all/forwarding', '1'],
  ['ipv6/conf/default/forwarding', '1'],
  ['ipv6/conf/default/accept_ra', '0'],
  ['ipv6/conf/default/autoconf', '0'],
  ['ipv6/conf/default/addr_gen_mode', '1'],
  ['ipv6/conf/default/router_solicitation_delay', '0'],
];

/**
 * Prepares the IP stack of a zone whose network namespace has just been made: no interface, no address, forwarding
 * off unless recorded. To be called before its first link gets a device.
 */
export async function startStack(lab: Lab, zone: Zone): Promise<void> {
  const netns = netnsOf(zone);
  await lab.kernel.sysctl(netns, SETTINGS);
  await lab.kernel.ip(netns, ['link set lo up', 'address flush dev lo']);
  const { properties, routing } = recordingOf(zone);
  if (routing.size > 0) lab.notModelled.push(`routeadm without -u, then a reboot of ${zone.name}`);
  const recorded = (family: Family) => properties.get(`forwarding ${family}`) === 'on';
  stacks.set(zone, {
    interfaces: new Map(),
    addresses: new Map(),
    forwarding: { ipv4: recorded('ipv4'), ipv6: recorded('ipv6') },
  });
  await prepareForwarding(lab, zone);
}

/** Forgets everything temporary of a zone's IP stack (§11.10 invariant 4); what is recorded stays. */
export function stopStack(zone: Zone): void {
  for (const { link } of stacks.get(zone)?.interfaces.values() ?? []) link?.holds.delete('ip');
  stacks.delete(zone);
}

/** Forgets what is recorded too: the zone's files are gone. */
export function forgetStack(zone: Zone): void {
  stopStack(zone);
  recordings.delete(zone);
}

/** Runs what changes a zone's stack after what was begun before it, as ipmgmtd and the kernel do. */
export function inTurn<T>(zone: Zone, work: () => Promise<T>): Promise<T> {
  const before = turns.get(zone) ?? Promise.resolve();
  const mine = before.then(work, work);
  turns.set(zone, mine);
  return mine;
}
