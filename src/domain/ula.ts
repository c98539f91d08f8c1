import { type Address, addressFromValue, addressValue, familyOf } from './address.ts';
import { OperatorError } from './errors.ts';
import { formatPrefix, type Prefix, parsePrefix, prefixesOverlap } from './prefix.ts';

/** Bits of what a host takes at random, and of the networks within. */
const [HOST_LENGTH, NETWORK_LENGTH] = [48, 64];

/** fc00::/7 with the bit that says "chosen here" set, as a number of 8 bits (RFC 4193, section 3.1). */
const LOCAL = 0xfdn;

/**
 * The /48 of a host: fd, and 40 random bits (RFC 4193, section 3.2.1), so that two sites that meet one day do not
 * overlap.
 *
 * @param random ten hexadecimal digits
 */
export function ulaOfHost(random: string): Prefix {
  const value = (LOCAL << 120n) | (BigInt(`0x${random}`) << 80n);
  return { address: addressFromValue(value, 'inet6'), length: HOST_LENGTH };
}

/**
 * Reads the /48 of a host.
 *
 * @throws {OperatorError} ADDRESS_INVALID, PREFIX_INVALID
 */
export function parseUlaOfHost(text: string): Prefix {
  const prefix = parsePrefix(text);
  const local = familyOf(prefix.address) === 'inet6' && addressValue(prefix.address) >> 120n === LOCAL;
  if (local && prefix.length === HOST_LENGTH) return prefix;
  throw new OperatorError('PREFIX_INVALID', `Cannot use ${formatPrefix(prefix)} as the unique local prefix of a host`, {
    hint: 'Write a /48 below fd00::/8, like fd5f:3c1a:9e27::/48',
  });
}

/** The lowest /64 of a host's /48 that meets no taken prefix. Undefined: none is left. */
export function lowestFreeUla(host: Prefix, taken: readonly Prefix[]): Prefix | undefined {
  const near = taken.filter((prefix) => prefixesOverlap(prefix, host));
  for (let subnet = 0n; subnet < 1n << BigInt(NETWORK_LENGTH - HOST_LENGTH); subnet += 1n) {
    const value = addressValue(host.address) + (subnet << 64n);
    const prefix = { address: addressFromValue(value, 'inet6'), length: NETWORK_LENGTH };
    if (!near.some((other) => prefixesOverlap(other, prefix))) return prefix;
  }
  return undefined;
}

/** fc00::/7 (RFC 4193): known to nobody outside, so it has to be translated. */
export function isUniqueLocal(address: Address): boolean {
  return familyOf(address) === 'inet6' && addressValue(address) >> 121n === 0x7en;
}
