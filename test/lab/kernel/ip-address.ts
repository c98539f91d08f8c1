// IP addresses as numbers, for the lab's own use: reading, printing, prefixes.
import { isIPv4, isIPv6 } from 'node:net';

export type Family = 'ipv4' | 'ipv6';

export interface Address {
  readonly family: Family;
  readonly value: bigint;
}

export interface Prefixed extends Address {
  /** Bits of the network part. */
  readonly length: number;
}

export const bitsOf = (family: Family): number => (family === 'ipv4' ? 32 : 128);

/** A dotted quad without leading zeros, or an IPv6 address without scope. Undefined when it is neither. */
export function parseAddress(text: string): Address | undefined {
  if (isIPv4(text)) return { family: 'ipv4', value: groups(text.split('.'), 10, 8n) };
  if (!isIPv6(text) || text.includes('%')) return undefined;
  const [head = '', tail] = new URL(`http://[${text}]`).hostname.slice(1, -1).split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = Array<string>(8 - before.length - after.length).fill('0');
  return { family: 'ipv6', value: groups([...before, ...zeros, ...after], 16, 16n) };
}

const groups = (parts: readonly string[], radix: number, bits: bigint) =>
  parts.reduce((value, part) => (value << bits) | BigInt(Number.parseInt(part, radix)), 0n);

/** As inet_ntop(3) prints it: "10.0.0.1", "fe80::1". */
export function formatAddress({ family, value }: Address): string {
  if (family === 'ipv4') return [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 255n).join('.');
  const parts = Array.from({ length: 8 }, (_, i) => ((value >> BigInt(112 - 16 * i)) & 0xffffn).toString(16));
  return new URL(`http://[${parts.join(':')}]`).hostname.slice(1, -1);
}

export const formatPrefixed = (prefix: Prefixed): string => `${formatAddress(prefix)}/${prefix.length}`;

export function maskOf(family: Family, length: number): Address {
  const bits = BigInt(bitsOf(family));
  const host = (1n << (bits - BigInt(length))) - 1n;
  return { family, value: ((1n << bits) - 1n) ^ host };
}

/** The network an address lies in: its host part zeroed. */
export function networkOf({ family, value, length }: Prefixed): Prefixed {
  return { family, length, value: value & maskOf(family, length).value };
}

export function contains(prefix: Prefixed, address: Address): boolean {
  if (prefix.family !== address.family) return false;
  return networkOf({ ...address, length: prefix.length }).value === networkOf(prefix).value;
}

export const sameAddress = (a: Address, b: Address): boolean => a.family === b.family && a.value === b.value;

export const samePrefix = (a: Prefixed, b: Prefixed): boolean => sameAddress(a, b) && a.length === b.length;

/** Length of the class A, B or C network (8, 16, 24), and 4 for class D as illumos's netmasks have it nowhere: 32. */
export function classfulLength({ value }: Address): number {
  const first = Number(value >> 24n);
  if (first < 128) return 8;
  if (first < 192) return 16;
  return first < 224 ? 24 : 32;
}

export const LINK_LOCAL: Prefixed = { family: 'ipv6', value: 0xfe80n << 112n, length: 10 };
