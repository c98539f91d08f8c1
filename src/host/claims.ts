import { parseIpv4, parseIpv6 } from '../domain/address.ts';
import { OperatorError } from '../domain/errors.ts';
import { GLOBAL } from '../domain/names.ts';
import { ownNics } from '../domain/nic.ts';
import { formatPrefix, type InterfaceAddress, networkOf, type Prefix, prefixesOverlap } from '../domain/prefix.ts';
import type { Settings } from '../domain/settings.ts';
import { SETTINGS_FILE } from '../plan/host-paths.ts';
import type { Records } from './store.ts';

/** A prefix that somebody has, and who, to be read behind "the": "prefix of network \"back\"". */
export interface Claim {
  readonly prefix: Prefix;
  readonly what: string;
}

/** An address of the host itself. */
export interface HostAddress {
  /** "e1000g0/v4". */
  readonly object: string;
  readonly address: InterfaceAddress;
}

/** What the host's own stack reaches: its addresses and the destinations of its routes. */
export interface HostNetworks {
  readonly addresses: readonly HostAddress[];
  readonly routes: readonly Prefix[];
}

/** Prefixes that no host may use as its own network (RFC 6890). */
const SPECIAL: readonly Claim[] = [
  { prefix: { address: parseIpv4('0.0.0.0'), length: 8 }, what: 'range of "this network"' },
  { prefix: { address: parseIpv4('127.0.0.0'), length: 8 }, what: 'range of loopback addresses' },
  { prefix: { address: parseIpv4('169.254.0.0'), length: 16 }, what: 'range of link-local addresses' },
  { prefix: { address: parseIpv4('224.0.0.0'), length: 3 }, what: 'range of multicast and reserved addresses' },
  { prefix: { address: parseIpv6('::'), length: 8 }, what: 'range of special IPv6 addresses' },
  { prefix: { address: parseIpv6('fe80::'), length: 10 }, what: 'range of link-local addresses' },
  { prefix: { address: parseIpv6('ff00::'), length: 8 }, what: 'range of multicast addresses' },
];

/** Every prefix that a new hidden network must not meet. `known` are links of the host that are on networks of ours. */
export function claimsOf(
  records: Records,
  settings: Settings,
  host: HostNetworks,
  known: readonly string[] = [],
): Claim[] {
  const isOurs = linksOfHost(records, known);
  const own = host.addresses.filter(isOurs).map(({ address }) => networkOf(address));
  return [
    ...hiddenClaims(records),
    ...records.zones.flatMap(({ name, nics }) =>
      nics
        .filter(({ network }) => network === undefined)
        .flatMap(({ addresses }) => addresses.map(networkOf))
        .map((prefix) => ({ prefix, what: `outside network of zone "${name}"` })),
    ),
    ...host.addresses
      .filter((one) => !isOurs(one))
      .map(({ object, address }) => ({
        prefix: networkOf(address),
        what: `network of this host's ${object}`,
      })),
    ...host.routes
      .filter(({ address }) => !own.some((route) => route.address === address))
      .map((prefix) => ({ prefix, what: 'destination of a route of this host' })),
    ...settings.reserved.map((prefix) => ({ prefix, what: `range that ${SETTINGS_FILE} reserves` })),
    ...SPECIAL,
  ];
}

/** Where the global zone is a proxy, its links to the inside are links of the host too; their networks are known. */
function linksOfHost({ zones }: Records, known: readonly string[]): (address: HostAddress) => boolean {
  const own = zones.filter(({ name }) => name === GLOBAL).flatMap(ownNics);
  const ours = [...own.map(({ link }) => link), ...known];
  return ({ object }) => ours.some((link) => object.startsWith(`${link}/`));
}

/** The prefixes of the hidden networks of this host. */
export function hiddenClaims({ networks }: Records): Claim[] {
  return networks.flatMap(({ name, prefixes }) =>
    prefixes.map((prefix) => ({ prefix, what: `prefix of network "${name}"` })),
  );
}

/**
 * Refuses a prefix that shares an address with a claim, in either direction. `purpose` follows "Cannot".
 *
 * @throws {OperatorError} PREFIX_OVERLAPS
 */
export function checkFree(prefix: Prefix, claims: readonly Claim[], purpose: string, hint: string): void {
  const met = claims.find((claim) => prefixesOverlap(prefix, claim.prefix));
  if (met === undefined) return;
  const other = formatPrefix(met.prefix);
  const more = met.prefix.length - prefix.length;
  const how = more === 0 ? 'is' : more > 0 ? `contains ${other},` : `lies in ${other},`;
  const message = `Cannot ${purpose}: ${formatPrefix(prefix)} ${how} the ${met.what}`;
  throw new OperatorError('PREFIX_OVERLAPS', message, { hint });
}
