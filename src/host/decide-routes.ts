import { type Address, type Family, familyOf } from '../domain/address.ts';
import { OperatorError } from '../domain/errors.ts';
import type { ZoneName } from '../domain/names.ts';
import { checkHostAddress, type Network } from '../domain/network.ts';
import { isLearnt } from '../domain/nic.ts';
import { formatPrefix, networkOf, prefixContains } from '../domain/prefix.ts';
import { formatStaticRoute } from '../domain/static-route.ts';
import type { ZoneNic } from '../domain/zone-record.ts';
import type { LinkRequest } from './zone-request.ts';

const FAMILIES: readonly Family[] = ['inet', 'inet6'];

/**
 * Puts routers and routes on the links of a zone: default routers that were asked for on the link that reaches them;
 * where none was, and none will be learnt, that of the first hidden network the zone is on without being its router.
 *
 * `before` are links the zone has already: a default router there is enough.
 *
 * @throws {OperatorError} ADDRESS_OUTSIDE, ADDRESS_TAKEN, VALUE_INVALID
 */
export function decideRoutes(
  nics: readonly ZoneNic[],
  request: Pick<LinkRequest, 'routers' | 'staticRoutes'>,
  zone: ZoneName,
  { networks, before }: { networks: readonly Network[]; before: readonly ZoneNic[] },
): ZoneNic[] {
  const decided = nics.map((nic) => ({ nic, routers: [] as Address[] }));
  for (const router of request.routers) {
    const at = decided.find(({ nic }) => nic.side === 'outside' && reaches(nic, router));
    const has = decided.flatMap(({ routers }) => routers).find((other) => familyOf(other) === familyOf(router));
    if (has !== undefined) throw secondRouter(zone, has, router);
    if (at === undefined) {
      const outside = nics.filter(({ side }) => side === 'outside');
      throw unreachable(router, outside, zone);
    }
    checkRouter(router, at.nic, zone);
    at.routers.push(router);
  }
  for (const family of FAMILIES) {
    const learnt = [...before, ...nics].some((nic) => isLearnt(nic, family));
    const known = [...before.flatMap(({ routers }) => routers), ...decided.flatMap(({ routers }) => routers)];
    if (learnt || known.some((router) => familyOf(router) === family)) continue;
    for (const { nic, routers } of decided) {
      const router = ownRouter(nic, networks, family);
      if (router === undefined) continue;
      routers.push(router);
      break;
    }
  }
  const routed = decided.map(({ nic, routers }) => ({ ...nic, routers }));
  return request.staticRoutes.reduce<ZoneNic[]>((all, route) => {
    const at = all.findIndex((nic) => reaches(nic, route.router));
    if (at < 0) throw unreachable(route.router, nics, zone, `the route "${formatStaticRoute(route)}"`);
    return all.map((nic, index) => (index === at ? { ...nic, routes: [...nic.routes, route] } : nic));
  }, routed);
}

/**
 * Links of a zone that keep their routers and routes, and get those that are asked for; where a family has no default router any
 * more, that of a network it is on.
 *
 * @throws {OperatorError} as `decideRoutes`
 */
export function addRoutes(
  nics: readonly ZoneNic[],
  request: Pick<LinkRequest, 'routers' | 'staticRoutes'>,
  zone: ZoneName,
  networks: readonly Network[],
): ZoneNic[] {
  const bare = nics.map((nic) => ({ ...nic, routes: [] }));
  const decided = decideRoutes(bare, request, zone, { networks, before: nics });
  return nics.map((nic, at) => ({
    ...nic,
    routers: [...nic.routers, ...(decided[at]?.routers ?? [])],
    routes: [...nic.routes, ...(decided[at]?.routes ?? [])],
  }));
}

/** The router of the hidden network that a NIC is on; undefined where the zone itself is it, or has no address. */
function ownRouter(nic: ZoneNic, networks: readonly Network[], family: Family): Address | undefined {
  const network = networks.find(({ name }) => name === nic.network);
  const router = network?.routers.find((address) => familyOf(address) === family);
  if (router === undefined || nic.addresses.some(({ address }) => address === router)) return undefined;
  return nic.addresses.some(({ address }) => familyOf(address) === family) ? router : undefined;
}

/** Whether an address is on the network of a NIC; a link-local one is on any. */
export function reaches({ addresses }: Pick<ZoneNic, 'addresses'>, router: Address): boolean {
  return isLinkLocal(router) || addresses.some((one) => prefixContains(networkOf(one), router));
}

const isLinkLocal = (address: Address) => /^fe[89ab]/.test(address);

function checkRouter(router: Address, { addresses }: ZoneNic, zone: ZoneName): void {
  if (addresses.some(({ address }) => address === router)) {
    const message = `Cannot connect zone "${zone}": ${router} is its own address, not its router's`;
    throw new OperatorError('ADDRESS_TAKEN', message, {
      hint: 'Write the address of the router of the outside network behind -r',
    });
  }
  const on = addresses.map(networkOf).find((prefix) => prefixContains(prefix, router));
  if (on !== undefined) checkHostAddress(router, on, `the default router of zone "${zone}"`);
}

function secondRouter(zone: ZoneName, first: Address, second: Address): OperatorError {
  const message = `Cannot connect zone "${zone}": ${second} would be a second default router beside ${first}`;
  return new OperatorError('VALUE_INVALID', message, {
    hint: 'A zone has one for each family; what else is reached by another router is a route: --route PREFIX=ROUTER',
  });
}

function unreachable(
  router: Address,
  nics: readonly ZoneNic[],
  zone: ZoneName,
  what = 'the default router',
): OperatorError {
  const on = nics.flatMap(({ addresses }) => addresses.map((one) => formatPrefix(networkOf(one))));
  const where = on.length === 0 ? 'every network known beforehand' : on.join(', ');
  const message = `Cannot give ${router} to ${what} of zone "${zone}": it is outside ${where}`;
  return new OperatorError('ADDRESS_OUTSIDE', message, {
    hint: 'A router is on one of the networks of the zone; with DHCP it comes with the lease',
  });
}
