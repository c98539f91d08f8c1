import { type Address, familyOf } from '../domain/address.ts';
import type { Nic } from '../domain/metadata.ts';
import { addDefaultRoute, deleteDefaultRoute, ROUTE_EXISTS, ROUTE_NOT_THERE } from '../illumos/route.ts';
import { disableRoutingDaemon } from '../illumos/routeadm.ts';
import { run, type Step } from './step.ts';

/** The IPv4 default router of a zone; undefined when it has none. */
export function defaultRouterOf(nics: readonly Nic[]): Address | undefined {
  return nics.flatMap(({ routers }) => routers).find((router) => familyOf(router) === 'inet');
}

/**
 * Steps that leave exactly the one IPv4 default route of the metadata, or none. Wrong ones go first: a second default
 * route is used in alternation, never in its place (§3.1). IPv6 routes are left alone.
 */
export function planRoutes(nics: readonly Nic[], observed: readonly Address[]): Step[] {
  const want = defaultRouterOf(nics);
  const wrong = observed.filter((router, index) => router !== want || observed.indexOf(router) !== index);
  const removals = wrong.map((router) =>
    run(`${router} is not the default router`, deleteDefaultRoute(router), { tolerates: [ROUTE_NOT_THERE] }),
  );
  if (want === undefined || observed.includes(want)) return removals;
  return [...removals, run(`no default route by ${want}`, addDefaultRoute(want), { tolerates: [ROUTE_EXISTS] })];
}

/** The step that keeps in.routed from ever starting; empty once somebody has decided about it. */
export function planRoutingDaemon(decided: boolean): Step[] {
  return decided ? [] : [run('in.routed would learn routes from any neighbour', disableRoutingDaemon())];
}
