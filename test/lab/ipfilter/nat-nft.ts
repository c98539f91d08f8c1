// NAT rules as an nftables script (lab.md part 10). nftables takes the first rule that fits, so they are put into illumos's order:
// longest mask first, then as in the file (§7.4), and as in the file whatever the masks where networks begin with the same address.
import { NotModelled } from '../daemon/call.ts';
import { formatAddress } from './format-address.ts';
import {
  countBits6,
  FIRST_SHARED_PORT,
  type NatRule,
  type Net,
  type PortTest,
  prefixLength4,
  sameWords,
  type Words,
  ZERO,
} from './nat-rule.ts';
import { formatNatRule } from './print-nat.ts';

/** An IP interface as the rules see it. Missing addresses: it has none of that family that 0/32 or 0/128 could mean. */
export interface NatInterface {
  readonly name: string;
  /** The Linux device behind it. */
  readonly device: string;
  readonly ipv4?: string;
  readonly ipv6?: string;
}

/** Fits no packet. */
const NEVER = 'meta l4proto tcp meta l4proto udp';
/** Longest list of single ports or hosts that a rule is spelled out into. */
const SPELLED_AT_MOST = 4096;

/**
 * A script that replaces the NAT of a network namespace in one transaction.
 *
 * A rule on an interface that is not there does nothing, as on illumos (§7.7). Where 0/32 finds no address, packets are dropped: NAT
 * that can make no session blocks (ipfilter.md 3).
 *
 * @throws {NotModelled} naming the rule that cannot be said in nftables
 */
export function natScript(rules: readonly NatRule[], interfaces: readonly NatInterface[]): string {
  return ([4, 6] as const).map((version) => tableScript(version, rules, interfaces)).join('');
}

function tableScript(version: 4 | 6, rules: readonly NatRule[], interfaces: readonly NatInterface[]): string {
  const family = version === 4 ? 'ip' : 'ip6';
  const mine = rules.filter((rule) => rule.version === version);
  const maps = inOrder(
    mine.filter(({ kind }) => kind !== 'rdr'),
    ({ inner }) => inner,
  );
  const rdrs = inOrder(
    mine.filter(({ kind }) => kind === 'rdr' || kind === 'bimap'),
    ({ outer }) => outer,
  );
  const out = maps.flatMap((place) => mapLines(place, interfaces));
  const into = rdrs.flatMap((place) => rdrLines(place, mine, interfaces));
  return [
    `table ${family} ipnat`,
    `delete table ${family} ipnat`,
    `table ${family} ipnat {`,
    '  chain nat_out {',
    '    type nat hook postrouting priority 100; policy accept;',
    ...out.map((line) => `    ${line}`),
    '  }',
    '  chain nat_in {',
    '    type nat hook prerouting priority -100; policy accept;',
    ...into.map((line) => `    ${line}`),
    '  }',
    '}',
    '',
  ].join('\n');
}

/** A rule's turn: the part of its network that is asked about then. */
interface Turn {
  readonly rule: NatRule;
  readonly net: Net;
}

/**
 * A rule comes with its own mask, and before that with each longer mask of a rule that begins at the same address, because illumos
 * then asks both, in the order of the file (nat.json, "specific").
 */
function inOrder(rules: readonly NatRule[], net: (rule: NatRule) => Net): Turn[] {
  const places = rules.map((rule) => ({ rule, ...net(rule), length: maskLength(rule, net(rule).mask) }));
  const nets = places.filter(
    (one, i) => i === places.findIndex((other) => other.length === one.length && sameWords(other.address, one.address)),
  );
  return nets
    .sort((a, b) => b.length - a.length)
    .flatMap(({ address, mask, length }) =>
      places
        .filter((place) => place.length <= length && sameWords(place.address, address))
        .map(({ rule }) => ({ rule, net: { address, mask } })),
    );
}

function refuse(rule: NatRule, what: string): NotModelled {
  return new NotModelled(`${what} in the NAT rule "${formatNatRule(rule)}"`);
}

function maskLength(rule: NatRule, mask: Words): number {
  const length = rule.version === 4 ? prefixLength4(mask[0]) : prefixLength6(mask);
  if (length === undefined) throw refuse(rule, 'a mask with gaps');
  return length;
}

function prefixLength6(mask: Words): number | undefined {
  const bits = mask.map((word) => word.toString(2).padStart(32, '0')).join('');
  return bits.includes('01') ? undefined : countBits6(mask);
}

