import { type Address, addressValue, type Family, familyOf, isLinkLocal } from '../domain/address.ts';
import type { OperatorError } from '../domain/errors.ts';
import { type Fault, faultsError } from '../domain/fault.ts';
import type { Nic, ZoneMetadata } from '../domain/metadata.ts';
import {
  formatInterfaceAddress,
  formatPrefix,
  type InterfaceAddress,
  networkOf,
  prefixContains,
  prefixRange,
} from '../domain/prefix.ts';
import { formatStaticRoute } from '../domain/static-route.ts';
import type { Contradiction } from './contradiction.ts';
import { type IniDocument, parseIni } from './document.ts';
import { forwardFaults } from './forward-check.ts';

/**
 * Sees that the facts of a zone fit each other: what each line for itself cannot show.
 *
 * @throws {OperatorError} METADATA_INVALID naming every fault with its place
 */
export function checkMetadata(metadata: ZoneMetadata, text: string, file: string): void {
  const contradictions = contradictionsIn(metadata);
  if (contradictions.length > 0) throw placed(contradictions, parseIni(text, file));
}

/** What of the facts of a zone does not fit the rest. Empty: all of it does. */
export function contradictionsIn(metadata: Omit<ZoneMetadata, 'generation'>): Contradiction[] {
  return [
    ...metadata.nics.flatMap((nic) => [
      ...addressFaults(nic),
      ...routerFaults(nic),
      ...routeFaults(nic),
      ...networkFaults(nic, metadata),
    ]),
    ...twiceFaults(metadata.nics),
    ...secondRouterFaults(metadata.nics),
    ...forwardFaults(metadata),
  ];
}

function addressFaults(nic: Nic): Contradiction[] {
  const { link, dhcp, addresses } = nic;
  return addresses.flatMap((one) => {
    const value = formatInterfaceAddress(one);
    const fault = (message: string, hint: string) => [{ section: `nic.${link}`, key: 'address', value, message, hint }];
    if (familyOf(one.address) === 'inet6') return inet6Faults(nic, one).flatMap(([what, hint]) => fault(what, hint));
    if (dhcp) return fault(`${value} stands beside DHCP`, 'Take the address away, or "dhcp = yes"');
    const taken = isReserved(one);
    const network = formatPrefix(networkOf(one));
    return taken === undefined ? [] : fault(`${one.address} is the ${taken} address of ${network}`, 'Use one between');
  });
}

/** Link-local addresses are for illumos to give; IPv6 needs 1280 bytes on a link (RFC 8200, section 5). */
function inet6Faults({ link, mtu }: Nic, { address }: InterfaceAddress): [message: string, hint: string][] {
  const use = 'Use a global address or a unique local one, like fd00:1::2/64';
  if (isLinkLocal(address)) return [[`${address} is a link-local address`, use]];
  const value = addressValue(address);
  if (value >> 120n === 0xffn || value <= 1n) return [[`${address} is no address of one host`, use]];
  return mtu < 1280 ? [[`${link} has an MTU of ${mtu}`, 'IPv6 needs 1280 or more']] : [];
}

/** A /31 and a /32 have no network and no broadcast address (RFC 3021). */
function isReserved(one: InterfaceAddress): 'network' | 'broadcast' | undefined {
  if (one.prefixLength > 30) return undefined;
  const { first, last } = prefixRange(networkOf(one));
  const value = addressValue(one.address);
  return value === first ? 'network' : value === last ? 'broadcast' : undefined;
}

function routerFaults(nic: Nic): Contradiction[] {
  return nic.routers.flatMap((router) => {
    const fault = { section: `nic.${nic.link}`, key: 'router', value: router as string };
    if (nic.dhcp && familyOf(router) === 'inet') return [{ ...fault, message: `${router} stands beside DHCP` }];
    return unreachable(router, nic).map((message) => ({ ...fault, message }));
  });
}

