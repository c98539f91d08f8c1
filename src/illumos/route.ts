import { type Address, familyOf, parseIpv4 } from '../domain/address.ts';
import { formatPrefix, lengthOfNetmask, networkOf, type Prefix } from '../domain/prefix.ts';
import type { Command } from './command.ts';

const ROUTE = '/usr/sbin/route';

/** Exit statuses of route that name the errno of illumos (§3.1). */
export const ROUTE_EXISTS = 17;
export const ROUTE_NOT_THERE = 3;

/** A route as `route` is told of it. Length 0 of `to`: a default route. `link`: of an IPv6 link-local router (§3.1). */
export interface RouteWords {
  readonly to: Prefix;
  readonly router: Address;
  readonly link?: string;
}

/** Adds beside what is there: a second default route does not replace the first (§3.1). Not recorded. */
export function addRoute(route: RouteWords): Command {
  return { program: ROUTE, args: ['-n', 'add', ...words(route)] };
}

export function deleteRoute(route: RouteWords): Command {
  return { program: ROUTE, args: ['-n', 'delete', ...words(route)] };
}

function words({ to, router, link }: RouteWords): string[] {
  const family = familyOf(router) === 'inet6' ? ['-inet6'] : [];
  return [
    ...family,
    to.length === 0 ? 'default' : formatPrefix(to),
    router,
    ...(link === undefined ? [] : ['-ifp', link]),
  ];
}

/** Asks for the route that a packet to an address takes: it has the mask that the table lacks. */
export function findRoute(address: Address): Command {
  return { program: ROUTE, args: ['-n', 'get', address] };
}

/** Reads the network that the found route leads to; undefined for the default route. */
export function parseFoundRoute(stdout: string): Prefix | undefined {
  const value = (key: string) => new RegExp(`^ *${key}: (\\S+)$`, 'm').exec(stdout)?.[1];
  const [destination, mask] = [value('destination'), value('mask')];
  if (destination === undefined || destination === 'default') return undefined;
  const length = mask === undefined ? 32 : lengthOfNetmask(parseIpv4(mask));
  return networkOf({ address: parseIpv4(destination), prefixLength: length });
}
