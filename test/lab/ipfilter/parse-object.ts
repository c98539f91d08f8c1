// "from A port P to B port Q": addresses, tables and ports of a rule.
import { NotModelled } from '../daemon/call.ts';
import { maskBytes } from './address-text.ts';
import { protocolName, servicePort } from './names.ts';
import { AFTER_ADDRESSES, AFTER_OPTION, type ParseContext, Restart } from './parse-context.ts';
import { type AddressKind, type AddressMatch, NO_BYTES, type PortMatch, type PortOperator } from './rule.ts';
import { ADDRESS_WORDS, MASK_WORDS } from './words.ts';

/** What an address was: bytes and mask, and where they come from. It lasts from one element of a list to the next. */
interface AddressState {
  kind: AddressKind;
}

type Side = 'source' | 'destination';

const ADDRESS_STARTS = new Set('any pool hash number hex string ipv6'.split(' '));
const AFTER_ADDRESS = new Set([...ADDRESS_STARTS, ...AFTER_ADDRESSES, 'port', 'to', ',', ')']);
const AFTER_HOST = new Set([...AFTER_ADDRESS, ...AFTER_OPTION, '/', 'mask']);
const PORT_STARTS = new Set(['number', 'string']);
const COMPARISONS: Readonly<Record<string, PortOperator>> = {
  eq: '=',
  ne: '!=',
  lt: '<',
  le: '<=',
  gt: '>',
  ge: '>=',
};
const RANGES: Readonly<Record<string, PortOperator>> = { '<>': '<>', '><': '><', ':': ':' };
const MASK_KINDS: Readonly<Record<string, AddressKind>> = {
  broadcast: 'broadcast',
  network: 'network',
  netmasked: 'netmasked',
  peer: 'peer',
};

/** `all`, `from …`, `to …`, or nothing. */
export function parseAddresses(context: ParseContext): void {
  const { kind } = context.peek();
  if (kind === 'all') {
    context.take();
    return;
  }
  if (kind !== 'from' && kind !== 'to') {
    context.end(AFTER_ADDRESSES);
    return;
  }
  context.take();
  parseSide(context, kind === 'from' ? 'source' : 'destination');
  if (kind === 'from') {
    if (context.peek().kind === 'to') {
      context.take();
      parseSide(context, 'destination');
    } else context.end(AFTER_ADDRESSES);
  }
  context.lexer.setExpectAddress(false);
  context.listsAddresses = false;
}

function parseSide(context: ParseContext, side: Side): void {
  const { lexer } = context;
  context.conditions();
  context.restart();
  lexer.setExpectAddress(true);
  context.listsAddresses = true;
  lexer.pushWords(ADDRESS_WORDS);
  const state: AddressState = { kind: 'address' };
  const { kind } = context.peek();
  if (kind === 'port') {
    lexer.dropWords();
    parsePort(context, side);
    return;
  }
  const not = kind === '!';
  if (not) context.take();
  const element = () => {
    const address = parseAddress(context, state);
    for (const rule of context.rest()) if (rule.match !== undefined) Object.assign(rule.match[side], address);
  };
  if (context.peek().kind === '(') context.list(element, ADDRESS_STARTS);
  else element();
  if (context.peek().kind === 'port') parsePort(context, side);
  else context.end(new Set([...AFTER_ADDRESSES, ...(side === 'source' ? ['to'] : [])]));
  if (not) for (const match of context.conditions()) match[side].not = true;
}

type Address = Pick<AddressMatch, 'kind' | 'address' | 'mask'> & { table?: number };

function parseAddress(context: ParseContext, state: AddressState): Address {
  const { kind } = context.peek();
  if (kind === 'pool' || kind === 'hash') return parseTable(context, kind, state);
  const { address, mask } = parseIpAddress(context, state);
  context.lexer.setExpectAddress(false);
  return { kind: state.kind, address, mask };
}

