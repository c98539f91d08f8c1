// ipf's grammar (§7.5, ipfilter.md 1 and 4): a file becomes rules one by one, each loaded as soon as it is read.
import { NotModelled } from '../daemon/call.ts';
import { createLexer, SyntaxFailure } from './lexer.ts';
import { protocolNumber } from './names.ts';
import {
  AFTER_BLOCK,
  AFTER_LOG,
  AFTER_OPTION,
  AFTER_OPTIONS,
  AFTER_PROTO,
  AFTER_RULE,
  AFTER_TOS,
  AFTER_TTL,
  Crash,
  createContext,
  type ParseContext,
  Restart,
  RULE_STARTS,
} from './parse-context.ts';
import { parseAddresses, parseHost } from './parse-object.ts';
import {
  parseFlags,
  parseGroup,
  parseHead,
  parseIcmp,
  parseIcmpCode,
  parseKeep,
  parseRates,
  parseTags,
  parseWith,
} from './parse-tail.ts';
import { type Answer, emptyRule, type Family, type FilterRule, type Match, type Target } from './rule.ts';
import { FACILITIES, ICMP_CODE_WORDS, IPF_WORDS, LOG_WORDS, PRIORITIES } from './words.ts';

/** What one run of ipf remembers from file to file. */
export interface ParseSession {
  /** Rules read so far, the newest first: members of a group take their protocol from its head. */
  readonly read: FilterRule[];
  readonly variables: Map<string, string>;
}

/** What reading a file brings about, in order. All text is one character a byte (latin1). */
export interface ParseHandler {
  /** A rule was read and is loaded now; `line` is where the parser stands, which is often a line too far. */
  rule(rule: FilterRule, line: number): void;
  /** What `-v` shows of a pool written in a rule. */
  table(lines: readonly string[]): void;
  /** `set intercept_loopback`. */
  loopback(on: boolean): void;
  /** A line for stderr. The last one of a file that fails is the failure. */
  warn(line: string): void;
}

/** "syntax": the failure was warned about and ipf exits 1; "crash": it dies without a word. */
export type ParseEnding = 'done' | 'syntax' | 'crash';

const INTERFACE_LENGTH = 32;
const ANSWERS: Readonly<Record<string, Answer>> = {
  'return-rst': 'return-rst',
  'return-icmp': 'return-icmp',
  'return-icmp-as-dest': 'return-icmp-as-dest',
};

export function createSession(): ParseSession {
  return { read: [], variables: new Map() };
}

/** Reads one file. */
export function parseFilter(
  session: ParseSession,
  file: Uint8Array,
  family: Family,
  handler: ParseHandler,
): ParseEnding {
  const lexer = createLexer(file, IPF_WORDS, handler.warn, session.variables);
  const pending: FilterRule[] = [];
  // A file that begins with a NUL, or has one where the parser starts anew, ends there without a word.
  while (lexer.upcoming > 0) {
    const context = createContext({
      lexer,
      ipv6: family === 'ipv6',
      warn: handler.warn,
      showTable: handler.table,
      pending,
    });
    try {
      parseStatements({ context, session, family, handler });
    } catch (error) {
      if (error instanceof Crash) return 'crash';
      if (error instanceof SyntaxFailure) {
        handler.warn(error.message);
        return 'syntax';
      }
      if (!(error instanceof Restart)) throw error;
    }
  }
  return 'done';
}

interface Parsing {
  readonly context: ParseContext;
  readonly session: ParseSession;
  readonly family: Family;
  readonly handler: ParseHandler;
}

/** One statement or more, up to the end of the file, or to the "}" of a block. */
function parseStatements(parsing: Parsing, end: 'end' | '}' = 'end'): void {
  const { context } = parsing;
  do {
    const { kind } = context.peek();
    if (kind === 'comment') context.take();
    else if (kind === 'set') parseSet(parsing);
    else if (kind === 'string') parseAssignment(parsing);
    else if (RULE_STARTS.has(kind)) parseRule(parsing);
    else context.fail();
  } while (context.peek().kind !== end);
}

function parseSet({ context, session, handler }: Parsing): void {
  context.take();
  context.expect('intercept_loopback');
  const { text } = context.expect('string');
  context.expect(';');
  if (session.read.length > 0) throw context.lexer.failure('ipf rules before "set"');
  if (text !== 'true' && text !== 'false') throw context.lexer.failure('invalid argument for ipf_loopback');
  handler.loopback(text === 'true');
}

function parseAssignment({ context }: Parsing): void {
  const name = context.take().text;
  context.expect('=');
  context.lexer.setPlainNext(true);
  const value = context.expect('string').text;
  context.expect(';');
  context.lexer.setVariable(name, value);
  context.lexer.setPlainNext(false);
}