/** Refuses what neither map nor rdr can say; undefined when the rule matches nothing. */
function usable(rule: NatRule): NatRule | undefined {
  if (rule.proxy !== '') throw refuse(rule, 'proxy');
  if (rule.tag !== '') throw refuse(rule, 'tag');
  if (rule.age[0] !== 0 || rule.age[1] !== 0) throw refuse(rule, 'age');
  if (rule.mssclamp !== 0) throw refuse(rule, 'mssclamp');
  return rule.protocol < 0 || rule.protocol > 255 ? undefined : rule;
}

function mapLines({ rule, net }: Turn, interfaces: readonly NatInterface[]): string[] {
  if (usable(rule) === undefined) return [];
  if (rule.kind === 'map-block') throw refuse(rule, 'map-block');
  if (rule.flags.has('range')) throw refuse(rule, 'a range of addresses');
  const on = interfaceMatch(rule, rule.interfaces[1], 'oifname', interfaces);
  if (on === undefined) return [];
  const destinationNot = rule.kind === 'map' && rule.flags.has('not-destination');
  const match = [
    ...on,
    ...netMatch(rule, 'saddr', net, false),
    ...(rule.flags.has('conditions') ? netMatch(rule, 'daddr', rule.other, destinationNot) : []),
    ...protocolMatch(rule),
    ...portMatch(rule),
  ];
  return sourceStatements(rule, interfaces).map((statement) => [...match, statement].join(' '));
}

/** What a map does to a packet that fits, most particular first. */
function sourceStatements(rule: NatRule, interfaces: readonly NatInterface[]): string[] {
  const { inner, outer } = rule;
  const length = maskLength(rule, outer.mask);
  if (rule.kind === 'bimap' && sameWords(inner.mask, outer.mask) && rule.low === 0) {
    // One to one comes before "the interface's address": such packets leave with the address 0 (nat.json).
    if (length === fullLength(rule) && sameWords(outer.address, ZERO)) throw refuse(rule, 'a bimap to the address 0');
    if (length === fullLength(rule)) return [`snat to ${text(rule, outer.address)}`];
    if (length > 0) return [prefixStatement(rule, 'snat', 'saddr', inner, outer)];
  }
  if (rule.kind === 'bimap' && rule.low !== 0) throw refuse(rule, 'portmap of a bimap');
  if (length === 0 && sameWords(outer.address, ZERO) && rule.low === 0) return ['accept'];
  if (length !== fullLength(rule)) throw refuse(rule, 'several addresses on the right');
  const address = sameWords(outer.address, ZERO)
    ? own(rule, rule.interfaces[1], interfaces)
    : text(rule, outer.address);
  if (address === undefined) return ['drop'];
  if (rule.low === 0 && rule.high === 0) return [`snat to ${address}`];
  if (rule.low === 0) throw refuse(rule, 'port 0 as the first one');
  const ports = rule.flags.has('auto')
    ? sharedPorts(rule, address)
    : `snat to ${withPort(rule, address, `${rule.low}-${rule.high}`)}`;
  // Ports are only for tcp and udp; icmpidmap has no say in what else fits it, and changes no id.
  if (!rule.flags.has('icmp-query') || rule.protocol === 6 || rule.protocol === 17) return [ports];
  return [`meta l4proto { tcp, udp } ${ports}`, `snat to ${address}`];
}

/** Each host its own share (ipfilter.md 3). */
function sharedPorts(rule: NatRule, address: string): string {
  const { portsPerHost, hostsPerAddress, inner } = rule;
  if (portsPerHost === 0) return `snat to ${address}`;
  if (rule.version === 6) throw refuse(rule, 'auto for a prefix shorter than 32');
  const hosts = (~inner.mask[0] >>> 0) + 1;
  const share = (host: number) => {
    const low = FIRST_SHARED_PORT + portsPerHost * (host % hostsPerAddress);
    return `${low}-${low + portsPerHost - 1}`;
  };
  if (hostsPerAddress === 1) return `snat to ${withPort(rule, address, share(0))}`;
  if (hosts > SPELLED_AT_MOST) throw refuse(rule, `auto for ${hosts} hosts`);
  const elements = Array.from({ length: hosts }, (_, i) => {
    const host = inner.address[0] + i;
    return `${text(rule, [host, 0, 0, 0])} : ${address} . ${share(host)}`;
  });
  return `snat ip to ip saddr map { ${elements.join(', ')} }`;
}