function parseTable(context: ParseContext, kind: 'pool' | 'hash', state: AddressState): Address {
  const { lexer } = context;
  context.take();
  lexer.setExpectAddress(false);
  context.listsAddresses = false;
  lexer.dropWords();
  state.kind = kind;
  if (context.peek().kind === '/') {
    context.take();
    const table = context.expect('number').number;
    lexer.setExpectAddress(false);
    return { kind, address: NO_BYTES, mask: NO_BYTES, table };
  }
  context.expect('=');
  context.expect('(');
  const elements: string[] = [];
  do {
    let not = false;
    if (kind === 'pool' && context.peek().kind === '!') {
      context.take();
      not = true;
    }
    const inner: AddressState = { kind: 'address' };
    const { address, mask } = parseIpAddress(context, inner);
    if (context.ipv6 || inner.kind !== 'address' || not || kind === 'hash')
      throw new NotModelled(`a ${kind} written in a rule`);
    elements.push(tableEntry(address, mask));
  } while (context.peek().kind === ',' && context.take());
  context.expect(')');
  if (elements.length > 2) throw new NotModelled('a pool of more than two entries written in a rule');
  context.showTable([
    'table role = ipf type = tree number = ',
    `\t{ ${elements.map((entry) => `${entry}; `).join('')}};`,
  ]);
  return { kind, address: NO_BYTES, mask: NO_BYTES, table: 0 };
}

function parseIpAddress(
  context: ParseContext,
  state: AddressState,
): { address: readonly number[]; mask: readonly number[] } {
  const { lexer, ipv6 } = context;
  const token = context.peek();
  if (token.kind === 'any') {
    context.take();
    lexer.dropWords();
    return { address: NO_BYTES, mask: NO_BYTES };
  }
  if (token.kind === 'ipv6') {
    context.take();
    const address = token.address ?? NO_BYTES;
    if (context.peek().kind !== '/' && context.peek().kind !== 'mask') {
      context.end(AFTER_ADDRESS);
      lexer.dropWords();
      return { address, mask: maskBytes(128) };
    }
    return { address, mask: parseMask(context, state) };
  }
  const address = parseHost(context, state);
  if (context.peek().kind !== '/' && context.peek().kind !== 'mask') {
    context.end(AFTER_HOST);
    return { address, mask: maskBytes(ipv6 ? 128 : 32) };
  }
  const mask = parseMask(context, state);
  // Only IPv4 addresses lose their host bits.
  return { address: ipv6 ? address : address.map((byte, i) => byte & (mask[i] ?? 0)), mask };
}

/** An address without mask: dotted, a plain number (in the machine's byte order), or a name. */
export function parseHost(context: ParseContext, state?: AddressState): readonly number[] {
  const token = context.peek();
  switch (token.kind) {
    case 'hex':
      context.take();
      return littleEndian(token.number);
    case 'number': {
      context.take();
      if (context.peek().kind === '.') return parseDotted(context, token.number);
      context.end(AFTER_HOST);
      return littleEndian(token.number);
    }
    case 'string':
      context.take();
      return lookUp(context, token.text, state);
    default:
      return context.fail();
  }
}

function littleEndian(number: number): readonly number[] {
  return [number & 0xff, (number >>> 8) & 0xff, (number >>> 16) & 0xff, number >>> 24, ...NO_BYTES.slice(4)];
}

/** The rest of "10.2", "10.2.0" or "10.2.0.1" after its first number. */
function parseDotted(context: ParseContext, first: number): readonly number[] {
  const octets = [first];
  while (octets.length < 4 && context.peek().kind === '.') {
    context.take();
    const { number } = context.expect('number');
    if (number > 255 || first > 255) throw context.lexer.failure('Invalid octet string for IP address');
    octets.push(number);
  }
  if (octets.length < 4) context.end(AFTER_HOST);
  return [...octets, ...NO_BYTES.slice(octets.length)];
}

