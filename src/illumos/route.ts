import type { Address } from '../domain/address.ts';
import type { Command } from './command.ts';

const ROUTE = '/usr/sbin/route';

/** Exit statuses of route that name the errno of illumos (§3.1). */
export const ROUTE_EXISTS = 17;
export const ROUTE_NOT_THERE = 3;

/** Adds beside what is there: a second default route does not replace the first (§3.1). Not recorded. */
export function addDefaultRoute(router: Address): Command {
  return { program: ROUTE, args: ['-n', 'add', 'default', router] };
}

export function deleteDefaultRoute(router: Address): Command {
  return { program: ROUTE, args: ['-n', 'delete', 'default', router] };
}
