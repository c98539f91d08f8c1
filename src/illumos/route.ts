import { type Address, parseIpv4 } from '../domain/address.ts';
import { lengthOfNetmask, networkOf, type Prefix } from '../domain/prefix.ts';
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
