// The scanner that ipf and ipnat share, with the habits of illumos's (§7.7, ipfilter.md 6): a newline is white space, the
// grammar switches word lists under way, and what does not fit into 8192 bytes breaks it.
import { NotModelled } from '../daemon/call.ts';

/** Words and the kind of token each becomes. Several words may share a kind; the first one names it in messages. */
export type WordList = readonly (readonly [word: string, kind: string])[];

/**
 * `kind` is "end", "comment", "string", "number", "hex", "ipv6", a comparison ("ne" "le" "ge" "lt" "gt"), a range ("<>" "><"),
 * a single character, or a kind of the word list in force. Text is one character a byte (latin1).
 */
export interface Token {
  readonly kind: string;
  readonly text: string;
  /** The value of "number" and "hex", cut to 32 bits as illumos does. 0 for all others. */
  readonly number: number;
  /** The 16 bytes of "ipv6". */
  readonly address?: readonly number[];
}

/** The grammar gave up: the line for stderr, without newline. The program exits 1. */
export class SyntaxFailure extends Error {
  override readonly name = 'SyntaxFailure';
}

export interface Lexer {
  /** The next token. "end" again and again after the last one. */
  next(): Token;
  /** The next byte that was not read yet; -1 when there is none. */
  readonly upcoming: number;
  /** Line of the place read up to; 1 again once the end was met. */
  readonly line: number;
  /** Stacks a word list (undefined: no words at all), until `dropWords`, or until a string goes by. */
  pushWords(words: WordList | undefined): void;
  dropWords(): void;
  /** While an address may come, "-", "<" and ">" are letters. */
  setExpectAddress(on: boolean): void;
  /** While set, a "." ends a word (facility.priority). */
  setBreakOnDot(on: boolean): void;
  /** The next word is no keyword (the value of a variable). */
  setPlainNext(on: boolean): void;
  setVariable(name: string, value: string): void;
  /** `MESSAGE error at "TOKEN", line N` about the token read last. */
  failure(message: string): SyntaxFailure;
}

const SIZE = 8192;
const END = -1;
const TOO_LONG = -3;
const MAX_DEPTH = 30;

const isDigit = (c: number) => c >= 48 && c <= 57;
const isAlpha = (c: number) => (c >= 65 && c <= 90) || (c >= 97 && c <= 122);
const isHex = (c: number) => isDigit(c) || (c >= 97 && c <= 102) || (c >= 65 && c <= 70);
const code = (char: string) => char.charCodeAt(0);
const BLANKS = [code('\n'), code('\t'), code('\r'), code(' ')];
const SEPARATORS = new Set([...'=,/;{}()@'].map(code));

/**
 * A scanner over a file's bytes. What it warns about goes to `warn`, a line at a time, without newline.
 * Variables may be passed on to the scanner of a further file of the same command.
 */
