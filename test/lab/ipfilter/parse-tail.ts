// What follows the addresses of a rule: flags, icmp-type, with, keep, head, group, tags, pps, age (ipfilter.md 4: the order is fixed).
import {
  AFTER_AGE,
  AFTER_FLAGS,
  AFTER_GROUP,
  AFTER_HEAD,
  AFTER_ICMP,
  AFTER_KEEP,
  AFTER_MATCH_TAG,
  AFTER_PPS,
  AFTER_SET_TAG,
  AFTER_WITH,
  Crash,
  type ParseContext,
  Restart,
} from './parse-context.ts';
import type { BitMatch, FilterRule, KeepState, Match, Property } from './rule.ts';
import {
  ICMP_CODE_WORDS,
  ICMP_CODES,
  ICMP_TYPE_WORDS,
  ICMP_TYPES,
  IPV4_OPTION_WORDS,
  IPV4_OPTIONS,
  IPV6_HEADER_WORDS,
  IPV6_HEADERS,
  SECURITY_CLASS_WORDS,
  SECURITY_CLASSES,
} from './words.ts';

const TCP = 6;
const TCP_FLAGS = 'FSRPAUEC';
const ALL_FLAGS = 0x3f;
const GROUP_LENGTH = 16;

export function parseFlags(context: ParseContext): void {
  if (context.peek().kind !== 'flags') {
    context.end(AFTER_FLAGS);
    return;
  }
  context.take();
  const { match } = context.all()[0] ?? {};
  if (match === undefined) throw context.lexer.failure('flags with non-ipf type rule');
  if (match.protocol !== TCP) throw context.lexer.failure('flags with non-TCP rule');
  const first = context.peek().kind;
  let bits = 0;
  let mask = ALL_FLAGS;
  if (first !== '/') bits = parseFlagSet(context);
  if (context.peek().kind === '/') {
    context.take();
    mask = parseFlagSet(context);
  } else context.end(AFTER_FLAGS);
  for (const each of context.conditions()) each.tcpFlags = { bits, mask };
}

function parseFlagSet(context: ParseContext): number {
  const token = context.peek();
  if (token.kind !== 'string' && token.kind !== 'number' && token.kind !== 'hex') return context.fail();
  context.take();
  return token.kind === 'string' ? flagBits(token.text) : token.number & 0xff;
}

/** One unknown letter and no flag at all is set (ipfilter.md 4). "W" is the congestion flag too. */
function flagBits(text: string): number {
  let bits = 0;
  for (const letter of text.replaceAll('W', 'C')) {
    const index = TCP_FLAGS.indexOf(letter);
    if (index < 0) return 0;
    bits |= 1 << index;
  }
  return bits;
}

/** The number of a code or type, by number or by name. */
function parseNamed(context: ParseContext, names: readonly (string | undefined)[]): number {
  const token = context.peek();
  const index = names.indexOf(token.kind);
  if (token.kind !== 'number' && index < 0) return context.fail();
  context.take();
  return token.kind === 'number' ? token.number : index;
}

export function parseIcmpCode(context: ParseContext): number {
  return parseNamed(context, ICMP_CODES);
}

const TYPE_NAMES = Array.from({ length: 19 }, (_, i) => ICMP_TYPES[i]);

const swapped = (number: number) => ((number & 0xff) << 8) | ((number >> 8) & 0xff);

export function parseIcmp(context: ParseContext): void {
  if (context.peek().kind !== 'icmp-type') {
    context.end(AFTER_ICMP);
    return;
  }
  context.take();
  context.conditions();
  numbers(context, ICMP_TYPE_WORDS, TYPE_NAMES, ({ icmp }, type) => {
    icmp.bits = (type << 8) & 0xff00;
    icmp.mask = 0xff00;
  });
  if (context.peek().kind !== 'code') {
    context.end(AFTER_ICMP);
    return;
  }
  context.take();
  numbers(context, ICMP_CODE_WORDS, ICMP_CODES, ({ icmp }, code) => {
    // The number is put in network order as two bytes: what is above 255 lands on the type.
    icmp.bits |= swapped(swapped(code & 0xffff));
    icmp.mask |= 0xff;
  });
}

function numbers(
  context: ParseContext,
  words: Parameters<ParseContext['lexer']['pushWords']>[0],
  names: readonly (string | undefined)[],
  set: (match: Match, number: number) => void,
): void {
  context.lexer.pushWords(words);
  if (context.peek().kind === '(') {
    const element = () => {
      const number = parseNamed(context, names);
      for (const { match } of context.rest()) if (match !== undefined) set(match, number);
    };
    context.list(element, new Set(['number', ...names.filter((name) => name !== undefined)]));
  } else {
    const number = parseNamed(context, names);
    for (const match of context.conditions()) set(match, number);
  }
  context.lexer.dropWords();
}

