// A rule set as an nftables script (lab.md part 9): in rules in prerouting after dnat, out rules in forward and output before snat.
//
// The walk goes in file order and notes the deciding rule in the packet mark; a verdict map ends it. A kept state is a ct mark:
// generation, whether the flow is blocked, rule. evaluate.ts is the other description of the same engine; they share the parser only.
import { NotModelled } from '../daemon/call.ts';
import { type DeviceOf, matchExpressions } from './match-nft.ts';
import type { Family, FilterRule } from './rule.ts';
import { type LoadedRule, listOf, type RuleList, type RuleSet } from './rule-set.ts';

export interface FilterScriptOptions {
  readonly device: DeviceOf;
  /** States of other generations are forgotten. 1 to 65535. */
  readonly generation: number;
  /** Whether neighbour discovery meets the rules; see NEIGHBOUR_DISCOVERY_IS_FILTERED. */
  readonly filterNeighbourDiscovery?: boolean;
}

export interface FilterScript {
  readonly text: string;
  /** The rules by the number of their counter, "r1" first. */
  readonly rules: readonly LoadedRule[];
}

/**
 * The one place that decides whether neighbour and router discovery goes through the IPv6 filter. illumos hooks the filter in below IP,
 * so that it sees them; never compared with a real one (lab.md part 9). Product rules are tested both ways.
 */
export const NEIGHBOUR_DISCOVERY_IS_FILTERED = true;

/** On packets that a `return-…` rule sends back: they meet no rule. The kernel copies it from the packet answered (fwmark_reflect). */
const ANSWER_MARK = '0x80000000';
const RULE_BITS = '0x3fff';
/** The rule that matched last does not decide (skip, log): a state made now blocks its flow. */
const ODD_BIT = '0x10000';
const MAX_RULES = 0x3fff;
const MAX_DEPTH = 14;
const BLOCKED = 0x8000;
const NO_ICMP_ERRORS = 0x4000;

/** ICMP types that can begin a state (ipfilter.md, "Added"). */
const QUERY_TYPES: Readonly<Record<Family, string>> = { ipv4: '0, 8, 13, 15, 17', ipv6: '128, 130, 133, 135, 139' };
const ICMP_NUMBERS: Readonly<Record<Family, number>> = { ipv4: 1, ipv6: 58 };

/** nftables' names of the codes a `return-icmp` can send. For IPv6 illumos turns IPv4's codes into its own. */
const REJECT_CODES: Readonly<Record<Family, Readonly<Record<number, string>>>> = {
  ipv4: {
    0: 'net-unreachable',
    1: 'host-unreachable',
    2: 'prot-unreachable',
    3: 'port-unreachable',
    9: 'net-prohibited',
    10: 'host-prohibited',
    13: 'admin-prohibited',
  },
  ipv6: {
    0: 'addr-unreachable',
    1: 'addr-unreachable',
    3: 'port-unreachable',
    9: 'admin-prohibited',
    10: 'admin-prohibited',
    13: 'admin-prohibited',
  },
};

/** What takes the rules of a family out of the kernel. */
export function emptyScript(family: Family): string {
  const table = `table ${tableFamily(family)} ipf`;
  return `${table}\ndelete ${table}\n`;
}

const tableFamily = (family: Family) => (family === 'ipv4' ? 'ip' : 'ip6');

/**
 * The script that replaces the filter of one family. Counters begin with the hits of the rules given.
 *
 * @throws {NotModelled} naming the word that the kernel cannot follow
 */
export function filterScript(set: RuleSet, family: Family, options: FilterScriptOptions): FilterScript {
  const writer = createWriter(family, options);
  const directions = (['in', 'out'] as const).map((direction) => {
    writer.chain(`${direction}_acct`, countLines(writer, listOf(set, family, direction, 'count')));
    writeList(writer, `${direction}_rules`, listOf(set, family, direction, 'filter'), {
      direction,
      depth: 0,
      heads: [],
    });
    return direction;
  });
  for (const direction of directions) writeVerdicts(writer, direction);
  writeHooks(writer, options);
  const table = `table ${tableFamily(family)} ipf`;
  const counters = writer.rules.map(
    (loaded, i) => `counter r${i + 1} { packets ${loaded.hits} bytes ${loaded.bytes} }`,
  );
  const body = [...counters, ...writer.chains].map((line) => `  ${line}`).join('\n');
  return { text: `${emptyScript(family)}${table} {\n${body}\n}\n`, rules: writer.rules };
}

