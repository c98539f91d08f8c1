import { type Address, type Ipv4Address, parseIpv4, parseIpv6 } from '../domain/address.ts';
import { lengthOfNetmask, networkOf, type Prefix, parsePrefixLength } from '../domain/prefix.ts';
import type { Command } from './command.ts';

/** The only list of all routes there is; "get" of route shows one default where there are two (§3.3). */
export function showRoutes(): Command {
  return { program: '/usr/bin/netstat', args: ['-rn', '-f', 'inet'] };
}

/**
 * Reads the destinations of all routes but the default ones. Networks stand there without their length (§3.3).
 */
export function parseRouteDestinations(stdout: string): Ipv4Address[] {
  return stdout.split('\n').flatMap((line) => {
    const [destination = ''] = line.trim().split(/\s+/);
    return /^\d+(\.\d+){3}$/.test(destination) ? [parseIpv4(destination)] : [];
  });
}

export function showInet6Routes(): Command {
  return { program: '/usr/bin/netstat', args: ['-rn', '-f', 'inet6'] };
}

/** Reads where the IPv6 routes lead; hosts stand there without a length, networks with it (§11.3). */
export function parseInet6Destinations(stdout: string): Prefix[] {
  return stdout.split('\n').flatMap((line): Prefix[] => {
    const [destination = ''] = line.trim().split(/\s+/);
    const [address = '', length = '128'] = destination.split('/');
    if (!/^[0-9a-f:.]+$/.test(address) || !address.includes(':')) return [];
    return [networkOf({ address: parseIpv6(address), prefixLength: parsePrefixLength(length, 'inet6') })];
  });
}

/** A route by another machine, of either family. */
export interface TableRoute {
  /** Length 0: a default route. */
  readonly to: Prefix;
  readonly router: Address;
  /** The interface it leaves by; missing where the table does not say. */
  readonly link?: string;
}

/** Asks for the tables of both families with their masks, which plain -r leaves out (§3.3). */
export function showRouteTable(): Command {
  return { program: '/usr/bin/netstat', args: ['-rnv'] };
}

/**
 * Reads the routes that lead by a router, in the order of the tables, from the columns meant for people. Those of the
 * zone's own addresses are left out. The column of the interface may be empty.
 *
 * Source: usr/src/cmd/cmd-inet/usr.bin/netstat/netstat.c.
 *
 * @throws {OperatorError} ADDRESS_INVALID, PREFIX_INVALID for a line that is no route
 */
export function parseRouteTable(stdout: string): TableRoute[] {
  return stdout.split(/^(?=IRE Table: )/m).flatMap((table) => {
    const [title = '', , , ...lines] = table.split('\n');
    if (title === 'IRE Table: IPv4') return lines.flatMap(readInetRoute);
    return title === 'IRE Table: IPv6' ? lines.flatMap(readInet6Route) : [];
  });
}

function readInetRoute(line: string): TableRoute[] {
  const [destination = '', mask = '', ...rest] = line.trim().split(/\s+/);
  if (mask === '') return [];
  const address = parseIpv4(destination === 'default' ? '0.0.0.0' : destination);
  return byRouter({ address, length: lengthOfNetmask(parseIpv4(mask)) }, rest);
}

function readInet6Route(line: string): TableRoute[] {
  const [destination = '', ...rest] = line.trim().split(/\s+/);
  if (rest.length === 0) return [];
  const [address = '', length = '128'] = (destination === 'default' ? '::/0' : destination).split('/');
  return byRouter({ address: parseIpv6(address), length: parsePrefixLength(length, 'inet6') }, rest);
}

/** Gateway, interface or nothing, MTU, references, flags: "G" is by a router. */
function byRouter(to: Prefix, [gateway = '', ...rest]: readonly string[]): TableRoute[] {
  const [first = ''] = rest;
  const link = /^\d+$/.test(first) ? undefined : first;
  const flags = rest[link === undefined ? 2 : 3] ?? '';
  if (!flags.includes('G')) return [];
  const router = gateway.includes(':') ? parseIpv6(gateway) : parseIpv4(gateway);
  return [{ to, router, ...(link === undefined ? {} : { link }) }];
}
