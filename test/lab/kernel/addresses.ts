// Plumbing interfaces and giving them addresses: from ipadm's requests to the kernel, and what the kernel says of them.
import { readFileSync } from 'node:fs';
import { NotModelled } from '../daemon/call.ts';
import type { Lab, Link, Zone } from '../daemon/state.ts';
import { natAddressesChanged } from '../ipfilter/nat-stack.ts';
import { filterInterfacesChanged } from '../ipfilter/stack.ts';
import { allowedIps, loadForwarding } from './forwarding.ts';
import { type Address, formatAddress, LINK_LOCAL, type Prefixed, parseAddress, sameAddress } from './ip-address.ts';
import { type AddressObject, type IpInterface, netnsOf, recordingOf, stackOf } from './ip-stack.ts';

/** An address as the kernel has it. */
export interface KernelAddress extends Prefixed {
  readonly device: string;
  /** Duplicate detection runs; not to be used yet. */
  readonly tentative: boolean;
  /** Somebody else has it; never to be used. */
  readonly duplicate: boolean;
}

interface AddressJson {
  readonly ifname: string;
  readonly addr_info: readonly {
    readonly local: string;
    readonly prefixlen: number;
    readonly tentative?: boolean;
    readonly dadfailed?: boolean;
  }[];
}

/** Every address of a network namespace. */
export async function readAddresses(lab: Lab, netns: string): Promise<KernelAddress[]> {
  const devices = (await lab.kernel.ipJson(netns, ['address', 'show'])) as AddressJson[];
  return devices.flatMap(({ ifname, addr_info }) =>
    addr_info.flatMap((info) => {
      const address = parseAddress(info.local);
      if (address === undefined) return [];
      const duplicate = info.dadfailed === true;
      const tentative = info.tentative === true && !duplicate;
      return [{ ...address, length: info.prefixlen, device: ifname, tentative, duplicate }];
    }),
  );
}

/** Why a link cannot be plumbed: no such link, lent to a zone, or recorded over a temporary link (§2.1, §2.2). */
export type PlumbFailure = 'no link' | 'in use' | 'temporary';

/** Plumbs IPv4 and IPv6 on a link (§2.2). `record`: the operation is a persistent one. */
export async function plumb(lab: Lab, zone: Zone, name: string, record: boolean): Promise<IpInterface | PlumbFailure> {
  const { interfaces, forwarding } = stackOf(zone);
  const made = async (device: string, link?: Link): Promise<IpInterface> => {
    const flags = { ...forwarding };
    const made: IpInterface = { name, device, forwarding: flags, ...(link === undefined ? {} : { link }) };
    if (link === undefined || allowedIps(made).length > 0) Object.assign(flags, { ipv4: false, ipv6: false });
    interfaces.set(name, made);
    if (record) recordingOf(zone).interfaces.add(name);
    await loadForwarding(lab, zone);
    await tellFilters(lab, zone);
    return made;
  };
  if (name === 'lo0') return made('lo');
  const link = lab.links.find(zone, name);
  if (link === undefined || !link.active) return 'no link';
  if (zone === lab.global && link.zone !== undefined) return 'in use';
  if (link.class === 'etherstub') throw new NotModelled(`an IP interface on the etherstub ${name}`);
  if (record && !link.persistent) return 'temporary';
  const device = await lab.links.device(link);
  const netns = netnsOf(zone);
  await lab.kernel.sysctl(netns, deviceSettings(device));
  await lab.kernel.ip(netns, [`link set ${device} up`]);
  link.holds.add('ip');
  return made(device, link);
}

/** The defaults of the namespace again, for a device that was there before them; a quick duplicate detection (lab.md part 7). */
const deviceSettings = (device: string): readonly (readonly [string, string])[] => [
  [`ipv6/conf/${device}/accept_ra`, '0'],
  [`ipv6/conf/${device}/autoconf`, '0'],
  [`ipv6/conf/${device}/addr_gen_mode`, '1'],
  [`ipv6/conf/${device}/router_solicitation_delay`, '0'],
  [`ipv6/conf/${device}/forwarding`, '1'],
  [`ipv6/neigh/${device}/retrans_time_ms`, '50'],
];

