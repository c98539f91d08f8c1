// The packet filter of each zone: what ipf(8) changes and ipfstat(8) shows, and the kernel that acts by it (§7.1, §7.2, lab.md part 9).
import { NotModelled } from '../daemon/call.ts';
import type { Lab, Zone } from '../daemon/state.ts';
import { emptyScript, filterScript } from './filter-nft.ts';
import { flushSessions, loadNat, natOf, stopNat } from './nat-stack.ts';
import type { Family } from './rule.ts';
import { emptyRuleSet, flushRules, type LoadedRule, listOf, type RuleSet } from './rule-set.ts';

export interface IpfStack {
  enabled: boolean;
  /** Two sets, each for both families. */
  readonly sets: [RuleSet, RuleSet];
  active: 0 | 1;
  /** Of the states that count, by family; the flush of a family begins the next one. 1 to 65535. */
  readonly generation: Record<Family, number>;
  /** What the kernel has, by family: the rules in the order of their counters. Missing: nothing. */
  readonly loaded: Map<Family, readonly LoadedRule[]>;
}

const FAMILIES: readonly Family[] = ['ipv4', 'ipv6'];
const LAST_GENERATION = 0xffff;
/** Set on a lab: neighbour discovery passes the IPv6 filter unseen (filter-nft.ts, NEIGHBOUR_DISCOVERY_IS_FILTERED). */
const DISCOVERY_SWITCH = 'neighbour-discovery-unfiltered';

const stacks = new WeakMap<Zone, IpfStack>();

/** A zone's filter; disabled and empty until something is done to it. */
export function ipfOf(zone: Zone): IpfStack {
  const known = stacks.get(zone);
  if (known !== undefined) return known;
  const stack: IpfStack = {
    enabled: false,
    sets: [emptyRuleSet(), emptyRuleSet()],
    active: 0,
    generation: { ipv4: 1, ipv6: 1 },
    loaded: new Map(),
  };
  stacks.set(zone, stack);
  return stack;
}

/** A zone's ipf stack as it is at boot: there, not enabled, no rules (§7.1). */
export async function startIpf(_lab: Lab, zone: Zone): Promise<void> {
  stopIpf(zone);
}

/** Both stacks of a zone vanish when it halts (§7.1). The kernel's part goes with the network namespace. */
export function stopIpf(zone: Zone): void {
  stacks.delete(zone);
  stopNat(zone);
}

/** `ipf -E`: false when it is enabled already. */
export async function enableIpf(lab: Lab, zone: Zone): Promise<boolean> {
  const stack = ipfOf(zone);
  if (stack.enabled) return false;
  stack.enabled = true;
  await applyFilter(lab, zone);
  return true;
}

/** `ipf -D`: rules, states and NAT are gone. */
export async function disableIpf(lab: Lab, zone: Zone): Promise<void> {
  const { generation } = ipfOf(zone);
  const wasEnabled = ipfOf(zone).enabled;
  await flushSessions(lab, zone);
  natOf(zone).rules.length = 0;
  if (wasEnabled) await loadNat(lab, zone);
  const loaded = [...ipfOf(zone).loaded.keys()];
  stacks.delete(zone);
  // States of before must not come to life again.
  for (const family of FAMILIES) ipfOf(zone).generation[family] = nextGeneration(generation[family]);
  for (const family of loaded) await lab.kernel.nft(netnsOf(zone), emptyScript(family));
}

/** Forgets the states of a family; the number of states is not known. */
export async function flushStates(lab: Lab, zone: Zone, family: Family): Promise<void> {
  const stack = ipfOf(zone);
  stack.generation[family] = nextGeneration(stack.generation[family]);
  await applyFilter(lab, zone);
}

/** Flushes rules of the active or the inactive set; the number of rules removed. */
export function flushFilter(
  zone: Zone,
  family: Family,
  directions: readonly ('in' | 'out')[],
  inactive: boolean,
): number {
  return flushRules(setOf(zone, inactive), family, directions);
}

/** The set in force, or the other one. */
export function setOf(zone: Zone, inactive: boolean): RuleSet {
  const { sets, active } = ipfOf(zone);
  return sets[inactive === (active === 0) ? 1 : 0];
}