export function createLexer(
  file: Uint8Array,
  words: WordList,
  warn: (line: string) => void,
  variables = new Map<string, string>(),
): Lexer {
  let read = 0;
  let buffer: number[] = [];
  let at = 0;
  let line = 1;
  let current: WordList | undefined = words;
  const saved: (WordList | undefined)[] = [];
  let expectAddress = false;
  let breakOnDot = false;
  let plainNext = false;
  // What the last token was, for messages. A character that a backslash protected leaves it as it was.
  let lastKind = 'end';
  let lastText: string | undefined;

  function fetch(): number {
    const c = file[read];
    read += 1;
    return c === undefined ? END : c;
  }

  function get(continuation: boolean): number {
    const buffered = buffer[at];
    if (buffered !== undefined) {
      at += 1;
      if (buffered === code('\n')) line += 1;
      return buffered;
    }
    if (at === SIZE) return TOO_LONG;
    let c = fetch();
    if (continuation && c === code('\\')) {
      c = fetch();
      if (c === code('\n')) {
        line += 1;
        c = fetch();
      }
    }
    if (c === code('\n')) line += 1;
    buffer.push(c);
    at = buffer.length;
    return c;
  }

  function unget(c: number): void {
    if (c === code('\n')) line -= 1;
    at -= 1;
    buffer[at] = c;
  }

  /** Reads to just before `stop`; false when the file or the buffer ended first. */
  function swallow(stop: number): boolean {
    let c = get(false);
    while (c > 0 && c !== stop) c = get(false);
    if (c !== END) unget(c);
    return c === stop;
  }

  /** The buffer from `from` up to `to`, without the quotes around it. */
  function textOf(from: number, to: number): string {
    let start = from;
    let end = to;
    const first = buffer[start];
    if ((first === code("'") || first === code('"')) && first === buffer[start + end - 1]) {
      start += 1;
      end -= 1;
    }
    return String.fromCharCode(...buffer.slice(start, Math.min(end, buffer.length)).map((c) => c & 0xff));
  }

  function dropRead(): void {
    buffer = buffer.slice(at);
    at = 0;
  }

  function find(text: string): string | undefined {
    const wanted = text.toLowerCase();
    return current?.find(([word]) => word === wanted)?.[1];
  }

  function dropWords(): void {
    if (saved.length > 0) current = saved.pop();
  }

  /** Puts the value of a variable into the buffer, before what follows. False: unknown, the text stays as it stands. */
  function expand(name: string): boolean {
    const value = variableValue(name);
    if (value === undefined) return false;
    const rest = textOf(at, buffer.length);
    buffer = [...value, ...rest].map(code).slice(0, SIZE);
    at = 0;
    return true;
  }

  function variableValue(text: string): string | undefined {
    const braced = text.startsWith('{');
    const name = braced ? text.slice(1, text.indexOf('}')) : text;
    const value = variables.get(name);
    if (value === undefined) {
      warn(`${line}: unknown variable '${braced ? text.slice(1) : name}'`);
      return undefined;
    }
    if (value.includes('$$')) throw new NotModelled(`"$$" in the value of variable "${name}"`);
    const inner = /^(.*?)\$(\{[^}]*\}|[A-Za-z][A-Za-z0-9_]*)(.*)$/s.exec(value);
    if (inner === null) return value;
    const [, before = '', reference = '', after = ''] = inner;
    const replaced = variableValue(reference);
    return replaced === undefined ? undefined : before + replaced + after;
  }

  function finish(kind: string, building: boolean, plain: boolean, address?: readonly number[]): Token {
    const text = textOf(0, at);
    lastText = text;
    let result = kind;
    if (building) {
      result = 'string';
      if (!plainNext && !plain) {
        let found = find(text);
        if (found === undefined && current !== undefined) {
          dropWords();
          found = find(text);
        }
        result = found ?? 'string';
      } else plainNext = false;
    }
    if (result === 'string' && saved.length > 0) dropWords();
    lastKind = result;
    dropRead();
    return { kind: result, text, number: numberOf(result, text), ...(address === undefined ? {} : { address }) };
  }

  function next(): Token {
    let building = false;
    let escaped = false;
    let plain = false;
    lastText = undefined;
    for (;;) {
      const c = get(false);
      if (BLANKS.includes(c)) {
        if (building) {
          unget(c);
          return finish('string', building, plain);
        }
        dropRead();
        escaped = false;
        plain = false;
        continue;
      }
      if (c === code('\\') && !escaped) {
        escaped = true;
        if (at === buffer.length) buffer.pop();
        at -= 1;
        if (at === 0) plain = true;
        continue;
      }
      if (escaped) {
        escaped = false;
        if (building || isAlpha(c) || isDigit(c)) continue;
        const char = String.fromCharCode(c & 0xff);
        return { kind: char, text: char, number: 0 };
      }
      if (c === END) {
        reset();
        return { kind: 'end', text: '', number: 0 };
      }
      if (c === TOO_LONG && at === SIZE)
        throw new NotModelled('a word that does not fit the buffer: illumos would loop without end');
      const token = start(c, building, plain);
      if (token === 'variable') continue;
      if (token !== undefined) return token;
      building = true;
    }
  }

  /** Ends a word that is being built before the character just read. */
  function before(c: number, plain: boolean): Token {
    unget(c);
    return finish('string', true, plain);
  }

  /** A token that begins or ends with `c`; undefined when `c` is a letter of a word. */
  function start(c: number, building: boolean, plain: boolean): Token | 'variable' | undefined {
    const char = String.fromCharCode(c);
    if (char === '#') {
      if (building) return before(c, plain);
      swallow(code('\n'));
      return finish('comment', false, plain);
    }
    if (char === '$') {
      if (building) return before(c, plain);
      return dollar();
    }
    if (char === "'" || char === '"') {
      if (building) return finish('string', true, plain);
      return quoted(c);
    }
    // A NUL parts words like any separator, and is to the grammar the end of the file.
    if (c === 0) return building ? before(c, plain) : { ...finish(char, false, plain), kind: 'end' };
    if (SEPARATORS.has(c)) return building ? before(c, plain) : finish(char, false, plain);
    if (char === '.') {
      if (!building) return finish(char, false, plain);
      if (breakOnDot) return before(c, plain);
    }
    if (char === '-' && !expectAddress && !building) {
      const n = get(false);
      if (n === code('>')) return finish('string', true, plain);
      unget(n);
      return finish('-', false, plain);
    }
    if (char === '!') {
      if (building) return before(c, plain);
      const n = get(false);
      if (n === code('=')) return finish('ne', false, plain);
      unget(n);
      return finish('!', false, plain);
    }
    if ((char === '<' || char === '>') && !expectAddress) {
      if (building) return before(c, plain);
      return comparison(char);
    }
    if (!building && (isHex(c) || char === ':')) {
      const address = ipv6(c);
      if (address !== undefined) {
        expectAddress = false;
        return finish('ipv6', false, plain, address);
      }
    }
    if (char === ':') return building ? before(c, plain) : finish(':', false, plain);
    if (!building && isDigit(c)) return digits(c);
    return undefined;
  }

  function dollar(): Token | 'variable' | undefined {
    let n = get(false);
    if (n === code('{')) {
      if (!swallow(code('}'))) return unreadable();
      get(false);
    } else if (!isAlpha(n)) {
      unget(n);
      return undefined;
    } else {
      do n = get(true);
      while (isAlpha(n) || isDigit(n) || n === code('_'));
      unget(n);
    }
    return expand(textOf(1, at)) ? 'variable' : undefined;
  }

  function quoted(quote: number): Token {
    for (;;) {
      const n = get(true);
      if (n === END || n === TOO_LONG) return unreadable();
      if (n === code('\n')) {
        unget(code(' '));
        at += 1;
      }
      if (n === quote) return finish('string', false, false);
    }
  }

  /** To the grammar this is the end of the file; messages show the byte 0xfe. */
  function unreadable(): Token {
    const token = finish('\u00fe', false, false);
    return { ...token, kind: 'end' };
  }

  function comparison(char: '<' | '>'): Token {
    const n = get(false);
    if (n === code('=')) return finish(char === '<' ? 'le' : 'ge', false, false);
    if (n === code(char === '<' ? '>' : '<')) return finish(char === '<' ? '<>' : '><', false, false);
    unget(n);
    return finish(char === '<' ? 'lt' : 'gt', false, false);
  }

  function ipv6(first: number): readonly number[] | undefined {
    const begin = at;
    const chars: number[] = [];
    let c = first;
    do {
      chars.push(c);
      c = get(true);
    } while ((isHex(c) || c === code(':') || c === code('.')) && chars.length < 46);
    unget(c);
    const address = parseIpv6(String.fromCharCode(...chars));
    if (address === undefined) at = begin;
    return address;
  }

  function digits(first: number): Token {
    let n = get(first !== code('0'));
    if (first === code('0') && n === code('x')) {
      do n = get(true);
      while (isHex(n));
      unget(n);
      return finish('hex', false, false);
    }
    if (first === code('0')) {
      unget(n);
      n = get(true);
    }
    while (isDigit(n)) n = get(true);
    unget(n);
    return finish('number', false, false);
  }

  function reset(): void {
    line = 1;
    at = 0;
    buffer = [];
    expectAddress = false;
    breakOnDot = false;
    plainNext = false;
    lastKind = 'end';
  }

  function shown(): string {
    if (lastKind === 'end' || lastKind === '\0') return '';
    if (lastKind.length === 1) return lastKind;
    if (lastKind === 'string' || lastKind === 'number' || lastKind === 'hex') return lastText ?? textOf(at, SIZE);
    return current?.find(([, kind]) => kind === lastKind)?.[0] ?? '<unknown>';
  }

  return {
    next,
    get upcoming() {
      return file[read] ?? END;
    },
    get line() {
      return line;
    },
    pushWords(list) {
      if (saved.length === MAX_DEPTH) {
        warn(`${line}: at maximum dictionary depth`);
        return;
      }
      saved.push(current);
      current = list;
    },
    dropWords,
    setExpectAddress(on) {
      expectAddress = on;
    },
    setBreakOnDot(on) {
      breakOnDot = on;
    },
    setPlainNext(on) {
      plainNext = on;
    },
    setVariable(name, value) {
      if (name !== '') variables.set(name, value);
    },
    failure: (message) => new SyntaxFailure(`${message} error at "${shown()}", line ${line}`),
  };
}