function parseRule(parsing: Parsing): void {
  const { context, session, family, handler } = parsing;
  const rule = emptyRule(family);
  context.begin(rule);
  if (context.peek().kind === '@') {
    context.take();
    rule.insertAt = context.expect('number').number;
  }
  if (context.peek().kind === 'number') rule.collection = context.take().number;
  parseAction(context, rule);
  const { kind } = context.peek();
  if (kind !== 'in' && kind !== 'out') context.fail();
  context.take();
  rule.direction = kind === 'in' ? 'in' : 'out';
  parseOptions(context, rule);
  parseConditions(context);
  parseWith(context);
  parseKeep(context);
  parseHead(context);
  parseGroup(context, (member) => inherit(session, member));
  parseTags(context);
  parseRates(context);
  if (context.peek().kind === '{') {
    context.take();
    parseStatements(parsing, '}');
    context.take();
  } else context.end(AFTER_BLOCK);
  if (context.peek().kind === ';') context.take();
  else context.end(AFTER_RULE);
  for (const read of context.pending.splice(0)) {
    handler.rule(read, context.lexer.line);
    session.read.unshift(read);
  }
}

function parseAction(context: ParseContext, rule: FilterRule): void {
  const { kind } = context.peek();
  switch (kind) {
    case 'block': {
      context.take();
      rule.action = 'block';
      const answer = ANSWERS[context.peek().kind];
      if (answer !== undefined) parseAnswer(context, rule, answer);
      return;
    }
    case 'pass':
    case 'count':
    case 'preauth':
      context.take();
      rule.action = kind;
      return;
    case 'log':
      rule.action = 'log';
      parseLog(context, rule);
      return;
    case 'auth':
      context.take();
      rule.action = 'auth';
      if (context.peek().kind === 'return-rst') {
        context.take();
        rule.answer = 'return-rst';
      }
      return;
    case 'skip':
      context.take();
      rule.action = 'skip';
      rule.skip = context.expect('number').number;
      return;
    case 'call':
      context.take();
      if (context.peek().kind === 'now') context.take();
      context.expect('string');
      context.expect('/');
      context.expect('number');
      throw new NotModelled('"call" in a filter rule');
    default:
      context.fail();
  }
}

function parseAnswer(context: ParseContext, rule: FilterRule, answer: Answer): void {
  context.take();
  rule.answer = answer;
  if (answer === 'return-rst' || context.peek().kind !== '(') return;
  context.take();
  context.lexer.pushWords(ICMP_CODE_WORDS);
  rule.answerCode = parseIcmpCode(context) & 0xff;
  context.expect(')');
  context.lexer.dropWords();
}

function parseLog(context: ParseContext, rule: FilterRule): void {
  context.take();
  rule.log = true;
  for (;;) {
    switch (context.peek().kind) {
      case 'body':
        context.take();
        rule.logOptions.body = true;
        break;
      case 'first':
        context.take();
        rule.logOptions.first = true;
        break;
      case 'or-block':
        context.take();
        rule.logOptions.orBlock = true;
        break;
      case 'level':
        rule.logOptions.level = parseLevel(context);
        break;
      default:
        context.end(AFTER_LOG);
        return;
    }
  }
}

function parseLevel(context: ParseContext): string {
  const { lexer } = context;
  context.take();
  lexer.pushWords(LOG_WORDS);
  lexer.setBreakOnDot(true);
  // A priority alone is one of local0; the facility kern has number 0 and is not printed.
  let facility = 'local0';
  if (FACILITIES.includes(context.peek().kind)) {
    facility = context.take().kind;
    context.expect('.');
  }
  if (!PRIORITIES.includes(context.peek().kind)) context.fail();
  const priority = context.take().kind;
  lexer.dropWords();
  lexer.setBreakOnDot(false);
  if (facility === 'logalert' || facility === 'security') throw new NotModelled(`log level ${facility}`);
  return facility === 'kern' ? priority : `${facility}.${priority}`;
}

/** log, quick, on, dup-to …, each at most once, in any order. */
function parseOptions(context: ParseContext, rule: FilterRule): void {
  const seen = new Set<string>();
  const once = (name: string) => {
    if (seen.has(name)) throw context.lexer.failure(`Duplicate ${name} option`);
    seen.add(name);
  };
  for (;;) {
    const { kind } = context.peek();
    switch (kind) {
      case 'log':
        parseLog(context, rule);
        once('log');
        break;
      case 'quick':
        context.take();
        rule.quick = true;
        once('quick');
        break;
      case 'on':
        parseOn(context, rule);
        once('on');
        break;
      case 'dup-to':
        rule.dupTo = parseTarget(context);
        once('dup');
        break;
      case 'to':
      case 'route-to':
        rule.to = parseTarget(context);
        once('proute');
        break;
      case 'reply-to':
        rule.replyTo = parseTarget(context);
        once('replyto');
        break;
      case 'fastroute':
        if (rule.direction === 'out') context.fail();
        context.take();
        rule.fastroute = true;
        once('froute');
        break;
      default:
        context.end(AFTER_OPTIONS);
        return;
    }
  }
}