function routeFaults(nic: Nic): Contradiction[] {
  return nic.routes.flatMap((route, index) => {
    const fault = { section: `nic.${nic.link}`, key: 'route', value: formatStaticRoute(route) };
    const to = formatPrefix(route.to);
    const twice = nic.routes.slice(0, index).some((before) => formatPrefix(before.to) === to);
    if (twice) return [{ ...fault, message: `${to} has a route already` }];
    // The network that a lease will bring is not known beforehand.
    if (nic.dhcp && familyOf(route.router) === 'inet') return [];
    return unreachable(route.router, nic).map((message) => ({ ...fault, message }));
  });
}

/** Why an address cannot be a router on a link. Empty: it can; a link-local one is on every link. */
function unreachable(router: Address, { link, addresses }: Nic): string[] {
  if (addresses.some(({ address }) => address === router)) return [`${router} is the zone's own address`];
  if (isLinkLocal(router) || addresses.some((one) => prefixContains(networkOf(one), router))) return [];
  return [`${router} is on no network of ${link}`];
}

/** What a proxy translates and filters is the prefix of the network; the link has to be on it. */
function networkFaults(
  { link, side, network, addresses }: Nic,
  { role, networks }: Pick<ZoneMetadata, 'role' | 'networks'>,
): Contradiction[] {
  if (role !== 'proxy' || side !== 'inside') return [];
  const section = `nic.${link}`;
  const known = networks.find(({ name }) => name === network);
  if (network === undefined || known === undefined) {
    const message = `${link} is inside, on network "${network ?? ''}", which is not described`;
    return [
      {
        section,
        key: 'network',
        value: network ?? '',
        message,
        hint: `Write a section [network.${network ?? 'NAME'}]`,
      },
    ];
  }
  return addresses.flatMap((one) => {
    const { address: first, length } = networkOf(one);
    if (known.prefixes.some((prefix) => prefix.address === first && prefix.length === length)) return [];
    const value = formatInterfaceAddress(one);
    return [{ section, key: 'address', value, message: `${value} is not on network "${network}"` }];
  });
}

function twiceFaults(nics: readonly Nic[]): Contradiction[] {
  const seen = new Map<Address, string>();
  return nics.flatMap(({ link, addresses }) =>
    addresses.flatMap((one) => {
      const before = seen.get(one.address);
      seen.set(one.address, link);
      if (before === undefined) return [];
      const value = formatInterfaceAddress(one);
      return [{ section: `nic.${link}`, key: 'address', value, message: `${one.address} is on ${before} already` }];
    }),
  );
}

function secondRouterFaults(nics: readonly Nic[]): Contradiction[] {
  const first = new Map<Family, string>();
  const leased = nics.find(({ dhcp }) => dhcp);
  if (leased !== undefined) first.set('inet', `that of DHCP on ${leased.link}`);
  return nics
    .filter(({ dhcp }) => !dhcp)
    .flatMap(({ link, routers }) =>
      routers.flatMap((router) => {
        const before = first.get(familyOf(router));
        if (before === undefined) {
          first.set(familyOf(router), router);
          return [];
        }
        const message = `${router} is a second default router beside ${before}`;
        return [
          {
            section: `nic.${link}`,
            key: 'router',
            value: router as string,
            message,
            hint: 'A zone has one for each family',
          },
        ];
      }),
    );
}

function placed(contradictions: readonly Contradiction[], document: IniDocument): OperatorError {
  const faults = contradictions.map(({ section: name, key, value, message, hint }): Fault => {
    const section = document.sections.find((one) => one.name === name);
    const entries = section?.entries.filter((entry) => entry.key === key) ?? [];
    const entry = entries.findLast((one) => one.value === value) ?? entries[0];
    const place =
      entry === undefined
        ? { line: section?.line ?? 0, column: 1, length: name.length + 2 }
        : { line: entry.line, column: entry.column, length: entry.value.length };
    return { ...place, message: `[${name}] ${key}: ${message}`, ...(hint === undefined ? {} : { hint }) };
  });
  return faultsError('METADATA_INVALID', { ...document, faults: faults.sort((a, b) => a.line - b.line) });
}