/** Takes an interface with all its addresses and routes out of the running system. What is recorded stays. */
export async function unplumb(lab: Lab, zone: Zone, ipInterface: IpInterface): Promise<void> {
  const { interfaces, addresses } = stackOf(zone);
  const { name, device, link } = ipInterface;
  await lab.kernel.ip(netnsOf(zone), [
    `address flush dev ${device}`,
    ...(link === undefined ? [] : [`link set ${device} down`]),
  ]);
  for (const [key, { interfaceName }] of addresses) if (interfaceName === name) addresses.delete(key);
  interfaces.delete(name);
  link?.holds.delete('ip');
  await loadForwarding(lab, zone);
  await tellFilters(lab, zone);
}

/** Rules of ipf and ipnat wait for interfaces, and 0/32 follows the first address (§7.6, §7.7). */
async function tellFilters(lab: Lab, zone: Zone): Promise<void> {
  await filterInterfacesChanged(lab, zone);
  await natAddressesChanged(lab, zone);
}

/**
 * Brings an address up: looks for others who have it, then hands it to the kernel.
 * "duplicate" is no failure of ipadm's (§2.3); "unavailable": another address object of this stack is up with it.
 */
export async function bringUp(
  lab: Lab,
  zone: Zone,
  object: AddressObject,
): Promise<'up' | 'duplicate' | 'unavailable'> {
  const { address } = object;
  object.up = true;
  object.duplicate = false;
  if (address === undefined) return 'up';
  const inUse =
    mayHave(zone, address) && (await readAddresses(lab, netnsOf(zone))).some((other) => sameAddress(other, address));
  if (inUse) {
    object.up = false;
    return 'unavailable';
  }
  const told = lab.switches.get(`address-tentative:${object.name}`);
  if (told !== undefined) {
    const [, polls, outcome] = /^(\d+)(?:[ ,:]+(ok|duplicate))?$/.exec(told) ?? [];
    if (polls === undefined) throw new Error(`switch address-tentative:${object.name} cannot be "${told}"`);
    object.tentative = { polls: Number(polls), outcome: outcome === 'duplicate' ? 'duplicate' : 'ok' };
    return 'up';
  }
  return install(lab, zone, object, address);
}

async function install(lab: Lab, zone: Zone, object: AddressObject, address: Prefixed): Promise<'up' | 'duplicate'> {
  const device = deviceOf(zone, object);
  if (address.family === 'ipv4' && (await takenOnWire(lab, zone, object.interfaceName, address))) {
    object.duplicate = true;
    object.up = false;
    return 'duplicate';
  }
  const broadcast = address.family === 'ipv4' && address.length < 31 && device !== 'lo' ? ' brd +' : '';
  await lab.kernel.ip(netnsOf(zone), [
    `address add ${formatAddress(address)}/${address.length}${broadcast} dev ${device}`,
  ]);
  await tellFilters(lab, zone);
  return 'up';
}

const deviceOf = (zone: Zone, { interfaceName }: AddressObject): string => {
  const found = stackOf(zone).interfaces.get(interfaceName);
  if (found === undefined) throw new Error(`${interfaceName} of ${zone.name} is not plumbed`);
  return found.device;
};

/** Takes an address from the kernel. */
export async function takeDown(lab: Lab, zone: Zone, object: AddressObject): Promise<void> {
  const { address } = object;
  object.up = false;
  object.duplicate = false;
  delete object.tentative;
  if (address === undefined) return;
  const device = deviceOf(zone, object);
  const there = await readAddresses(lab, netnsOf(zone));
  if (!there.some((other) => other.device === device && sameAddress(other, address))) return;
  await lab.kernel.ip(netnsOf(zone), [`address del ${formatAddress(address)}/${address.length} dev ${device}`]);
  await tellFilters(lab, zone);
}

