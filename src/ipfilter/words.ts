import { type Address, addressValue, type Family, familyOf, parseAddress } from '../domain/address.ts';
import { OperatorError } from '../domain/errors.ts';
import { protocolNumber } from './packet.ts';

/** A rule that is right, and that says something the evaluator does not judge. */
export class Unjudged extends Error {
  override readonly name = 'Unjudged';
}

/** Takes words of a rule one after the other. */
export function createWords(text: string) {
  // "!" and ports may stand without blanks: "!10.0.0.0/8", "port<21".
  const words = text
    .replace(/([(),])/g, ' $1 ')
    .replace(/!(?!=)/g, ' ! ')
    .trim()
    .split(/\s+/);
  let at = 0;
  const peek = (ahead = 0) => words[at + ahead];
  const take = () => {
    const word = words[at];
    if (word === undefined) throw new Unjudged('it ends too early');
    at += 1;
    return word;
  };
  return {
    peek,
    take,
    /** Takes a word if it is this one. */
    skip(word: string): boolean {
      if (peek() !== word) return false;
      at += 1;
      return true;
    },
    expect(word: string): void {
      const found = take();
      if (found !== word) throw new Unjudged(`"${found}" stands in the place of "${word}"`);
    },
    rest: () => words.slice(at),
  };
}

export type Words = ReturnType<typeof createWords>;

/** Addresses by the bits that a mask leaves. */
export interface Range {
  readonly value: bigint;
  readonly mask: bigint;
  readonly length: number;
}

const BITS = { inet: 32, inet6: 128 } as const;

export function maskOf(length: number, family: Family): bigint {
  const bits = BITS[family];
  return length === 0 ? 0n : ((1n << BigInt(length)) - 1n) << BigInt(bits - length);
}

/**
 * Reads an address with its mask: "10.2.0.0/24", "10.2.0.0/255.255.255.0", "10.2.0.0 mask 255.255.255.0", "0/0", "10.2/16".
 * Of IPv6 bits behind the mask are not cut off, so such a range matches nothing (ipf6-verdicts.json).
 */
export function takeRange(words: Words, family: Family): Range {
  const [base = '', behind] = words.take().split('/');
  const mask = behind ?? (words.skip('mask') ? words.take() : undefined);
  const address = addressValue(parseText(base, family));
  const length = mask === undefined ? BITS[family] : lengthOf(mask, family);
  const bits = maskOf(length, family);
  return { value: family === 'inet' ? address & bits : address, mask: bits, length };
}

function parseText(text: string, family: Family): Address {
  // As inet_aton(3) fills up what is missing behind: "10.2" is 10.2.0.0 to the rule parser.
  const filled =
    family === 'inet' && /^\d+(\.\d+){0,3}$/.test(text)
      ? [...text.split('.'), '0', '0', '0'].slice(0, 4).join('.')
      : text;
  try {
    const address = parseAddress(filled);
    if (familyOf(address) === family) return address;
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
  }
  throw new Unjudged(`"${text}" is no address of that family`);
}

function lengthOf(mask: string, family: Family): number {
  if (/^\d+$/.test(mask) && Number(mask) <= BITS[family]) return Number(mask);
  const value = addressValue(parseText(mask, family));
  const length = value.toString(2).replace(/0+$/, '').length;
  if (maskOf(value === 0n ? 0 : length, family) === value) return value === 0n ? 0 : length;
  throw new Unjudged(`"${mask}" is no mask`);
}

export const inRange = (address: bigint, { value, mask }: Range) => (address & mask) === value;

export type PortTest = (port: number) => boolean;

const COMPARE: Readonly<Record<string, (a: number, b: number) => boolean>> = {
  '=': (a, b) => a === b,
  '!=': (a, b) => a !== b,
  '<': (a, b) => a < b,
  '>': (a, b) => a > b,
  '<=': (a, b) => a <= b,
  '>=': (a, b) => a >= b,
};
const WORDS: Readonly<Record<string, string>> = { eq: '=', ne: '!=', lt: '<', gt: '>', le: '<=', ge: '>=' };

/** Reads what follows "port": "= 22", "8000:8010", "1 >< 9", "= ( 22 , 80 )". */
export function takePorts(words: Words): PortTest {
  const first = words.take();
  const glued = /^(!=|<=|>=|=|<|>)(\d+)$/.exec(first);
  const operator = glued?.[1] ?? WORDS[first] ?? first;
  const compare = COMPARE[operator];
  if (compare !== undefined) {
    if (operator === '=' && glued === null && words.skip('(')) return takeList(words);
    const wanted = portNumber(glued?.[2] ?? words.take());
    return (port) => compare(port, wanted);
  }
  const colon = /^(\d+):(\d+)$/.exec(first);
  if (colon !== null) {
    const [low, high] = [portNumber(colon[1] ?? ''), portNumber(colon[2] ?? '')];
    return (port) => port >= low && port <= high;
  }
  const low = portNumber(first);
  const between = words.take();
  const high = portNumber(words.take());
  if (between === '><') return (port) => port > low && port < high;
  if (between === '<>') return (port) => port < low || port > high;
  throw new Unjudged(`"${between}" compares no ports`);
}

function takeList(words: Words): PortTest {
  const ports = new Set<number>();
  for (;;) {
    ports.add(portNumber(words.take()));
    if (words.skip(')')) return (port) => ports.has(port);
    words.expect(',');
  }
}

export function portNumber(text: string): number {
  if (/^\d+$/.test(text) && Number(text) <= 65535) return Number(text);
  throw new Unjudged(`"${text}" is no number of a port`);
}

/** Reads a protocol; `both` are the names of TCP and UDP together. */
export function takeProtocols(words: Words, both: readonly string[]): number[] {
  const name = words.take();
  if (both.includes(name)) return [6, 17];
  const number = protocolNumber(name);
  if (number === undefined || number > 255) throw new Unjudged(`protocol "${name}" is not known`);
  return [number];
}

/** The rules of a file in their order, and the lines that are not judged, with why. */
export interface RuleFile<R> {
  readonly rules: readonly R[];
  readonly unjudged: readonly { readonly line: number; readonly text: string; readonly why: string }[];
}

/** Reads rules, one a line; `parse` is not asked about comments and blank lines, and throws what it does not judge. */
export function parseRuleFile<R>(text: string, parse: (rule: string, line: number) => R | undefined): RuleFile<R> {
  const rules: R[] = [];
  const unjudged: { line: number; text: string; why: string }[] = [];
  for (const [index, whole] of text.split('\n').entries()) {
    const rule = whole.replace(/#.*/, '').trim();
    if (rule === '') continue;
    try {
      const parsed = parse(rule, index + 1);
      if (parsed !== undefined) rules.push(parsed);
    } catch (error) {
      if (!(error instanceof Unjudged)) throw error;
      unjudged.push({ line: index + 1, text: rule, why: error.message });
    }
  }
  return { rules, unjudged };
}