function rdrLines({ rule, net }: Turn, all: readonly NatRule[], interfaces: readonly NatInterface[]): string[] {
  if (usable(rule) === undefined) return [];
  if (rule.flags.has('sticky')) throw refuse(rule, 'sticky');
  const on = interfaceMatch(rule, rule.interfaces[0], 'iifname', interfaces);
  if (on === undefined) return [];
  const match = rdrMatch(rule, net, on);
  if (match === undefined) return [];
  const peers = rule.flags.has('round-robin') ? roundRobin(rule, all) : [rule];
  if (peers[0] !== rule) return [];
  const targets = peers.flatMap((peer) => targetsOf(peer, interfaces));
  return [[...match, targetStatement(rule, targets)].join(' ')];
}

/** Undefined when no packet can fit: ports written backwards. */
function rdrMatch(rule: NatRule, net: Net, on: readonly string[]): string[] | undefined {
  const conditional = rule.flags.has('conditions');
  const sourceNot = rule.kind === 'rdr' && rule.flags.has('not-source');
  const ports = rule.kind === 'rdr' && !conditional && rule.low !== 0;
  if (ports && rule.high < rule.low) return undefined;
  return [
    ...on,
    ...(conditional ? netMatch(rule, 'saddr', rule.other, sourceNot) : []),
    ...netMatch(rule, 'daddr', net, false),
    ...protocolMatch(rule),
    ...(ports ? [`th dport ${rule.low === rule.high ? rule.low : `${rule.low}-${rule.high}`}`] : portMatch(rule)),
  ];
}

/** The rules that take turns: those that fit the very same packets. */
function roundRobin(rule: NatRule, all: readonly NatRule[]): readonly NatRule[] {
  const shape = (one: NatRule) => JSON.stringify({ ...one, inner: undefined, flags: [...one.flags].sort() });
  const turns = all.filter(({ kind, flags }) => kind === 'rdr' && flags.has('round-robin'));
  const peers = turns.filter((other) => shape(other) === shape(rule));
  if (peers.length > 1 && rule.flags.has('split')) throw refuse(rule, 'several rules with two targets each');
  return peers;
}

function targetsOf(rule: NatRule, interfaces: readonly NatInterface[]): (string | undefined)[] {
  const { address, mask } = rule.inner;
  if (rule.flags.has('split')) return [text(rule, address), text(rule, mask)];
  const length = rule.kind === 'bimap' ? fullLength(rule) : maskLength(rule, mask);
  if (sameWords(address, ZERO) && length === fullLength(rule)) return [own(rule, rule.interfaces[0], interfaces)];
  return sameWords(address, ZERO) ? [''] : [text(rule, address)];
}

function targetStatement(rule: NatRule, targets: readonly (string | undefined)[]): string {
  const { inner, outer } = rule;
  if (targets.includes(undefined)) return 'drop';
  if (rule.kind === 'bimap') {
    if (!sameWords(inner.mask, outer.mask)) throw refuse(rule, 'masks of different lengths');
    const length = maskLength(rule, inner.mask);
    if (length === 0) return 'accept';
    if (length < fullLength(rule)) return prefixStatement(rule, 'dnat', 'daddr', outer, inner);
    return `dnat to ${targets[0]}`;
  }
  const [only = ''] = targets;
  const port = rule.target === 0 ? undefined : rule.target;
  if (port === undefined) {
    if (targets.length > 1) return `dnat to ${turn(targets)}`;
    return only === '' ? 'accept' : `dnat to ${only}`;
  }
  if (!rule.flags.has('fixed-port') && rule.low !== rule.high) {
    if (rule.flags.has('conditions') && rule.destination.compare === '=') return fixedPort(rule, targets, port);
    return shiftedPorts(rule, targets);
  }
  return fixedPort(rule, targets, port);
}

function fixedPort(rule: NatRule, targets: readonly (string | undefined)[], port: number): string {
  const [only = ''] = targets;
  if (targets.length > 1) return `dnat ${familyWord(rule)} to ${turn(targets.map((target) => `${target} . ${port}`))}`;
  return only === '' ? `dnat to :${port}` : `dnat to ${withPort(rule, only, String(port))}`;
}

