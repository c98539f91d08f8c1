import { ADDRESS_BITS, type Address, addressFromValue, type Family, familyOf } from './address.ts';
import { OperatorError } from './errors.ts';
import type { NameService } from './name-service.ts';
import type { LinkName, NetworkName } from './names.ts';
import { formatPrefix, type InterfaceAddress, type Prefix, prefixContains, prefixRange } from './prefix.ts';
import type { Reservation } from './reservation.ts';
import type { Vars } from './vars.ts';

/** How far a record has come: written before anything is made, and before anything is taken away. */
export type RecordState = 'creating' | 'ready' | 'deleting';

/** A hidden network: a prefix we give addresses from, and the etherstub that carries it. */
export interface Network {
  readonly name: NetworkName;
  readonly state: RecordState;
  /** One prefix a family, IPv4 first. */
  readonly prefixes: readonly Prefix[];
  /** The router's own address in each prefix, in the same order. */
  readonly routers: readonly Address[];
  readonly etherstub: LinkName;
  /** Bytes, on every link of the network, so that it is equal end to end (§1.5). */
  readonly mtu: number;
  /** Addresses that are not given out by themselves. */
  readonly reservations: readonly Reservation[];
  /** Values for the templates of zones that are on it. */
  readonly vars: Vars;
  /** How its zones find each other by name. Missing: not at all. */
  readonly names?: NameService;
  /** Links on it may send what they like. Missing: they are protected, as their zone's role allows. */
  readonly unprotected?: true;
}

/** The IPv4 prefix of a network comes first. */
export function inOrderOfFamily(prefixes: readonly Prefix[]): Prefix[] {
  const of = (family: Family) => prefixes.filter(({ address }) => familyOf(address) === family);
  return [...of('inet'), ...of('inet6')];
}

/** Shortest and longest prefix of a hidden network, in bits. */
const LENGTHS = { inet: { shortest: 8, longest: 30 }, inet6: { shortest: 48, longest: 64 } } as const;

/**
 * Checks that a prefix is of a size that a hidden network can have: /8 to /30.
 *
 * @throws {OperatorError} PREFIX_INVALID
 */
export function checkNetworkPrefix(prefix: Prefix): Prefix {
  const { shortest, longest } = LENGTHS[familyOf(prefix.address)];
  if (prefix.length >= shortest && prefix.length <= longest) return prefix;
  const few = prefix.length > longest;
  throw new OperatorError(
    'PREFIX_INVALID',
    `Cannot use ${formatPrefix(prefix)} for a hidden network: /${prefix.length} ${few ? 'leaves no room for zones' : 'is too large'}`,
    { hint: `Write a prefix from /${shortest} to /${longest}` },
  );
}

/** First and last address that a router or a zone may have, as numbers: network and broadcast are left out. */
export function usableRange(prefix: Prefix): { readonly first: bigint; readonly last: bigint } {
  const { first, last } = prefixRange(prefix);
  return familyOf(prefix.address) === 'inet' ? { first: first + 1n, last: last - 1n } : { first: first + 1n, last };
}

/** The bottom address: where the router sits unless it is said otherwise. */
export function bottomAddress(prefix: Prefix): Address {
  return addressFromValue(usableRange(prefix).first, familyOf(prefix.address));
}

/**
 * Checks that an address is one that a host on the prefix can have.
 *
 * @throws {OperatorError} ADDRESS_OUTSIDE also for the network's and the broadcast address
 */
export function checkHostAddress(address: Address, prefix: Prefix, what: string): Address {
  const refuse = (why: string): never => {
    const { first, last } = usableRange(prefix);
    const family = familyOf(prefix.address);
    throw new OperatorError('ADDRESS_OUTSIDE', `Cannot give ${address} to ${what}: ${why}`, {
      hint: `Addresses from ${addressFromValue(first, family)} to ${addressFromValue(last, family)} can be used`,
    });
  };
  if (!prefixContains(prefix, address)) return refuse(`it is outside ${formatPrefix(prefix)}`);
  const special = specialAddress(address, prefix);
  return special === undefined ? address : refuse(`it is ${special}`);
}

/** What an address of a prefix is that no host can have: "the broadcast address of 10.2.0.0/24". Undefined: hosts can. */
export function specialAddress(address: Address, prefix: Prefix): string | undefined {
  if (address === prefix.address) return `the address of the network ${formatPrefix(prefix)} itself`;
  const { last } = prefixRange(prefix);
  const isBroadcast = familyOf(address) === 'inet' && address === addressFromValue(last, 'inet');
  return isBroadcast ? `the broadcast address of ${formatPrefix(prefix)}` : undefined;
}

/** The router's address on a network with the length of the prefix it is in. Empty for a family the network has not. */
export function routerAddresses({ prefixes, routers }: Pick<Network, 'prefixes' | 'routers'>): InterfaceAddress[] {
  return routers.flatMap((address) => {
    const prefix = prefixes.find((candidate) => prefixContains(candidate, address));
    return prefix === undefined ? [] : [{ address, prefixLength: prefix.length }];
  });
}

/** The prefix of one family. Missing when the network has none of it. */
export function prefixOf({ prefixes }: Pick<Network, 'prefixes'>, family: Family): Prefix | undefined {
  return prefixes.find((prefix) => familyOf(prefix.address) === family);
}

/** How many addresses a prefix has for zones and its router together. */
export function usableCount(prefix: Prefix): bigint {
  const { first, last } = usableRange(prefix);
  return last - first + 1n;
}

/** The length in bits of an address that stands for itself alone: 32 or 128. */
export function hostLength(address: Address): number {
  return ADDRESS_BITS[familyOf(address)];
}

/** The prefix that one address is. */
export function hostPrefix(address: Address): Prefix {
  return { address, length: hostLength(address) };
}
