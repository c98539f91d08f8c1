import { type Address, type Family, familyOf, isLinkLocal, parseAddress } from '../domain/address.ts';
import type { Nic } from '../domain/metadata.ts';
import type { Prefix } from '../domain/prefix.ts';
import type { TableRoute } from '../illumos/netstat.ts';
import { addRoute, deleteRoute, ROUTE_EXISTS, ROUTE_NOT_THERE, type RouteWords } from '../illumos/route.ts';
import { disableRoutingDaemon } from '../illumos/routeadm.ts';
import { formatRoutes, isSameRoute, isTo } from './route-record.ts';
import { run, type Step } from './step.ts';

/** Where the routes are noted that we have added, so that they can be told from those of others. */
export const ROUTE_RECORD = '/var/zonenet/routes';

export interface ObservedRoutes {
  /** All routes by a router, of both families. */
  readonly table: readonly TableRoute[];
  /** What `ROUTE_RECORD` notes; undefined when there is no such file. */
  readonly recorded?: readonly RouteWords[];
  /** Links whose lease has not come, so that none of their routers can be reached. */
  readonly unbound: readonly string[];
}

export interface RouteSteps {
  readonly removals: readonly Step[];
  readonly additions: readonly Step[];
}

/**
 * Steps that leave exactly the default route of each family and the static routes of the metadata.
 *
 * Wrong default routes go first: a second one is used in alternation, never in the place of the first (§3.1). Where DHCP
 * or router advertisements give default routes, theirs stay. A static route that the metadata does not name goes only
 * when the record says that it is ours; to a network that the metadata does name, no other route stays. What is going to
 * be added is noted before it is.
 */
export function planRoutes(
  nics: readonly Nic[],
  { table, recorded, unbound }: ObservedRoutes,
  families: readonly Family[],
): RouteSteps {
  const usable = (nic: Nic, { router }: { router: Address }) =>
    families.includes(familyOf(router)) && !(unbound.includes(nic.link) && familyOf(router) === 'inet');
  const all = nics.flatMap((nic) => nic.routes.map((route) => ({ ...routeBy(nic, route), now: usable(nic, route) })));
  const want = all.map(({ now: _, ...route }) => route);
  const ready = all.filter(({ now }) => now).map(({ now: _, ...route }) => route);
  const defaults = families.map((family) => planDefault(nics, table, unbound, family));
  const isWrong = (one: TableRoute) =>
    one.to.length > 0 &&
    families.includes(familyOf(one.router)) &&
    !want.some((route) => isSameRoute(one, route)) &&
    ((recorded ?? []).some((route) => isSameRoute(one, route)) || want.some(({ to }) => isTo(one, to)));
  const missing = ready.filter((route) => !table.some((one) => isSameRoute(one, route)));
  return {
    removals: [
      ...defaults.flatMap(({ removals }) => removals),
      ...table.filter(isWrong).map((route) => removal(route, `the metadata knows no route to ${nameOf(route)}`)),
    ],
    additions: [
      ...defaults.flatMap(({ additions }) => additions),
      ...noting(recorded ?? [], [...(recorded ?? []), ...want], 'what is added is noted first'),
      ...missing.map((route) => addition(route, `no route to ${nameOf(route)}`)),
      ...noting([...(recorded ?? []), ...want], want, 'routes that are gone are forgotten'),
    ],
  };
}

/** The default and static routes that NICs are to have, of some families. Those that are noted as ours are the static ones. */
export function wantedRoutes(
  nics: readonly Nic[],
  { families, withDefaults }: { families: readonly Family[]; withDefaults: boolean },
): RouteWords[] {
  const isOf = ({ router }: { router: Address }) => families.includes(familyOf(router));
  return nics.flatMap((nic) => {
    const defaults = nic.routers.map((router) => ({ to: DEFAULT[familyOf(router)], router }));
    const routes = [...(withDefaults ? defaults : []), ...nic.routes];
    return routes.filter(isOf).map((route) => routeBy(nic, route));
  });
}

/** A link-local router is reached only by naming the interface (§3.1). */
function routeBy({ link }: Nic, { to, router }: { to: Prefix; router: Address }): RouteWords {
  return { to, router, ...(isLinkLocal(router) ? { link } : {}) };
}

const DEFAULT: Readonly<Record<Family, Prefix>> = {
  inet: { address: parseAddress('0.0.0.0'), length: 0 },
  inet6: { address: parseAddress('::'), length: 0 },
};

function planDefault(
  nics: readonly Nic[],
  table: readonly TableRoute[],
  unbound: readonly string[],
  family: Family,
): RouteSteps {
  const observed = table.filter(({ to, router }) => to.length === 0 && familyOf(router) === family);
  const [want] = nics.flatMap((nic) =>
    nic.routers
      .filter((router) => familyOf(router) === family)
      .map((router) => routeBy(nic, { to: DEFAULT[family], router })),
  );
  const kept = want === undefined ? givenRoutes(nics, observed, unbound, family) : ownRoute(observed, want);
  const removals = observed
    .filter((route) => !kept.includes(route))
    .map((route) => removal(route, `${route.router} is not the default router`));
  const additions = want === undefined || kept.length > 0 ? [] : [addition(want, `no default route by ${want.router}`)];
  return { removals, additions };
}

function ownRoute(observed: readonly TableRoute[], want: RouteWords): TableRoute[] {
  const found = observed.find((route) => isSameRoute(route, want));
  return found === undefined ? [] : [found];
}

/** Of the default routes on links with a lease the first; of those that in.ndpd gives all, since it looks after them. */
function givenRoutes(
  nics: readonly Nic[],
  observed: readonly TableRoute[],
  unbound: readonly string[],
  family: Family,
): TableRoute[] {
  const on = (links: readonly string[]) =>
    observed.filter(({ link }) => links.length > 0 && (link === undefined || links.includes(link)));
  if (family === 'inet6') {
    const advertised = nics.filter(({ addrconf }) => addrconf).map(({ link }) => link);
    return on(advertised).filter(({ router }) => isLinkLocal(router));
  }
  return on(nics.filter(({ dhcp, link }) => dhcp && !unbound.includes(link)).map(({ link }) => link)).slice(0, 1);
}

/** Brings the record from what it says to what it should; empty when that is the same. */
function noting(from: readonly RouteWords[], to: readonly RouteWords[], reason: string): Step[] {
  const [before, after] = [formatRoutes(from), formatRoutes(to)];
  if (before === after) return [];
  if (after === '') return [{ kind: 'remove', reason, path: ROUTE_RECORD }];
  const directory = ROUTE_RECORD.slice(0, ROUTE_RECORD.lastIndexOf('/'));
  return [
    { kind: 'directory', reason, path: directory, mode: 0o755 },
    { kind: 'write', reason, file: { path: ROUTE_RECORD, content: after, mode: 0o644 }, replaces: before !== '' },
  ];
}

const nameOf = ({ to }: Pick<RouteWords, 'to'>) => `${to.address}/${to.length}`;

function addition(route: RouteWords, reason: string): Step {
  return run(reason, addRoute(route), { tolerates: [ROUTE_EXISTS] });
}

function removal({ to, router, link }: TableRoute, reason: string): Step {
  const on = link !== undefined && isLinkLocal(router) ? { link } : {};
  return run(reason, deleteRoute({ to, router, ...on }), { tolerates: [ROUTE_NOT_THERE] });
}

/** The step that keeps in.routed from ever starting; empty once somebody has decided about it. */
export function planRoutingDaemon(decided: boolean): Step[] {
  return decided ? [] : [run('in.routed would learn routes from any neighbour', disableRoutingDaemon())];
}