/** The first port goes to the target's, the others keep their distance. */
function shiftedPorts(rule: NatRule, targets: readonly (string | undefined)[]): string {
  const [only = ''] = targets;
  const [first, last] = rule.flags.has('conditions') ? testedRange(rule) : [rule.low, rule.high];
  if (targets.length > 1 || only === '') throw refuse(rule, 'a range of ports and several targets');
  if (last - first >= SPELLED_AT_MOST) throw refuse(rule, `${last - first + 1} ports that move with their target`);
  const elements = Array.from({ length: last - first + 1 }, (_, i) => {
    const port = first + i;
    return `${port} : ${only} . ${(port - rule.low + rule.target) & 0xffff}`;
  });
  return `dnat ${familyWord(rule)} to th dport map { ${elements.join(', ')} }`;
}

function testedRange(rule: NatRule): [number, number] {
  const { compare, low, high } = rule.destination;
  if (compare === '><') return [low + 1, high - 1];
  if (compare === '<') return [0, low - 1];
  if (compare === '<=') return [0, low];
  if (compare === '>') return [low + 1, 65535];
  if (compare === '>=') return [low, 65535];
  throw refuse(rule, 'ports that move with their target');
}

const turn = (targets: readonly (string | undefined)[]) =>
  `numgen inc mod ${targets.length} map { ${targets.map((target, i) => `${i} : ${target}`).join(', ')} }`;

function prefixStatement(rule: NatRule, word: 'snat' | 'dnat', side: string, from: Net, to: Net): string {
  const family = familyWord(rule);
  return `${word} ${family} prefix to ${family} ${side} map { ${netText(rule, from)} : ${netText(rule, to)} }`;
}

/** The device's match; empty for every interface, undefined when the interface is not there. */
function interfaceMatch(
  rule: NatRule,
  name: string,
  word: 'iifname' | 'oifname',
  interfaces: readonly NatInterface[],
): string[] | undefined {
  if (['', '*', '-'].includes(name)) {
    if (sameWords(rule.outer.address, ZERO)) throw refuse(rule, '0/32 on every interface');
    return [];
  }
  const found = interfaces.find((one) => one.name === name);
  return found === undefined ? undefined : [`${word} "${found.device}"`];
}

function own(rule: NatRule, name: string, interfaces: readonly NatInterface[]): string | undefined {
  const found = interfaces.find((one) => one.name === name);
  return rule.version === 4 ? found?.ipv4 : found?.ipv6;
}

function netMatch(rule: NatRule, side: 'saddr' | 'daddr', net: Net, not: boolean): string[] {
  if (maskLength(rule, net.mask) === 0) return not ? [NEVER] : [];
  return [`${familyWord(rule)} ${side} ${not ? '!= ' : ''}${netText(rule, net)}`];
}

function protocolMatch(rule: NatRule): string[] {
  const tcp = rule.flags.has('tcp');
  const udp = rule.flags.has('udp');
  if (rule.protocol !== 0) return [`meta l4proto ${rule.protocol}`];
  if (tcp && udp) return ['meta l4proto { tcp, udp }'];
  const tested = rule.source.compare !== undefined || rule.destination.compare !== undefined;
  return tested ? ['meta l4proto { tcp, udp }'] : [];
}

function portMatch(rule: NatRule): string[] {
  if (!rule.flags.has('conditions')) return [];
  return [...testMatch('th sport', rule.source), ...testMatch('th dport', rule.destination)];
}

function testMatch(field: string, { compare, low, high }: PortTest): string[] {
  if (compare === undefined) return [];
  if (compare === '=') return [`${field} ${low}`];
  if (compare === '<>') return high < low ? [] : [`${field} != ${low}-${high}`];
  if (compare === '><') return high - low < 2 ? [NEVER] : [`${field} ${low + 1}-${high - 1}`];
  if ((compare === '<' && low === 0) || (compare === '>' && low === 65535)) return [NEVER];
  return [`${field} ${compare} ${low}`];
}

const familyWord = (rule: NatRule) => (rule.version === 4 ? 'ip' : 'ip6');
const fullLength = (rule: NatRule) => (rule.version === 4 ? 32 : 128);
const text = (rule: NatRule, address: Words) => formatAddress(rule.version, address);
const netText = (rule: NatRule, net: Net) => `${text(rule, net.address)}/${maskLength(rule, net.mask)}`;
const withPort = (rule: NatRule, address: string, port: string) =>
  rule.version === 4 ? `${address}:${port}` : `[${address}]:${port}`;