/** `ipf -s`; the number of the set that is inactive from now on. */
export async function swapSets(lab: Lab, zone: Zone): Promise<number> {
  const stack = ipfOf(zone);
  const before = stack.active;
  stack.active = before === 0 ? 1 : 0;
  await applyFilter(lab, zone);
  return before;
}

/** To be called when an interface of a zone came or went: rules name devices (§7.7). */
export async function filterInterfacesChanged(lab: Lab, zone: Zone): Promise<void> {
  if (zone.netns !== undefined && ipfOf(zone).loaded.size > 0) await applyFilter(lab, zone);
}

/**
 * Brings the active set into the kernel, in one transaction a family. Hits and established flows stay.
 *
 * @throws {NotModelled} naming the word of a rule that the kernel cannot follow; then the kernel keeps what it had
 */
export async function applyFilter(lab: Lab, zone: Zone): Promise<void> {
  const stack = ipfOf(zone);
  if (!stack.enabled) return;
  const netns = netnsOf(zone);
  await readHits(lab, zone);
  const device = await devicesOf(lab, netns);
  for (const family of FAMILIES) {
    const set = setOf(zone, false);
    if (isEmpty(set, family)) {
      if (stack.loaded.delete(family)) await lab.kernel.nft(netns, emptyScript(family));
      continue;
    }
    const script = filterScript(set, family, {
      device,
      generation: stack.generation[family],
      filterNeighbourDiscovery: !lab.switches.has(DISCOVERY_SWITCH),
    });
    if (!stack.loaded.has(family)) await lab.kernel.sysctl(netns, ANSWERS_KEEP_THEIR_MARK);
    await lab.kernel.nft(netns, script.text);
    stack.loaded.set(family, script.rules);
  }
}

/** Resets and ICMP errors carry the mark of the packet they answer. */
const ANSWERS_KEEP_THEIR_MARK = [
  ['ipv4/fwmark_reflect', '1'],
  ['ipv6/fwmark_reflect', '1'],
] as const;

function isEmpty(set: RuleSet, family: Family): boolean {
  return (['in', 'out'] as const).every((direction) =>
    (['filter', 'count'] as const).every((kind) => listOf(set, family, direction, kind).rules.length === 0),
  );
}

interface CountersJson {
  readonly nftables: readonly {
    readonly counter?: { readonly name: string; readonly packets: number; readonly bytes: number };
  }[];
}

/** Takes the kernel's counters over into the rules. */
export async function readHits(lab: Lab, zone: Zone): Promise<void> {
  for (const [family, rules] of ipfOf(zone).loaded) {
    const table = family === 'ipv4' ? 'ip' : 'ip6';
    const answer = await lab.kernel.nftJson(netnsOf(zone), ['list', 'counters', 'table', table, 'ipf']);
    for (const { counter } of (answer as CountersJson).nftables) {
      const rule = counter === undefined ? undefined : rules[Number(counter.name.slice(1)) - 1];
      if (counter === undefined || rule === undefined) continue;
      rule.hits = counter.packets;
      rule.bytes = counter.bytes;
    }
  }
}

interface DeviceJson {
  readonly ifname: string;
  readonly altnames?: readonly string[];
}

/** Names longer than a Linux device's are other names of devices (lab.md part 6). */
async function devicesOf(lab: Lab, netns: string): Promise<(name: string) => string> {
  const devices = (await lab.kernel.ipJson(netns, ['link', 'show'])) as DeviceJson[];
  const known = new Map(
    devices.flatMap(({ ifname, altnames = [] }) => [ifname, ...altnames].map((name) => [name, ifname])),
  );
  return (name) => known.get(name) ?? placeholder(name);
}

/** A device that is not there matches nothing; its name may come later. */
function placeholder(name: string): string {
  if (/["\n\\]/.test(name)) throw new NotModelled(`interface name ${JSON.stringify(name)}`);
  return name.length <= 15 ? name : '-';
}

function nextGeneration(generation: number): number {
  return generation === LAST_GENERATION ? 1 : generation + 1;
}

function netnsOf(zone: Zone): string {
  if (zone.netns === undefined) throw new Error(`zone "${zone.name}" has no network: it is down`);
  return zone.netns;
}