/** Words of `with`, and the property each asks for. */
const WITH_WORDS: Readonly<Record<string, Property>> = {
  ipopts: 'ipopts',
  short: 'short',
  nat: 'nat',
  bad: 'bad',
  'bad-nat': 'bad-nat',
  'bad-src': 'bad-src',
  lowttl: 'lowttl',
  frag: 'frag',
  frags: 'frag',
  'frag-body': 'frag-body',
  mbcast: 'mbcast',
  mcast: 'mcast',
  broadcast: 'bcast',
  state: 'state',
  oow: 'oow',
};

export function parseWith(context: ParseContext): void {
  if (context.peek().kind !== 'with' && context.peek().kind !== 'and') {
    context.end(AFTER_WITH);
    return;
  }
  context.take();
  context.conditions();
  // Once "not" was said it also holds for the options that follow.
  const state = { not: false };
  parseWithWord(context, state);
  for (;;) {
    const { kind } = context.peek();
    if (kind === ',') context.take();
    else if (WITH_WORDS[kind] === undefined && !['not', 'no', 'opt', 'v6hdrs'].includes(kind)) break;
    parseWithWord(context, state);
  }
  context.end(AFTER_WITH);
}

function parseWithWord(context: ParseContext, state: { not: boolean }): void {
  const { lexer } = context;
  let not = false;
  if (context.peek().kind === 'not' || context.peek().kind === 'no') {
    context.take();
    not = true;
    state.not = true;
  }
  const { kind } = context.peek();
  const property = WITH_WORDS[kind];
  if (property !== undefined) {
    context.take();
    for (const match of context.conditions()) {
      match.properties.set(property, !not || match.properties.get(property) === true);
    }
    return;
  }
  if (kind === 'opt') {
    context.take();
    lexer.pushWords(IPV4_OPTION_WORDS);
    setBits(context, state, 'options', parseOptions(context, state));
    lexer.dropWords();
    return;
  }
  if (kind !== 'v6hdrs' || not) {
    context.fail();
  }
  context.take();
  if (!context.ipv6) throw lexer.failure('only available with IPv6');
  lexer.pushWords(IPV6_HEADER_WORDS);
  setBits(context, state, 'options', parseBits(context, IPV6_HEADERS));
  lexer.dropWords();
}

function setBits(
  context: ParseContext,
  { not }: { not: boolean },
  which: 'options' | 'securityClasses',
  bits: number,
): void {
  for (const match of context.conditions()) {
    const field: BitMatch = match[which];
    field.mask |= bits;
    if (!not) field.bits |= bits;
  }
}

function parseBits(context: ParseContext, names: readonly string[]): number {
  let bits = 0;
  do {
    const index = names.indexOf(context.peek().kind);
    if (index < 0) return context.fail();
    context.take();
    bits |= 1 << index;
  } while (context.peek().kind === ',' && context.take());
  return bits;
}

function parseOptions(context: ParseContext, state: { not: boolean }): number {
  let bits = 0;
  do {
    if (context.peek().kind === 'sec-class') {
      context.take();
      context.lexer.pushWords(SECURITY_CLASS_WORDS);
      setBits(context, state, 'securityClasses', parseBits(context, SECURITY_CLASSES));
      context.lexer.dropWords();
    } else {
      const index = IPV4_OPTIONS.indexOf(context.peek().kind);
      if (index < 0) return context.fail();
      context.take();
      bits |= 1 << index;
    }
  } while (context.peek().kind === ',' && context.take());
  return bits;
}

export function parseKeep(context: ParseContext): void {
  if (context.peek().kind !== 'keep') {
    context.end(AFTER_KEEP);
    return;
  }
  context.take();
  const first = context.peek().kind;
  parseKept(context);
  if (context.peek().kind !== 'keep') {
    context.end(AFTER_KEEP);
    return;
  }
  context.take();
  if ((context.peek().kind === 'state') === (first === 'state')) {
    context.fail();
  }
  parseKept(context);
  context.end(AFTER_KEEP);
}

