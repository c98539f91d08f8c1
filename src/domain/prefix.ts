import {
  ADDRESS_BITS,
  type Address,
  addressFromValue,
  addressValue,
  type Family,
  familyOf,
  type Ipv4Address,
  parseAddress,
} from './address.ts';
import { OperatorError } from './errors.ts';

/** A network: its first address, without host bits, and the length of its prefix in bits. */
export interface Prefix {
  readonly address: Address;
  readonly length: number;
}

/** An address on a link, and the length in bits of the prefix of the network it is in. */
export interface InterfaceAddress {
  readonly address: Address;
  readonly prefixLength: number;
}

/**
 * Reads "10.2.0.0/24" or "fd00:1::/64".
 *
 * Host bits are refused: whoever writes 10.2.0.5/24 means either an address or another network.
 *
 * @throws {OperatorError} ADDRESS_INVALID, PREFIX_INVALID
 */
export function parsePrefix(text: string): Prefix {
  const { address, prefixLength } = parseInterfaceAddress(text);
  const network = networkOf({ address, prefixLength });
  if (network.address !== address) {
    throw new OperatorError('PREFIX_INVALID', `Cannot read "${text}" as a network: it has host bits set`, {
      hint: `The network that holds ${address} is ${formatPrefix(network)}`,
    });
  }
  return network;
}

/**
 * Reads "10.2.0.7/24": an address with the length of its prefix. The length is never guessed (illumos would take a
 * classful one, §2.3).
 *
 * @throws {OperatorError} ADDRESS_INVALID, PREFIX_INVALID
 */
export function parseInterfaceAddress(text: string): InterfaceAddress {
  const slash = text.indexOf('/');
  if (slash < 0) {
    throw new OperatorError('PREFIX_INVALID', `Cannot read "${text}": the length of the prefix is missing`, {
      hint: `Write it behind a slash, like ${text.includes(':') ? 'fd00:1::2/64' : '10.2.0.7/24'}`,
    });
  }
  const address = parseAddress(text.slice(0, slash));
  return { address, prefixLength: parsePrefixLength(text.slice(slash + 1), familyOf(address)) };
}

/**
 * Reads the length of a prefix: digits only, without leading zeros, at most the bits of the family.
 *
 * @throws {OperatorError} PREFIX_INVALID
 */
export function parsePrefixLength(text: string, family: Family): number {
  const most = ADDRESS_BITS[family];
  if (/^(0|[1-9]\d{0,2})$/.test(text) && Number(text) <= most) return Number(text);
  throw new OperatorError('PREFIX_INVALID', `Cannot read "${text}" as the length of a prefix`, {
    hint: `Write a whole number from 0 to ${most} without leading zeros`,
  });
}

/** The network that an address is in. */
export function networkOf({ address, prefixLength }: InterfaceAddress): Prefix {
  const family = familyOf(address);
  const hostBits = BigInt(ADDRESS_BITS[family] - prefixLength);
  return { address: addressFromValue((addressValue(address) >> hostBits) << hostBits, family), length: prefixLength };
}

/** First and last address of a network as numbers, both included. */
export function prefixRange(prefix: Prefix): { readonly first: bigint; readonly last: bigint } {
  const first = addressValue(prefix.address);
  const size = 1n << BigInt(ADDRESS_BITS[familyOf(prefix.address)] - prefix.length);
  return { first, last: first + size - 1n };
}

export function prefixContains(prefix: Prefix, address: Address): boolean {
  if (familyOf(prefix.address) !== familyOf(address)) return false;
  const { first, last } = prefixRange(prefix);
  const value = addressValue(address);
  return first <= value && value <= last;
}

/** Whether two networks share an address. Networks of two families never do. */
export function prefixesOverlap(a: Prefix, b: Prefix): boolean {
  return prefixContains(a, b.address) || prefixContains(b, a.address);
}

/** "255.255.255.0" of /24: what some files want instead of a length. IPv4 only. */
export function netmaskOf(length: number): Address {
  const all = (1n << 32n) - 1n;
  return addressFromValue((all << BigInt(32 - length)) & all, 'inet');
}

/**
 * The length of a netmask: 24 of "255.255.255.0".
 *
 * @throws {OperatorError} PREFIX_INVALID when its ones do not all stand first
 */
export function lengthOfNetmask(mask: Ipv4Address): number {
  const bits = addressValue(mask).toString(2).padStart(32, '0');
  if (/^1*0*$/.test(bits)) return bits.lastIndexOf('1') + 1;
  throw new OperatorError('PREFIX_INVALID', `Cannot read "${mask}" as a netmask`);
}

export function formatPrefix({ address, length }: Prefix): string {
  return `${address}/${length}`;
}

export function formatInterfaceAddress({ address, prefixLength }: InterfaceAddress): string {
  return `${address}/${prefixLength}`;
}