interface Writer {
  readonly family: Family;
  readonly device: DeviceOf;
  readonly generation: number;
  readonly chains: string[];
  readonly rules: LoadedRule[];
  /** Rules that can decide, by number. */
  readonly deciders: Map<number, LoadedRule>;
  /** Group chains written so far, by list and the quick head that leads there. */
  readonly groups: Map<RuleList, Map<number, string>>;
  readonly names: Set<string>;
  chain(name: string, lines: readonly string[]): void;
  number(loaded: LoadedRule): number;
}

function createWriter(family: Family, { device, generation }: FilterScriptOptions): Writer {
  const writer: Writer = {
    family,
    device,
    generation,
    chains: [],
    rules: [],
    deciders: new Map(),
    groups: new Map(),
    names: new Set(),
    chain(name, lines) {
      if (writer.names.has(name)) return;
      writer.names.add(name);
      writer.chains.push(`chain ${name} {`, ...lines.map((line) => `  ${line}`), '}');
    },
    number(loaded) {
      const known = writer.rules.indexOf(loaded);
      if (known >= 0) return known + 1;
      if (writer.rules.length === MAX_RULES) throw new NotModelled(`more than ${MAX_RULES} rules in the kernel`);
      writer.rules.push(loaded);
      return writer.rules.length;
    },
  };
  return writer;
}

/** Rules of the other family share groups, but match nothing here unless they ask for nothing at all. */
const speaks = (writer: Writer, { rule }: LoadedRule) => rule.family === writer.family || rule.match === undefined;

/** Counting rules have a list of their own: each counts, skip and quick rule it alone (ipfilter.md 5). */
function countLines(writer: Writer, { rules }: RuleList): string[] {
  return rules.flatMap((loaded) => {
    const { rule } = loaded;
    if (rule.head !== '') throw new NotModelled('"count … head" in the kernel');
    if (rule.keepState !== undefined) throw new NotModelled('"count … keep state" in the kernel');
    const number = writer.number(loaded);
    const end = rule.quick ? ' return' : '';
    return matchExpressions(rule, writer.device).map((match) => `${match} counter name "r${number}"${end}`);
  });
}

interface Place {
  readonly direction: 'in' | 'out';
  readonly depth: number;
  /** Numbers of the quick heads that lead here: while one of them decides, any match ends the walk. */
  readonly heads: readonly number[];
}

/** A list as a chain, and one more chain for each place that a skip leads to. */
function writeList(writer: Writer, name: string, { rules }: RuleList, place: Place): void {
  const targets = new Set(
    rules.flatMap((loaded, i) => (loaded.rule.action === 'skip' ? [Math.min(i + 1 + loaded.skip, rules.length)] : [])),
  );
  let lines: string[] = [];
  let current = name;
  rules.forEach((loaded, i) => {
    if (targets.has(i)) {
      writer.chain(current, [...lines, `goto ${name}_s${i}`]);
      current = `${name}_s${i}`;
      lines = [];
    }
    if (!speaks(writer, loaded)) return;
    const skipTo = `${name}_s${Math.min(i + 1 + loaded.skip, rules.length)}`;
    lines.push(...ruleLines(writer, loaded, skipTo, place));
  });
  writer.chain(current, lines);
  if (targets.has(rules.length)) writer.chain(`${name}_s${rules.length}`, ['return']);
}

function ruleLines(writer: Writer, loaded: LoadedRule, skipTo: string, place: Place): string[] {
  const { rule } = loaded;
  const number = writer.number(loaded);
  const counter = `counter name "r${number}"`;
  const lines: string[] = [];
  for (const match of matchExpressions(rule, writer.device)) {
    const prefix = match === '' ? '' : `${match} `;
    if (rule.action === 'skip' || rule.action === 'log') {
      if (rule.head !== '') throw new NotModelled(`"${rule.action} … head" in the kernel`);
      lines.push(
        `${prefix}${counter} meta mark set meta mark | ${ODD_BIT}${rule.action === 'skip' && place.heads.length === 0 ? ` goto ${skipTo}` : ''}`,
      );
      if (place.heads.length > 0) {
        lines.push(`${prefix}meta mark & ${RULE_BITS} { ${place.heads.join(', ')} } goto ${place.direction}_verdict`);
        if (rule.action === 'skip') lines.push(`${prefix}goto ${skipTo}`);
      }
      continue;
    }
    lines.push(...deciderLines(writer, loaded, number, prefix, place));
  }
  if (rule.action !== 'skip' && rule.action !== 'log') writer.deciders.set(number, loaded);
  return lines;
}

