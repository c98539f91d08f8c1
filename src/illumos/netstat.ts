import { type Ipv4Address, parseIpv4, parseIpv6 } from '../domain/address.ts';
import { networkOf, type Prefix, parsePrefixLength } from '../domain/prefix.ts';
import type { Command } from './command.ts';

/** The only list of all routes there is; "get" of route shows one default where there are two (§3.3). */
export function showRoutes(): Command {
  return { program: '/usr/bin/netstat', args: ['-rn', '-f', 'inet'] };
}

/**
 * Reads the gateways of the default routes, in the order of the table, from the columns meant for people.
 *
 * @throws {OperatorError} ADDRESS_INVALID when the second column of a default route is none
 */
export function parseDefaultRouters(stdout: string): Ipv4Address[] {
  return stdout.split('\n').flatMap((line) => {
    const [destination, gateway] = line.trim().split(/\s+/);
    return destination === 'default' && gateway !== undefined ? [parseIpv4(gateway)] : [];
  });
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
