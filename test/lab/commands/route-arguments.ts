// The words after route's verb, as typed and as they stand in /etc/inet/static_routes (§3.1).
import { NotModelled } from '../daemon/call.ts';
import {
  type Address,
  bitsOf,
  type Family,
  maskOf,
  networkOf,
  type Prefixed,
  parseAddress,
} from '../kernel/ip-address.ts';

/** route says this on stderr and exits 1. */
export class RouteSyntaxError extends Error {
  override readonly name = 'RouteSyntaxError';
}

export interface RouteArguments {
  readonly family: Family;
  readonly destinationText: string;
  readonly destination: Prefixed;
  /** The address as typed: `get` looks for it, not for its network. */
  readonly target: Address;
  readonly gatewayText?: string;
  readonly gateway?: Address;
  /** Printed "host" instead of "net". */
  readonly host: boolean;
  /** -interface: the gateway is an own address. */
  readonly attached: boolean;
  readonly interfaceName?: string;
}

/** Keywords that exist and are not modelled. */
const UNMODELLED = [
  ...['blackhole', 'cloning', 'dst', 'expire', 'gateway', 'hopcount', 'iface', 'ifa', 'indirect', 'link', 'lock'],
  ...['lockrest', 'mtu', 'multirt', 'nostatic', 'private', 'proto1', 'proto2', 'recvpipe', 'reject', 'rtt', 'rttvar'],
  ...['sa', 'secattr', 'sendpipe', 'setsrc', 'ssthresh', 'static', 'xresolve'],
];

interface Reading {
  family: Family;
  kind: 'any' | 'host' | 'net';
  attached: boolean;
  interfaceName?: string;
  destination?: Destination;
  gateway?: { readonly text: string; readonly address: Address };
  mask?: number;
}

interface Destination {
  readonly text: string;
  readonly address: Address;
  /** Missing: no mask is known, so it is a host. */
  readonly length?: number;
}

/**
 * Reads everything after the verb.
 *
 * @throws {RouteSyntaxError} with what goes to stderr
 */
export function readRouteArguments(words: readonly string[], verb: string, family: Family = 'ipv4'): RouteArguments {
  const reading: Reading = { family, kind: 'any', attached: false };
  const rest = [...words];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) readWord(reading, word, rest);
  const { destination, gateway, mask } = reading;
  if (destination === undefined) throw new RouteSyntaxError('route: destination required');
  if (gateway === undefined && (verb === 'add' || verb === 'delete')) {
    throw new RouteSyntaxError('route: gateway required for add or delete command');
  }
  const bits = bitsOf(reading.family);
  const length = mask ?? destination.length ?? bits;
  const known = mask ?? destination.length;
  const prefix = { ...destination.address, length };
  if (networkOf(prefix).value !== prefix.value && verb !== 'get') {
    throw new NotModelled(`route ${verb} ${destination.text}: an address with a host part in place of a network`);
  }
  return {
    family: reading.family,
    destinationText: destination.text,
    destination: networkOf(prefix),
    target: destination.address,
    host: reading.kind !== 'net' && (known === undefined || known === bits),
    attached: reading.attached,
    ...(gateway === undefined ? {} : { gatewayText: gateway.text, gateway: gateway.address }),
    ...(reading.interfaceName === undefined ? {} : { interfaceName: reading.interfaceName }),
  };
}

function readWord(reading: Reading, word: string, rest: string[]): void {
  const keyword = word.startsWith('-') ? word.slice(1) : word === 'host' || word === 'net' ? word : undefined;
  if (keyword !== undefined) {
    readKeyword(reading, keyword, rest);
  } else if (reading.destination === undefined) {
    reading.destination = readDestination(word, reading);
  } else if (reading.gateway === undefined) {
    reading.gateway = { text: word, address: readAddress(word, word, reading.family) };
  } else throw new NotModelled(`route with a mask or metric after the gateway: ${word}`);
}

function readKeyword(reading: Reading, keyword: string, rest: string[]): void {
  const argument = () => {
    const value = rest.shift();
    if (value === undefined) throw new RouteSyntaxError(`route: argument required following keyword ${keyword}`);
    return value;
  };
  if (keyword === 'inet' || keyword === 'inet6') reading.family = keyword === 'inet' ? 'ipv4' : 'ipv6';
  else if (keyword === 'host' || keyword === 'net') {
    if (reading.kind !== 'any' && reading.kind !== keyword) {
      throw new RouteSyntaxError('route: -host and -net are mutually exclusive');
    }
    reading.kind = keyword;
  } else if (keyword === 'interface') reading.attached = true;
  else if (keyword === 'ifp') reading.interfaceName = argument();
  else if (keyword === 'netmask') {
    if (reading.family === 'ipv6') throw new NotModelled('route -netmask for IPv6');
    reading.mask = maskLength(argument());
    reading.kind = 'net';
  } else if (UNMODELLED.includes(keyword)) throw new NotModelled(`route -${keyword}`);
  else throw new RouteSyntaxError(`route: botched keyword: ${keyword}`);
}

function maskLength(text: string): number {
  const mask = parseAddress(text);
  for (let length = 0; length <= 32; length++) {
    if (mask?.family === 'ipv4' && maskOf('ipv4', length).value === mask.value) return length;
  }
  throw new NotModelled(`route -netmask ${text}`);
}

/** "default", ADDR, ADDR/PLEN. Without a length IPv4 is classful when its host part is zero, or under -net (§10.2 21). */
function readDestination(text: string, { family, kind }: Reading): Destination {
  if (text === 'default') return { text, address: { family, value: 0n }, length: 0 };
  const slash = text.indexOf('/');
  if (slash === 0) throw new RouteSyntaxError(`route: ${text}: unexpected '/'`);
  const address = readAddress(slash < 0 ? text : text.slice(0, slash), text, family);
  if (slash >= 0) return { text, address, length: readLength(text.slice(slash + 1), family) };
  if (family === 'ipv6') return { text, address };
  const { value } = address;
  if (value === 0n) return { text, address, length: 0 };
  const zeros = [24, 16, 8].find((bits) => value % (1n << BigInt(bits)) === 0n);
  const classHost = value >> 31n === 0n ? 24n : value >> 30n === 2n ? 16n : 8n;
  const looksLikeNetwork = value % (1n << classHost) === 0n;
  if (kind === 'host' || (kind === 'any' && !looksLikeNetwork)) return { text, address };
  if (zeros === undefined) throw new NotModelled(`route -net ${text}: its mask is that of an interface there may be`);
  return { text, address, length: 32 - zeros };
}

function readLength(text: string, family: Family): number {
  if (!/^\d/.test(text)) throw new RouteSyntaxError(`route: bad prefix length ${text}`);
  if (!/^\d+$/.test(text)) throw new NotModelled(`the prefix length ${text}`);
  if (Number(text) > bitsOf(family)) throw new RouteSyntaxError(`route: prefix length ${text} out of range`);
  return Number(text);
}

function readAddress(text: string, word: string, family: Family): Address {
  if (text.includes('/')) throw new RouteSyntaxError(`route: ${text}: unexpected '/'`);
  const address = parseAddress(text);
  if (address?.family === family) return address;
  if (/^[\d.]+$/.test(text) || /^[A-Za-z]/.test(text)) throw new NotModelled(`the name or number ${text} in route`);
  throw new RouteSyntaxError(family === 'ipv4' ? `${word}: bad value` : `route: ${word}: bad address`);
}