function numberOf(kind: string, text: string): number {
  if (kind !== 'number' && kind !== 'hex') return 0;
  if (text === '0x') throw new NotModelled('the number "0x"');
  const value = BigInt(text);
  return value > 0xffffffffffffffffn ? 0xffffffff : Number(BigInt.asUintN(32, value));
}

/** The 16 bytes of an IPv6 address as inet_pton(3) reads it; undefined when it does not. */
export function parseIpv6(text: string): readonly number[] | undefined {
  const dotted = /^(.*:)(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text);
  if (dotted !== null) {
    const octets = dotted.slice(2).map(Number);
    if (octets.some((octet) => octet > 255) || dotted.slice(2).some((part) => /^0./.test(part))) return undefined;
    const [a = 0, b = 0, c = 0, d = 0] = octets;
    return parseIpv6(`${dotted[1]}${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`);
  }
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const groups = halves.map((half) => (half === '' ? [] : half.split(':')));
  if (groups.flat().some((group) => !/^[0-9a-fA-F]{1,4}$/.test(group))) return undefined;
  const [head = [], tail = []] = groups;
  const missing = 8 - head.length - tail.length;
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined;
  const all = [...head, ...Array.from({ length: halves.length === 1 ? 0 : missing }, () => '0'), ...tail];
  return all.flatMap((group) => [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 0xff]);
}