function deciderLines(writer: Writer, loaded: LoadedRule, number: number, prefix: string, place: Place): string[] {
  const { rule, members } = loaded;
  const counter = `counter name "r${number}"`;
  const set = `meta mark set ${number}`;
  const verdict = `goto ${place.direction}_verdict`;
  // The kernel keeps nothing of a connection whose first packet it drops.
  if (rule.action === 'block' && rule.keepState !== undefined)
    throw new NotModelled('"block … keep state" in the kernel');
  // A quick rule whose packet cannot begin a state counts, and does not decide.
  const stateful = rule.quick && rule.keepState !== undefined;
  if (members === undefined) {
    if (!stateful) return [`${prefix}${counter} ${set}${rule.quick ? ` ${verdict}` : ''}`];
    writer.chain(`try_r${number}`, [
      ...stateless(writer).map((condition) => `${condition} return`),
      `${set} ${verdict}`,
    ]);
    return [`${prefix}${counter} jump try_r${number}`];
  }
  const deeper = { direction: place.direction, depth: place.depth + 1 };
  const group = groupChain(writer, members, deeper, rule.quick ? number : undefined);
  if (!rule.quick) return [`${prefix}${counter} ${set} jump ${group}`];
  if (!stateful)
    return [`${prefix}${counter} ${set} jump ${group}`, `${prefix}meta mark & ${RULE_BITS} ${number} ${verdict}`];
  writer.chain(`head_r${number}`, [
    ...stateless(writer).map((condition) => `${condition} goto ${group}`),
    `${set} jump ${group}`,
    `meta mark & ${RULE_BITS} ${number} ${verdict}`,
  ]);
  return [`${prefix}${counter} jump head_r${number}`];
}

/** The chain of a group: one for all heads, and one for each quick head, which changes what a match in the group means. */
function groupChain(
  writer: Writer,
  members: RuleList,
  place: Omit<Place, 'heads'>,
  quickHead: number | undefined,
): string {
  if (place.depth > MAX_DEPTH) throw new NotModelled(`groups deeper than ${MAX_DEPTH} in the kernel`);
  const chains = writer.groups.get(members) ?? new Map<number, string>();
  writer.groups.set(members, chains);
  const known = chains.get(quickHead ?? 0);
  if (known !== undefined) return known;
  const group = [...writer.groups.keys()].indexOf(members) + 1;
  const name = `${place.direction}_g${group}${quickHead === undefined ? '' : `_q${quickHead}`}`;
  chains.set(quickHead ?? 0, name);
  writeList(writer, name, members, { ...place, heads: quickHead === undefined ? [] : [quickHead] });
  return name;
}

/** Packets that begin no state: resets, flags that contradict each other, ICMP that asks nothing. */
function stateless({ family }: Writer): string[] {
  return [
    'meta l4proto tcp tcp flags & 0x04 == 0x04',
    'meta l4proto tcp tcp flags & 0x16 == 0x0',
    'meta l4proto tcp tcp flags & 0x10 == 0x0 tcp flags & 0x29 != 0x0',
    'meta l4proto tcp tcp flags & 0x20 == 0x20 tcp urgptr 0',
    `meta l4proto ${ICMP_NUMBERS[family]} @th,0,8 != { ${QUERY_TYPES[family]} }`,
    ...(family === 'ipv4' ? [] : ['meta l4proto 1']),
  ];
}