function lookUp(context: ParseContext, name: string, state?: AddressState): readonly number[] {
  const [rule] = context.all();
  // Every empty name of an interface equals an empty string, which no name is: an interface of the same rule counts.
  if (rule?.interfaces.includes(name.slice(0, 32)) === true) {
    if (state !== undefined) state.kind = 'interface';
    return NO_BYTES;
  }
  if (state !== undefined) state.kind = 'address';
  if (name === 'localhost') {
    if (context.ipv6) throw new NotModelled('the name "localhost" in an IPv6 rule');
    return [127, 0, 0, 1, ...NO_BYTES.slice(4)];
  }
  context.warn(`unknown name "${name}"`);
  throw context.lexer.failure('Unknown hostname');
}

function parseMask(context: ParseContext, state: AddressState): readonly number[] {
  const { lexer, ipv6 } = context;
  lexer.dropWords();
  context.take();
  lexer.pushWords(MASK_WORDS);
  const token = context.peek();
  const kind = MASK_KINDS[token.kind];
  let mask: readonly number[];
  if (token.kind === 'number') {
    context.take();
    if (context.peek().kind === '.') mask = parseDotted(context, token.number);
    else {
      context.end(AFTER_HOST);
      if (token.number > (ipv6 ? 128 : 32)) throw lexer.failure('Bad value specified for netmask');
      mask = maskBytes(token.number);
    }
  } else if (token.kind === 'hex') {
    context.take();
    mask = [...littleEndian(token.number).slice(0, 4).reverse(), ...NO_BYTES.slice(4)];
  } else if (kind !== undefined) {
    context.take();
    if (state.kind !== 'interface') throw new Restart();
    state.kind = kind;
    mask = NO_BYTES;
  } else return context.fail();
  lexer.dropWords();
  return mask;
}

function tableEntry(address: readonly number[], mask: readonly number[]): string {
  const ones = mask.slice(0, 4).reduce((sum, byte) => sum + byte.toString(2).replaceAll('0', '').length, 0);
  return `${address.slice(0, 4).join('.')}/${ones}`;
}

function parsePort(context: ParseContext, side: Side): void {
  const { lexer } = context;
  context.take();
  // Both the comparison and the range begin with the word; the token after it decides, and is read before the word's effect.
  const token = context.peek();
  lexer.setExpectAddress(false);
  context.listsAddresses = false;
  const set = (port: PortMatch, side: Side) => {
    for (const match of context.conditions()) match[side].port = port;
  };
  if (PORT_STARTS.has(token.kind)) {
    lexer.pushWords(undefined);
    const low = parsePortNumber(context);
    const operator = RANGES[context.peek().kind];
    if (operator === undefined) {
      context.fail();
    }
    context.take();
    const high = parsePortNumber(context);
    lexer.dropWords();
    set({ operator, low, high }, side);
    return;
  }
  const operator = token.kind === '=' ? '=' : COMPARISONS[token.kind];
  if (operator === undefined) {
    context.fail();
  }
  context.take();
  lexer.pushWords(undefined);
  if (token.kind === '=' && context.peek().kind === '(') {
    const element = () => {
      const low = parsePortNumber(context);
      for (const rule of context.rest()) {
        if (rule.match !== undefined) rule.match[side].port = { operator: '=', low, high: 0 };
      }
    };
    context.list(element, PORT_STARTS);
    lexer.dropWords();
    return;
  }
  const low = parsePortNumber(context);
  lexer.dropWords();
  set({ operator, low, high: 0 }, side);
}

function parsePortNumber(context: ParseContext): number {
  const token = context.peek();
  if (token.kind === 'number') {
    context.take();
    if (token.number > 65535) throw context.lexer.failure('invalid port number');
    return token.number;
  }
  const { text } = context.expect('string');
  const port = lookUpPort(context, text);
  if (port === undefined) throw context.lexer.failure('service unknown');
  return port;
}

function lookUpPort(context: ParseContext, name: string): number | undefined {
  const match = context.all()[0]?.match;
  if (match === undefined) return servicePort(name);
  if (match.tcpUdp !== undefined) {
    const port = servicePort(name, 'tcp');
    return port === servicePort(name, 'udp') ? port : undefined;
  }
  // Without a protocol illumos asks for one with number 0, which is called ip.
  return servicePort(name, protocolName(match.protocol ?? 0));
}
