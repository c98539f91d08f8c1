import { isIPv4, SocketAddress } from 'node:net';
import type { Brand } from './brand.ts';
import { OperatorError } from './errors.ts';

/** Dotted quad in canonical form, "10.0.0.1", so that `===` compares and a Set holds it. */
export type Ipv4Address = Brand<string, 'Ipv4Address'>;

/** Compressed lower case as inet_ntop(3) prints it, "fd00:1::2", without a zone id. `===` compares. */
export type Ipv6Address = Brand<string, 'Ipv6Address'>;

export type Address = Ipv4Address | Ipv6Address;

/** Address family, in illumos's words. */
export type Family = 'inet' | 'inet6';

/** As people name them. */
export const FAMILY_NAMES = { inet: 'IPv4', inet6: 'IPv6' } as const;

/** Bits of an address. */
export const ADDRESS_BITS = { inet: 32, inet6: 128 } as const;

/**
 * Reads an IPv4 address as an operator or `ipadm` writes it.
 *
 * Leading zeros are refused: to inet_aton(3) "010" is 8, to most people it is 10.
 *
 * @throws {OperatorError} ADDRESS_INVALID
 */
export function parseIpv4(text: string): Ipv4Address {
  if (isIPv4(text)) return text as Ipv4Address;
  throw new OperatorError('ADDRESS_INVALID', `Cannot read "${text}" as an IPv4 address`, {
    hint: 'Write four numbers from 0 to 255 without leading zeros, like 10.0.0.1',
  });
}

/**
 * Reads an IPv6 address in any spelling, without a zone id ("%net0").
 *
 * @throws {OperatorError} ADDRESS_INVALID
 */
export function parseIpv6(text: string): Ipv6Address {
  const address = canonicalIpv6(text);
  if (address !== undefined) return address;
  throw new OperatorError('ADDRESS_INVALID', `Cannot read "${text}" as an IPv6 address`, {
    hint: 'Write groups of hexadecimal digits, like fd00:1::2, without "%link"',
  });
}

/** By inet_pton(3), which Node's isIPv6 would only repeat, as a pattern that takes 4 ms to compile. */
function canonicalIpv6(text: string): Ipv6Address | undefined {
  if (!/^[0-9a-fA-F:.]{2,45}$/.test(text)) return undefined;
  try {
    return new SocketAddress({ address: text, family: 'ipv6' }).address as Ipv6Address;
  } catch {
    return undefined;
  }
}

/**
 * Reads an address of either family.
 *
 * @throws {OperatorError} ADDRESS_INVALID
 */
export function parseAddress(text: string): Address {
  return text.includes(':') ? parseIpv6(text) : parseIpv4(text);
}

/** IPv6 addresses, and only they, have a colon. */
export function familyOf(address: Address): Family {
  return address.includes(':') ? 'inet6' : 'inet';
}

/** fe80::/10: reached on one link only, so a router of that kind says nothing without its link. */
export function isLinkLocal(address: Address): boolean {
  return familyOf(address) === 'inet6' && addressValue(address) >> 118n === 0x3fan;
}

/** The address as a number of 32 or 128 bits. */
export function addressValue(address: Address): bigint {
  if (familyOf(address) === 'inet') {
    return address.split('.').reduce((value, octet) => value * 256n + BigInt(octet), 0n);
  }
  return groupsOf(address).reduce((value, group) => value * 65536n + BigInt(group), 0n);
}

/**
 * The address with that number.
 *
 * @throws {RangeError} when the number does not fit the family: a bug of the caller
 */
export function addressFromValue(value: bigint, family: Family): Address {
  if (value < 0n || value >> BigInt(ADDRESS_BITS[family]) !== 0n)
    throw new RangeError(`${value} is no ${family} address`);
  if (family === 'inet') return [24, 16, 8, 0].map((shift) => (Number(value) >>> shift) & 255).join('.') as Ipv4Address;
  const hex = value.toString(16).padStart(32, '0');
  return parseIpv6((hex.match(/.{4}/g) ?? []).join(':'));
}

/** The eight groups of a canonical IPv6 address. */
function groupsOf(address: string): number[] {
  const [head = '', tail] = withoutDots(address).split('::');
  const read = (part: string) => (part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16)));
  if (tail === undefined) return read(head);
  const [left, right] = [read(head), read(tail)];
  return [...left, ...new Array<number>(8 - left.length - right.length).fill(0), ...right];
}

/** inet_ntop(3) prints ::ffff:10.0.0.1 with a dotted quad at the end. */
function withoutDots(address: string): string {
  return address.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, a, b, c, d) =>
    [Number(a) * 256 + Number(b), Number(c) * 256 + Number(d)].map((group) => group.toString(16)).join(':'),
  );
}