function writeVerdicts(writer: Writer, direction: 'in' | 'out'): void {
  const mine = [...writer.deciders].filter(([, { rule }]) => rule.direction === direction);
  const entries = mine.map(([number, loaded]) => `${number} : ${verdictOf(writer, loaded.rule, number, direction)}`);
  writer.chain(`${direction}_pass`, direction === 'out' ? ['jump out_acct', 'accept'] : ['accept']);
  writer.chain(`${direction}_verdict`, [
    ...(entries.length === 0 ? [] : [`meta mark & ${RULE_BITS} vmap { ${entries.join(', ')} }`]),
    `goto ${direction}_pass`,
  ]);
}

function verdictOf(writer: Writer, rule: FilterRule, number: number, direction: 'in' | 'out'): string {
  if (rule.keepState !== undefined) {
    writer.chain(`state_r${number}`, stateLines(writer, rule, number, direction));
    return `goto state_r${number}`;
  }
  if (rule.action === 'pass') return `goto ${direction}_pass`;
  if (rule.answer === undefined || direction === 'out') return 'drop';
  writer.chain(`answer_r${number}`, answerLines(writer, rule));
  return `goto answer_r${number}`;
}

function stateLines(writer: Writer, rule: FilterRule, number: number, direction: 'in' | 'out'): string[] {
  const bits = (number & (NO_ICMP_ERRORS - 1)) | (rule.keepState?.noIcmpErrors === true ? NO_ICMP_ERRORS : 0);
  return [
    ...stateless(writer).map((condition) => `${condition} drop`),
    `meta mark & ${ODD_BIT} == 0x0 ct mark set ${stateMark(writer, bits)}`,
    `meta mark & ${ODD_BIT} == ${ODD_BIT} ct mark set ${stateMark(writer, bits | BLOCKED)}`,
    `goto ${direction}_pass`,
  ];
}

/** Generation, bits, rule, as a ct mark has them. */
function stateMark({ generation }: Pick<Writer, 'generation'>, bits: number): string {
  return `0x${(generation * 0x10000 + bits).toString(16)}`;
}

function answerLines({ family }: Writer, rule: FilterRule): string[] {
  const mark = `meta mark set ${ANSWER_MARK}`;
  if (rule.answer === 'return-rst') return [`meta l4proto tcp ${mark} reject with tcp reset`, 'drop'];
  const code = REJECT_CODES[family][rule.answerCode];
  if (code === undefined) throw new NotModelled(`return-icmp with code ${rule.answerCode} in the kernel`);
  return [`${mark} reject with ${family === 'ipv4' ? 'icmp' : 'icmpv6'} ${code}`];
}

function writeHooks(
  writer: Writer,
  { filterNeighbourDiscovery = NEIGHBOUR_DISCOVERY_IS_FILTERED }: FilterScriptOptions,
): void {
  const discovery = writer.family === 'ipv6' && !filterNeighbourDiscovery ? ['icmpv6 type 133-137 accept'] : [];
  // An ICMPv6 error about a ping finds no state (ipfilter.md, "Added").
  const pings = writer.family === 'ipv6' ? ['meta l4proto 58 @th,0,8 1-4 @th,112,8 58'] : [];
  const walk = (direction: 'in' | 'out') => [
    ...pings.map((condition) => `${condition} goto ${direction}_walk`),
    `ct mark & 0xffff4000 == ${stateMark(writer, NO_ICMP_ERRORS)} ct state related goto ${direction}_walk`,
    `ct mark & 0xffff8000 == ${stateMark(writer, 0)} goto ${direction}_pass`,
    `ct mark & 0xffff8000 == ${stateMark(writer, BLOCKED)} drop`,
    `goto ${direction}_walk`,
  ];
  for (const direction of ['in', 'out'] as const) {
    writer.chain(`${direction}_walk`, ['meta mark set 0', `jump ${direction}_rules`, `goto ${direction}_verdict`]);
  }
  writer.chain('hook_in', [
    'type filter hook prerouting priority 0; policy accept;',
    'iifname "lo" accept',
    ...discovery,
    'jump in_acct',
    ...walk('in'),
  ]);
  for (const hook of ['forward', 'output'] as const) {
    writer.chain(`hook_${hook}`, [
      `type filter hook ${hook} priority 0; policy accept;`,
      'oifname "lo" accept',
      `meta mark ${ANSWER_MARK} accept`,
      ...discovery,
      ...walk('out'),
    ]);
  }
}