function parseOn(context: ParseContext, rule: FilterRule): void {
  context.take();
  rule.interfaces[0] = parseInterface(context);
  if (context.peek().kind === ',') {
    context.take();
    rule.interfaces[1] = parseInterface(context);
  }
  const { kind } = context.peek();
  if (kind !== 'in-via' && kind !== 'out-via') {
    context.end(AFTER_OPTION);
    return;
  }
  context.take();
  rule.interfaces[2] = parseName(context);
  if (context.peek().kind === ',') {
    context.take();
    rule.interfaces[3] = parseName(context);
  } else context.end(AFTER_OPTION);
}

function parseName(context: ParseContext): string {
  return context.expect('string').text.slice(0, INTERFACE_LENGTH);
}

/** §7.7: an alias is warned about and shortened. */
function parseInterface(context: ParseContext): string {
  const name = context.expect('string').text;
  if (context.peek().kind === ':') {
    context.take();
    const { number } = context.expect('number');
    context.warn(
      `${context.lexer.line}: Logical interface ${name}:${number | 0} unsupported, use the physical interface ${name} instead.`,
    );
  }
  return name.slice(0, INTERFACE_LENGTH);
}

function parseTarget(context: ParseContext): Target {
  context.take();
  const name = parseName(context);
  if (context.peek().kind !== ':') {
    context.end(AFTER_OPTION);
    return { interface: name };
  }
  context.take();
  context.lexer.setExpectAddress(true);
  context.listsAddresses = true;
  const token = context.peek();
  if (token.kind === 'ipv6') context.take();
  const address = token.address ?? parseHost(context);
  context.lexer.setExpectAddress(false);
  return { interface: name, address };
}

function parseConditions(context: ParseContext): void {
  const { kind } = context.peek();
  if (kind === 'bpf-v4' || kind === 'bpf-v6') {
    context.take();
    context.expect('{');
    context.expect('string');
    context.expect('}');
    throw new SyntaxFailure('BPF filter expressions not supported');
  }
  parseByte(context, 'tos', ['number', 'hex'], AFTER_TOS);
  parseByte(context, 'ttl', ['number'], AFTER_TTL);
  parseProtocol(context);
  parseAddresses(context);
  parseFlags(context);
  parseIcmp(context);
}

/** tos and ttl: a number, cut to eight bits, or a list of them. */
function parseByte(
  context: ParseContext,
  word: 'tos' | 'ttl',
  kinds: readonly string[],
  after: ReadonlySet<string>,
): void {
  if (context.peek().kind !== word) {
    context.end(after);
    return;
  }
  context.take();
  context.conditions();
  const element = () => {
    if (!kinds.includes(context.peek().kind)) context.fail();
    const { number } = context.take();
    for (const { match } of context.rest()) if (match !== undefined) match[word] = number & 0xff;
  };
  if (context.peek().kind === '(') context.list(element, new Set(kinds));
  else element();
}

function parseProtocol(context: ParseContext): void {
  const { lexer } = context;
  if (context.peek().kind !== 'proto') {
    context.end(AFTER_PROTO);
    return;
  }
  context.take();
  const matches = context.conditions();
  lexer.pushWords(undefined);
  const set = (change: (match: Match) => void) => matches.forEach(change);
  if (context.peek().kind === 'number') {
    const number = context.take().number & 0xff;
    set((match) => {
      match.protocol = number;
    });
    lexer.dropWords();
    return;
  }
  const name = context.expect('string').text;
  let tcpUdp = name === 'tcp-udp';
  if (context.peek().kind === '/') {
    context.take();
    lexer.pushWords(undefined);
    const second = context.expect('string').text;
    if (name !== 'tcp' || second !== 'udp') throw new Restart();
    tcpUdp = true;
  } else context.end(AFTER_PROTO);
  const number = tcpUdp ? undefined : protocolNumber(name);
  if (!tcpUdp && number === undefined) throw lexer.failure('protocol unknown');
  set((match) => {
    if (number === undefined) match.tcpUdp = { looked: true };
    else match.protocol = number;
  });
  lexer.dropWords();
}

/**
 * A member of a group takes over its head's protocol, if the head was read in the same run. Of "tcp/udp" illumos copies only half,
 * so that the member matches nothing (ipfilter.md 5: "a group member without a protocol …").
 */
function inherit({ read }: ParseSession, member: FilterRule): void {
  const head = read.find((rule) => rule.head === member.group)?.match;
  const { match } = member;
  if (head === undefined || match === undefined) return;
  const unset = match.protocol === undefined;
  if (head.protocol !== undefined && (unset || match.protocol === 0)) match.protocol = head.protocol;
  if (match.protocol === undefined && match.tcpUdp === undefined && head.tcpUdp !== undefined)
    match.tcpUdp = { looked: false };
}
