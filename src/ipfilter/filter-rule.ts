import type { Family } from '../domain/address.ts';
import {
  createWords,
  type PortTest,
  parseRuleFile,
  type Range,
  type RuleFile,
  takePorts,
  takeProtocols,
  takeRange,
  Unjudged,
  type Words,
} from './words.ts';

/** A rule of ipf.conf or ipf6.conf, as far as it decides. */
export interface FilterRule {
  /** The number of its line in the file, from 1. */
  readonly line: number;
  readonly text: string;
  readonly action: 'pass' | 'block' | 'count' | 'log' | 'skip';
  /** How a blocked packet is answered: "return-rst". Empty: not at all. */
  readonly answer: string;
  /** Of skip: how many rules. */
  readonly skip: number;
  readonly direction: 'in' | 'out';
  readonly quick: boolean;
  /** Undefined: on every link. */
  readonly link?: string;
  /** Numbers of protocols. Undefined: any. */
  readonly protocols?: readonly number[];
  readonly source: End;
  readonly target: End;
  readonly flags?: { readonly set: string; readonly of: string };
  readonly icmp?: { readonly type: number; readonly code?: number };
  /** with nat, with not nat. */
  readonly translated?: boolean;
  readonly keepsState: boolean;
  readonly head?: string;
  readonly group?: string;
}

interface End {
  /** Undefined: any. */
  readonly range?: Range;
  readonly not: boolean;
  readonly port?: PortTest;
}

const ANY: End = { not: false };

/** Types of ICMP by the names that rules have for them. */
const ICMP_TYPES: Readonly<Record<string, number>> = {
  echorep: 0,
  unreach: 3,
  squench: 4,
  redir: 5,
  echo: 8,
  routerad: 9,
  routersol: 10,
  timex: 11,
  paramprob: 12,
  timest: 13,
  timestrep: 14,
  inforeq: 15,
  inforep: 16,
  maskreq: 17,
  maskrep: 18,
};
const UNREACHABLE: Readonly<Record<string, number>> = {
  'net-unr': 0,
  'host-unr': 1,
  'proto-unr': 2,
  'port-unr': 3,
  needfrag: 4,
  srcfail: 5,
};

export type FilterFile = RuleFile<FilterRule>;

/** Reads a file of filter rules, one a line. */
export function parseFilterFile(text: string, family: Family): FilterFile {
  return parseRuleFile(text, (rule, line) => parseFilterRule(rule, line, family));
}

/** @throws {Unjudged} */
export function parseFilterRule(text: string, line: number, family: Family): FilterRule {
  const words = createWords(text);
  const { action, answer, skip } = takeAction(words);
  const direction = words.take();
  if (direction !== 'in' && direction !== 'out') throw new Unjudged(`"${direction}" is neither in nor out`);
  const options = takeOptions(words);
  const protocols = words.skip('proto') ? takeProtocols(words, ['tcp/udp', 'udp/tcp']) : undefined;
  const [source, target] = words.skip('all') ? [ANY, ANY] : takeEnds(words, family);
  const tail = takeTail(words);
  return {
    line,
    text,
    action,
    answer,
    skip,
    direction,
    ...options,
    ...(protocols === undefined ? {} : { protocols }),
    source,
    target,
    ...tail,
  };
}

function takeAction(words: Words): Pick<FilterRule, 'action' | 'answer' | 'skip'> {
  const action = words.take();
  if (action === 'pass' || action === 'count' || action === 'log') return { action, answer: '', skip: 0 };
  if (action === 'skip') return { action, answer: '', skip: Number(words.take()) };
  if (action !== 'block') throw new Unjudged(`"${action}" is not judged`);
  const answer = /^return-/.test(words.peek() ?? '') ? words.take() : '';
  if (answer !== '' && words.skip('(')) {
    words.take();
    words.expect(')');
  }
  return { action, answer, skip: 0 };
}

function takeOptions(words: Words): Pick<FilterRule, 'quick' | 'link'> {
  let [quick, link] = [false, undefined as string | undefined];
  for (;;) {
    if (words.skip('quick')) quick = true;
    else if (words.skip('log')) {
      while (['first', 'body', 'or-block'].includes(words.peek() ?? '')) words.take();
      if (words.skip('level')) words.take();
    } else if (words.skip('on')) {
      link = words.take();
      if (words.peek() === ',') throw new Unjudged('it is on several links');
    } else break;
  }
  return { quick, ...(link === undefined ? {} : { link }) };
}

function takeEnds(words: Words, family: Family): [End, End] {
  words.expect('from');
  const source = takeEnd(words, family);
  words.expect('to');
  return [source, takeEnd(words, family)];
}

function takeEnd(words: Words, family: Family): End {
  const not = words.skip('!');
  const any = words.skip('any');
  const range = any ? undefined : takeRange(words, family);
  const port = words.skip('port') ? takePorts(words) : undefined;
  return { ...(range === undefined ? {} : { range }), not, ...(port === undefined ? {} : { port }) };
}

type Tail = Pick<FilterRule, 'flags' | 'icmp' | 'translated' | 'keepsState' | 'head' | 'group'>;

function takeTail(words: Words): Tail {
  let tail: Tail = { keepsState: false };
  while (words.peek() !== undefined) {
    if (words.skip('flags')) {
      const [set = '', of = 'FSRPAU'] = words.take().split('/');
      tail = { ...tail, flags: { set, of } };
    } else if (words.skip('icmp-type')) tail = { ...tail, icmp: takeIcmp(words) };
    else if (words.skip('with')) tail = { ...tail, translated: takeWith(words) };
    else if (words.skip('keep')) {
      if (words.skip('frags')) continue;
      words.expect('state');
      if (words.skip('(')) while (!words.skip(')')) words.take();
      tail = { ...tail, keepsState: true };
    } else if (words.skip('head')) tail = { ...tail, head: words.take() };
    else if (words.skip('group')) tail = { ...tail, group: words.take() };
    else throw new Unjudged(`"${words.peek()}" is not judged`);
  }
  return tail;
}

function takeIcmp(words: Words): { type: number; code?: number } {
  const name = words.take();
  const type = ICMP_TYPES[name] ?? (/^\d+$/.test(name) ? Number(name) : undefined);
  if (type === undefined || type > 255) throw new Unjudged(`icmp-type "${name}" is not known`);
  if (!words.skip('code')) return { type };
  const code = words.take();
  const number = UNREACHABLE[code] ?? (/^\d+$/.test(code) ? Number(code) : undefined);
  if (number === undefined || number > 255) throw new Unjudged(`code "${code}" is not known`);
  return { type, code: number };
}

function takeWith(words: Words): boolean {
  const not = words.skip('not') || words.skip('no');
  if (!words.skip('nat')) throw new Unjudged(`with "${words.peek()}" is not judged`);
  return !not;
}