/** Counts a poll of the addresses that a switch keeps tentative, and ends their wait when it was the last. */
export async function pollTentative(lab: Lab, zone: Zone): Promise<void> {
  for (const object of stackOf(zone).addresses.values()) {
    const { tentative, address } = object;
    if (tentative === undefined || address === undefined) continue;
    if (tentative.polls > 0) {
      tentative.polls--;
      continue;
    }
    delete object.tentative;
    if (tentative.outcome === 'duplicate') {
      object.duplicate = true;
      object.up = false;
    } else await install(lab, zone, object, address);
  }
}

export type AddressState = 'ok' | 'down' | 'tentative' | 'duplicate';

/** The state of an active address object, given what the kernel has. */
export function stateOf(zone: Zone, object: AddressObject, kernel: readonly KernelAddress[]): AddressState {
  const { address } = object;
  if (object.duplicate) return 'duplicate';
  if (object.tentative !== undefined) return 'tentative';
  if (!object.up || address === undefined) return 'down';
  const device = deviceOf(zone, object);
  const found = kernel.find((other) => other.device === device && sameAddress(other, address));
  if (found === undefined) return 'down';
  if (found.duplicate) return 'duplicate';
  return found.tentative ? 'tentative' : 'ok';
}

/** The kernel's own mark of a link-local address made from the MAC: "2:8:20:4e:1f:a0" gives fe80::8:20ff:fe4e:1fa0/10. */
export function linkLocal(mac: string): Prefixed {
  const [a = 0n, b = 0n, c = 0n, d = 0n, e = 0n, f = 0n] = mac.split(':').map((byte) => BigInt(`0x${byte}`));
  const identifier = [a ^ 2n, b, c, 0xffn, 0xfen, d, e, f].reduce((value, byte) => (value << 8n) | byte, 0n);
  return { ...LINK_LOCAL, value: LINK_LOCAL.value | identifier };
}

/** Whether a stack on the same wire has this IPv4 address up. Linux does not look, so the kernels are asked (lab.md part 7). */
async function takenOnWire(lab: Lab, zone: Zone, interfaceName: string, address: Address): Promise<boolean> {
  const link = stackOf(zone).interfaces.get(interfaceName)?.link;
  if (link === undefined) return false;
  const wire = wireOf(lab, link);
  for (const other of lab.links.all()) {
    if (other === link || !other.holds.has('ip') || !sameWire(wire, wireOf(lab, other))) continue;
    const holder = other.zone === undefined ? lab.global : lab.zones.get(other.zone);
    if (holder?.netns === undefined || !mayHave(holder, address)) continue;
    const device = await lab.links.device(other);
    const there = await readAddresses(lab, holder.netns);
    if (there.some((one) => one.device === device && sameAddress(one, address))) return true;
  }
  if (wire.link.class !== 'phys' || wire.vlan !== undefined) return false;
  return (await readAddresses(lab, 'inet')).some((one) => sameAddress(one, address));
}

/**
 * Whether a stack has an address on any of its devices, by the kernel's own tables: no program has to be run for each
 * of a hundred neighbours. True also where there is no process to ask through.
 */
function mayHave({ process }: Zone, address: Address): boolean {
  if (process === undefined) return true;
  const read = (table: string) => readFileSync(`/proc/${process.pid}/net/${table}`, 'utf8');
  return address.family === 'ipv4'
    ? read('fib_trie').includes(`|-- ${formatAddress(address)}\n`)
    : read('if_inet6').includes(address.value.toString(16).padStart(32, '0'));
}

interface Wire {
  readonly link: Link;
  readonly vlan: number | undefined;
}

const sameWire = (a: Wire, b: Wire) => a.link === b.link && a.vlan === b.vlan;

/** The etherstub or physical link below, and the VLAN. */
function wireOf(lab: Lab, link: Link, vlan = link.vlan): Wire {
  const below = lab.links.all().find(({ name, class: kind }) => name === link.over && kind !== 'vnic');
  if (below !== undefined) return { link: below, vlan };
  const carrier = lab.links.all().find(({ name }) => name === link.over);
  return carrier === undefined ? { link, vlan } : wireOf(lab, carrier, vlan ?? carrier.vlan);
}
