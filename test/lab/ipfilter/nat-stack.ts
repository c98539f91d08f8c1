// NAT of a zone: the rules labd remembers, the kernel that acts by them, and the sessions it has (lab.md part 10).
import type { Lab, Zone } from '../daemon/state.ts';
import { type NatInterface, natScript } from './nat-nft.ts';
import type { NatRule } from './nat-rule.ts';
import { deleteMessage, type NatSession, natSessions, parseConnections } from './nat-sessions.ts';

export interface NatStack {
  /** In the order they were added. */
  readonly rules: NatRule[];
  /** Sessions that were flushed. */
  flushed: number;
}

export interface NatCounts {
  readonly mappedIn: number;
  readonly mappedOut: number;
  readonly added: number;
}

const stacks = new WeakMap<Zone, NatStack>();

/** Sends messages, one a line in hexadecimal, to ctnetlink; prints the error number of each answer. */
const NETLINK = `socket(S,16,3,12) or die "socket: $!"; while (<STDIN>) { chomp; send(S, pack("H*", $_), 0) or die "send: $!";
recv(S, my $answer, 4096, 0); print unpack("x16 l", $answer), "\\n"; }`;
const ENOENT_ON_LINUX = -2;

/** A zone's NAT; without rules until some are added. */
export function natOf(zone: Zone): NatStack {
  const known = stacks.get(zone);
  if (known !== undefined) return known;
  const stack: NatStack = { rules: [], flushed: 0 };
  stacks.set(zone, stack);
  return stack;
}

/** Forgets rules and counts: what a halt does. The kernel's part goes with the network namespace. */
export function stopNat(zone: Zone): void {
  stacks.delete(zone);
}

/** Brings a zone's rules into its kernel. Sessions stay. */
export async function loadNat(lab: Lab, zone: Zone): Promise<void> {
  const netns = netnsOf(zone);
  const { rules } = natOf(zone);
  const script = natScript(rules, await natInterfaces(lab, netns));
  await lab.kernel.nft(netns, script);
  if (rules.length > 0 && !(await hasCounts(lab, netns))) await lab.kernel.nft(netns, COUNTS);
}

/** To be called when an interface of a zone came, went or changed its addresses: 0/32 follows the first one (§7.6). */
export async function natAddressesChanged(lab: Lab, zone: Zone): Promise<void> {
  if (zone.netns !== undefined && natOf(zone).rules.length > 0) await loadNat(lab, zone);
}

/** Every session of a zone, by inner address and port. */
export async function readSessions(lab: Lab, zone: Zone): Promise<NatSession[]> {
  const { stdout } = await lab.kernel.exec(netnsOf(zone), ['cat', '/proc/net/nf_conntrack']);
  const key = ({ inner, innerPort, otherPort }: NatSession) => [...inner, innerPort, otherPort];
  return natSessions(parseConnections(stdout), natOf(zone).rules).sort((a, b) => compare(key(a), key(b)));
}

function compare(a: readonly number[], b: readonly number[]): number {
  const at = a.findIndex((value, i) => value !== b[i]);
  return at < 0 ? 0 : (a[at] ?? 0) - (b[at] ?? 0);
}

/** Ends every session of a zone; other connections live on. Answers how many there were. */
export async function flushSessions(lab: Lab, zone: Zone): Promise<number> {
  const sessions = await readSessions(lab, zone);
  if (sessions.length === 0) return 0;
  const messages = [...new Set(sessions.map(({ connection }) => deleteMessage(connection).toString('hex')))];
  const result = await lab.kernel.exec(netnsOf(zone), ['perl', '-e', NETLINK], `${messages.join('\n')}\n`);
  const answers = result.stdout
    .split('\n')
    .filter((line) => line !== '')
    .map(Number);
  // A connection may have ended by itself meanwhile.
  const refused = answers.find((error) => error !== 0 && error !== ENOENT_ON_LINUX);
  if (result.status !== 0 || answers.length !== messages.length || refused !== undefined) {
    throw new Error(`cannot delete ${messages.length} connections: answers ${answers.join(' ')} ${result.stderr}`);
  }
  natOf(zone).flushed += sessions.length;
  return sessions.length;
}

/** Packets translated and sessions made since the zone booted. */
export async function readCounts(lab: Lab, zone: Zone): Promise<NatCounts> {
  const netns = netnsOf(zone);
  if (!(await hasCounts(lab, netns))) return { mappedIn: 0, mappedOut: 0, added: 0 };
  const answer = (await lab.kernel.nftJson(netns, [
    'list',
    'counters',
    'table',
    'inet',
    'ipnat_count',
  ])) as CountersJson;
  const packets = (name: string) =>
    answer.nftables.find(({ counter }) => counter?.name === name)?.counter?.packets ?? 0;
  return { mappedIn: packets('mapped_in'), mappedOut: packets('mapped_out'), added: packets('added') };
}

interface CountersJson {
  readonly nftables: readonly { readonly counter?: { readonly name: string; readonly packets: number } }[];
}

interface TablesJson {
  readonly nftables: readonly { readonly table?: { readonly family: string; readonly name: string } }[];
}

async function hasCounts(lab: Lab, netns: string): Promise<boolean> {
  const { nftables } = (await lab.kernel.nftJson(netns, ['list', 'tables'])) as TablesJson;
  return nftables.some(({ table }) => table?.family === 'inet' && table.name === 'ipnat_count');
}

/** A table of its own, so that new rules do not begin the counts again. A session is counted at its first packet. */
const COUNTS = `table inet ipnat_count {
  counter mapped_in { packets 0 bytes 0 }
  counter mapped_out { packets 0 bytes 0 }
  counter added { packets 0 bytes 0 }
  set seen {
    typeof ct id
    flags dynamic,timeout
    timeout 1h
  }
  chain count_in {
    type filter hook prerouting priority -90; policy accept;
    ct status dnat ct direction original counter name mapped_in
    ct status snat ct direction reply counter name mapped_in
  }
  chain count_out {
    type filter hook postrouting priority 110; policy accept;
    ct status snat ct direction original counter name mapped_out
    ct status dnat ct direction reply counter name mapped_out
    ct state new ct status snat,dnat ct id != @seen add @seen { ct id } counter name added
  }
}
`;

interface DeviceJson {
  readonly ifname: string;
  readonly altnames?: readonly string[];
  readonly addr_info: readonly { readonly family: string; readonly local: string; readonly scope: string }[];
}

/** The interfaces of a namespace with the address that 0/32 means: the first, for IPv6 the first that is not link-local. */
async function natInterfaces(lab: Lab, netns: string): Promise<NatInterface[]> {
  const devices = (await lab.kernel.ipJson(netns, ['address', 'show'])) as DeviceJson[];
  return devices.flatMap(({ ifname, altnames = [], addr_info }) => {
    const ipv4 = addr_info.find(({ family }) => family === 'inet')?.local;
    const ipv6 = addr_info.find(({ family, scope }) => family === 'inet6' && scope !== 'link')?.local;
    const addresses = { ...(ipv4 === undefined ? {} : { ipv4 }), ...(ipv6 === undefined ? {} : { ipv6 }) };
    const names = ifname === 'lo' ? ['lo0'] : [ifname, ...altnames];
    return names.map((name) => ({ name, device: ifname, ...addresses }));
  });
}

function netnsOf(zone: Zone): string {
  if (zone.netns === undefined) throw new Error(`zone "${zone.name}" has no network: it is down`);
  return zone.netns;
}
