// What the parts of ipf's grammar share: the token ahead, the rules under construction, and where each optional part may stop.
//
// illumos's parser is generated (LALR) and looks at the next token only where it has a choice; word lists are switched before or
// after that look, which decides what the token is. So `peek` is called exactly where there is a choice, and `end` names the
// tokens that may follow a part left out. conformance/ipf-grammar.json holds all of it.
import type { Lexer, Token } from './lexer.ts';
import { copyRule, emptyMatch, type FilterRule, type Match } from './rule.ts';

/** The parser gives up without a word and starts anew behind the token (yacc's YYERROR): what it read so far stays pending. */
export class Restart extends Error {
  override readonly name = 'Restart';
}

/** The program dies of a null pointer: no message, and nothing more of the file is read. */
export class Crash extends Error {
  override readonly name = 'Crash';
}

export interface ParseContext {
  readonly lexer: Lexer;
  readonly ipv6: boolean;
  warn(line: string): void;
  /** What `ipf -v` shows of a pool written in a rule. */
  showTable(lines: readonly string[]): void;
  peek(): Token;
  take(): Token;
  /** The next token if it is of that kind, else a syntax error. */
  expect(kind: string): Token;
  /** A syntax error at the token ahead. */
  fail(): never;
  /** Nothing more of this part: a syntax error unless one of these follows. */
  end(follow: ReadonlySet<string>): void;
  /** The rules of the statement being read: one, or more where a list stood. */
  all(): FilterRule[];
  /** Of them, those that the next element of a list is for. */
  rest(): FilterRule[];
  /** From here on `rest` is all of them. */
  restart(): void;
  /** Makes every rule one with conditions. */
  conditions(): Match[];
  /** Reads "(a, b c)": `element` for each, after copying the rules for all but the first. */
  list(element: () => void, starts: ReadonlySet<string>): void;
  /** While set, each further element of a list is read as an address. */
  listsAddresses: boolean;
  /** Rules read and not yet loaded, older ones first. */
  readonly pending: FilterRule[];
  /** Begins the statement of a rule. */
  begin(rule: FilterRule): void;
}

export const RULE_STARTS: ReadonlySet<string> = new Set(
  '@ number block pass log count auth preauth skip call'.split(' '),
);

const follow = (kinds: string, after: ReadonlySet<string>): ReadonlySet<string> =>
  new Set([...kinds.split(' '), ...after]);

// What may follow each part of a rule, from the last to the first.
const RULE = follow('comment set string end }', RULE_STARTS);
export const AFTER_RULE = RULE;
export const AFTER_BLOCK = follow(';', RULE);
export const AFTER_AGE = follow('{', AFTER_BLOCK);
export const AFTER_PPS = follow('age', AFTER_AGE);
export const AFTER_MATCH_TAG = follow('pps', AFTER_PPS);
export const AFTER_SET_TAG = follow('match-tag', AFTER_MATCH_TAG);
export const AFTER_GROUP = follow('set-tag', AFTER_SET_TAG);
export const AFTER_HEAD = follow('group', AFTER_GROUP);
export const AFTER_KEEP = follow('head', AFTER_HEAD);
export const AFTER_WITH = follow('keep', AFTER_KEEP);
export const AFTER_ICMP = follow('with and', AFTER_WITH);
export const AFTER_FLAGS = follow('icmp-type', AFTER_ICMP);
export const AFTER_ADDRESSES = follow('flags', AFTER_FLAGS);
export const AFTER_PROTO = follow('all from to', AFTER_ADDRESSES);
export const AFTER_TTL = follow('proto', AFTER_PROTO);
export const AFTER_TOS = follow('ttl', AFTER_TTL);
export const AFTER_OPTIONS = follow('tos bpf-v4 bpf-v6', AFTER_TOS);
/** What may follow one option: another one, or the rest. */
export const AFTER_OPTION = follow('log quick on dup-to fastroute route-to reply-to', AFTER_OPTIONS);
/** What may follow `log`, which also stands as an action. */
export const AFTER_LOG = follow('in out', AFTER_OPTION);

export function createContext(
  base: Pick<ParseContext, 'lexer' | 'ipv6' | 'warn' | 'showTable' | 'pending'>,
): ParseContext {
  const { lexer, pending } = base;
  let ahead: Token | undefined;
  let start = 0;
  let next = 0;

  const context: ParseContext = {
    ...base,
    listsAddresses: false,
    peek() {
      ahead ??= lexer.next();
      return ahead;
    },
    take() {
      const token = context.peek();
      ahead = undefined;
      return token;
    },
    expect(kind) {
      if (context.peek().kind !== kind) context.fail();
      return context.take();
    },
    fail() {
      throw lexer.failure('syntax error');
    },
    end(kinds) {
      if (!kinds.has(context.peek().kind)) context.fail();
    },
    all: () => pending.slice(start),
    rest: () => pending.slice(next),
    restart() {
      next = start;
    },
    conditions() {
      return context.all().map((rule) => {
        rule.match ??= emptyMatch();
        return rule.match;
      });
    },
    list(element, starts) {
      context.expect('(');
      const rules = context.all().length;
      next = start;
      element();
      while (context.peek().kind !== ')') {
        if (context.peek().kind === ',') context.take();
        else context.end(starts);
        next = pending.length;
        pending.push(...pending.slice(start, start + rules).map(copyRule));
        if (context.listsAddresses) lexer.setExpectAddress(true);
        element();
      }
      context.take();
    },
    begin(rule) {
      start = pending.length;
      next = start;
      pending.push(rule);
    },
  };
  return context;
}