function parseKept(context: ParseContext): void {
  switch (context.peek().kind) {
    case 'state': {
      context.take();
      const keep: KeepState = { limit: 0, strict: false, newIsn: false, noIcmpErrors: false, sync: false };
      parenthesized(context, STATE_WORDS, () => parseStateOption(context, keep));
      for (const rule of context.all()) rule.keepState = { ...keep };
      return;
    }
    case 'frag':
    case 'frags': {
      context.take();
      let strict = false;
      parenthesized(context, ['strict'], () => {
        context.expect('strict');
        strict = true;
      });
      for (const rule of context.all()) rule.keepFrags = { strict };
      return;
    }
    default:
      context.fail();
  }
}

const STATE_WORDS = ['limit', 'strict', 'newisn', 'no-icmp-err', 'sync'];

function parenthesized(context: ParseContext, words: readonly string[], option: () => void): void {
  if (context.peek().kind !== '(') {
    context.end(new Set(['keep', ...AFTER_KEEP]));
    return;
  }
  context.take();
  option();
  while (context.peek().kind !== ')') {
    if (context.peek().kind === ',') context.take();
    else context.end(new Set(words));
    option();
  }
  context.take();
}

function parseStateOption(context: ParseContext, keep: KeepState): void {
  switch (context.peek().kind) {
    case 'limit':
      context.take();
      keep.limit = context.expect('number').number;
      return;
    case 'strict':
      context.take();
      requireTcp(context.all());
      keep.strict = true;
      return;
    case 'newisn':
      context.take();
      requireTcp(context.all());
      keep.newIsn = true;
      return;
    case 'no-icmp-err':
      context.take();
      keep.noIcmpErrors = true;
      return;
    case 'sync':
      context.take();
      keep.sync = true;
      return;
    default:
      context.fail();
  }
}

/** ipfilter.md 4: "(strict), (newisn): only in a rule with proto tcp; elsewhere the parser crashed without a message". */
function requireTcp(rules: readonly FilterRule[]): void {
  for (const { match } of rules) {
    if (match === undefined) throw new Crash();
    if (match.protocol !== TCP) throw new Restart();
  }
}

/** head and group. A number is printed as signed (4294967295 is "-1"); names are cut to 16 bytes. */
export function parseHead(context: ParseContext): void {
  if (context.peek().kind !== 'head') {
    context.end(AFTER_HEAD);
    return;
  }
  context.take();
  const name = groupName(context);
  for (const rule of context.all()) rule.head = name;
}

export function parseGroup(context: ParseContext, inherit: (rule: FilterRule) => void): void {
  if (context.peek().kind !== 'group') {
    context.end(AFTER_GROUP);
    return;
  }
  context.take();
  const name = groupName(context);
  for (const rule of context.all()) {
    rule.group = name;
    inherit(rule);
  }
}

function groupName(context: ParseContext): string {
  const token = context.peek();
  if (token.kind !== 'string' && token.kind !== 'number') return context.fail();
  context.take();
  return token.kind === 'string' ? token.text.slice(0, GROUP_LENGTH) : String(token.number | 0);
}

/** set-tag(…) and match-tag(…): both fill the same fields. */
export function parseTags(context: ParseContext): void {
  for (const [word, after] of [
    ['set-tag', AFTER_SET_TAG],
    ['match-tag', AFTER_MATCH_TAG],
  ] as const) {
    if (context.peek().kind !== word) {
      context.end(after);
      continue;
    }
    context.take();
    context.expect('(');
    do parseTag(context);
    while (context.peek().kind === ',' && context.take());
    context.expect(')');
  }
}

function parseTag(context: ParseContext): void {
  const { kind } = context.peek();
  if (kind !== 'log' && kind !== 'nat') {
    context.fail();
  }
  context.take();
  context.expect('=');
  const token = context.peek();
  if (token.kind !== 'number' && (kind === 'log' || token.kind !== 'string')) {
    context.fail();
  }
  context.take();
  for (const rule of context.all()) {
    if (kind === 'log') rule.logTag = token.number;
    else rule.natTag = token.kind === 'string' ? token.text.slice(0, GROUP_LENGTH) : String(token.number | 0);
  }
}

export function parseRates(context: ParseContext): void {
  if (context.peek().kind === 'pps') {
    context.take();
    const { number } = context.expect('number');
    for (const rule of context.all()) rule.packetsPerSecond = number;
  } else context.end(AFTER_PPS);
  if (context.peek().kind !== 'age') {
    context.end(AFTER_AGE);
    return;
  }
  context.take();
  const forward = context.expect('number').number;
  let back = forward;
  if (context.peek().kind === '/') {
    context.take();
    back = context.expect('number').number;
  } else context.end(AFTER_AGE);
  for (const rule of context.all()) rule.age = [forward, back];
}
