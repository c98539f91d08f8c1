// The words of ipnat's grammar, and its tokens one at a time.
import type { Lexer, Token, WordList } from './lexer.ts';

export const NAT_WORDS: WordList = [
  ...['age', 'any', 'auto', 'bimap', 'frag', 'from', 'icmpidmap', 'mask', 'map', 'map-block', 'mssclamp'],
  ...['port', 'portmap', 'ports', 'proxy', 'range', 'rdr', 'round-robin', 'sequential', 'sticky', 'tag'],
  ...['tcp', 'tcpudp', 'to', 'udp', '-', '->', 'ne', 'lt', 'gt', 'le', 'ge'],
]
  .map((word) => [word, word] as const)
  .concat([
    ['netmask', 'mask'],
    ['eq', 'eq'],
  ]);

/** What may come after a rule without ";". Before anything else the rule is not even taken. */
export const AFTER_RULE = ['end', 'comment', 'string', 'map', 'bimap', 'map-block', 'rdr'];
/** What may come after a protocol that could still become "tcp/udp". */
export const AFTER_TCP = [...AFTER_RULE, ';', 'round-robin', 'frag', 'age', 'sticky', 'mssclamp', 'proxy', 'tag'];
/** What may come after an address and its mask, whatever the kind of rule. */
export const AFTER_ADDRESS = [
  ...AFTER_TCP.filter((kind) => kind !== 'sticky'),
  ...['->', 'port', 'to', '!', 'portmap', 'icmpidmap', 'number', 'tcp', 'udp', 'tcpudp', 'ports'],
];

export interface Input {
  /** Whether the next token is of one of these kinds; reads it if need be. */
  at(...kinds: readonly string[]): boolean;
  /** Takes the next token if it is of this kind. */
  taken(kind: string): boolean;
  /** Takes the next token, which has to be of one of these kinds. */
  take(...kinds: readonly string[]): Token;
  /** Demands that the next token is of one of these kinds, and leaves it. */
  expect(...kinds: readonly string[]): void;
}

/** Reads ahead by one token at most, and only when asked. */
export function createInput(lexer: Lexer): Input {
  let ahead: Token | undefined;
  const peek = () => {
    ahead ??= lexer.next();
    return ahead;
  };
  const input: Input = {
    at: (...kinds) => kinds.includes(peek().kind),
    taken(kind) {
      if (peek().kind !== kind) return false;
      ahead = undefined;
      return true;
    },
    take(...kinds) {
      const token = peek();
      if (!kinds.includes(token.kind)) throw lexer.failure('syntax error');
      ahead = undefined;
      return token;
    },
    expect(...kinds) {
      if (!kinds.includes(peek().kind)) throw lexer.failure('syntax error');
    },
  };
  return input;
}
