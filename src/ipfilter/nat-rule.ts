import type { Family } from '../domain/address.ts';
import {
  createWords,
  parseRuleFile,
  portNumber,
  type Range,
  type RuleFile,
  takeProtocols,
  takeRange,
  Unjudged,
  type Words,
} from './words.ts';

/** A rule of ipnat.conf, as far as it decides about the first packet of a connection. */
export interface NatRule {
  /** The number of its line in the file, from 1. */
  readonly line: number;
  readonly text: string;
  readonly kind: 'map' | 'rdr';
  readonly link: string;
  /** Whose packets: the source of a map, the target of a rdr. */
  readonly of: Range;
  /** Numbers of protocols. Undefined: any. */
  readonly protocols?: readonly number[];
  /** Of a rdr: which ports. */
  readonly ports?: { readonly first: number; readonly last: number };
  /** The address that is put in. Undefined: that of the link at the time. */
  readonly to: bigint | undefined;
  /** Of a map: the ports that are taken from. Of a rdr: the first port that is led to, or the only one. */
  readonly toPorts?: { readonly first: number; readonly last: number; readonly one: boolean };
}

export type NatFile = RuleFile<NatRule>;

/** Reads a file of NAT rules, one a line: those of one family; which it is is seen by its addresses. */
export function parseNatFile(text: string, family: Family): NatFile {
  const other = family === 'inet' ? 'inet6' : 'inet';
  return parseRuleFile(text, (rule, line) => (isOfFamily(rule, other) ? undefined : parseNatRule(rule, line, family)));
}

/** IPv6 addresses have two colons at least; ranges of ports have one. */
const isOfFamily = (rule: string, family: Family) => /[0-9a-f]*:[0-9a-f]*:/i.test(rule) === (family === 'inet6');

/** @throws {Unjudged} */
export function parseNatRule(text: string, line: number, family: Family): NatRule {
  const words = createWords(text);
  const kind = words.take();
  if (kind !== 'map' && kind !== 'rdr') throw new Unjudged(`"${kind}" is not judged`);
  const base = { line, text, kind, link: words.take() } as const;
  return kind === 'rdr' ? { ...base, ...takeRedirect(words, family) } : { ...base, ...takeMap(words, family) };
}

/** As NAT rules call TCP and UDP together. */
const BOTH = ['tcp/udp', 'tcpudp'];

type Rest = Omit<NatRule, 'line' | 'text' | 'kind' | 'link'>;

function takeMap(words: Words, family: Family): Rest {
  // Which of several such rules the engine takes is not told by its data.
  if (words.peek() === 'from') throw new Unjudged('a map with conditions is not judged');
  const of = takeNetwork(words, family);
  words.expect('->');
  const to = takeTarget(words, family);
  const rest: Rest = { of, to };
  if (words.skip('portmap')) {
    const protocols = takeProtocols(words, BOTH);
    const ports = words.take();
    if (words.peek() !== undefined && words.peek() !== 'sequential')
      throw new Unjudged(`"${words.peek()}" is not judged`);
    return { ...rest, protocols, toPorts: { ...takeRangeOfPorts(ports), one: false } };
  }
  if (words.skip('icmpidmap')) {
    // It takes what has ports too, and gives it one of these (nat.json).
    words.take();
    return { ...rest, toPorts: { ...takeRangeOfPorts(words.take()), one: false } };
  }
  const next = words.peek();
  if (next === undefined) return rest;
  if (/^(tcp|udp|icmp|ipv6-icmp|tcp\/udp)$/.test(next)) return { ...rest, protocols: takeProtocols(words, BOTH) };
  throw new Unjudged(`"${next}" is not judged`);
}

function takeRedirect(words: Words, family: Family): Rest {
  if (words.peek() === 'from') throw new Unjudged('a rdr with conditions is not judged');
  const of = takeNetwork(words, family);
  if (!words.skip('port')) throw new Unjudged('a rdr without a port is not judged');
  const ports = takeRedirectedPorts(words);
  if (ports.first === 0) throw new Unjudged('a rdr of every port is not judged');
  words.expect('->');
  const to = takeTarget(words, family);
  if (words.peek() === ',') throw new Unjudged('a rdr to several is not judged');
  if (!words.skip('port')) throw new Unjudged('a rdr to no port is not judged');
  const one = words.skip('=');
  const first = portNumber(words.take());
  const next = words.peek();
  const protocols = next !== undefined && /^(tcp|udp|tcp\/udp)$/.test(next) ? takeProtocols(words, BOTH) : [6];
  if (words.peek() !== undefined) throw new Unjudged(`"${words.peek()}" is not judged`);
  return { of, protocols, ports, to, toPorts: { first, last: first, one } };
}

function takeRedirectedPorts(words: Words): { first: number; last: number } {
  words.skip('=');
  const [first = '', last = first] = words.take().split('-');
  return { first: portNumber(first), last: portNumber(last) };
}

/** Bits behind the mask are cut off in NAT rules of both families, unlike in those of the filter. */
function takeNetwork(words: Words, family: Family): Range {
  const range = takeRange(words, family);
  return { ...range, value: range.value & range.mask };
}

/** One address; 0/32 is that of the link. */
function takeTarget(words: Words, family: Family): bigint | undefined {
  const { value, length } = takeNetwork(words, family);
  if (length !== (family === 'inet' ? 32 : 128)) throw new Unjudged('a pool of addresses is not judged');
  return value === 0n ? undefined : value;
}

function takeRangeOfPorts(text: string): { first: number; last: number } {
  const [, first, last] = /^(\d+):(\d+)$/.exec(text) ?? [];
  if (first === undefined || last === undefined) throw new Unjudged(`ports "${text}" are the engine's choice`);
  return { first: Number(first), last: Number(last) };
}
