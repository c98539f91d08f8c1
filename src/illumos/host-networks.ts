import { type Ipv4Address, parseIpv4 } from '../domain/address.ts';
import { OperatorError } from '../domain/errors.ts';
import {
  type InterfaceAddress,
  lengthOfNetmask,
  networkOf,
  type Prefix,
  parseInterfaceAddress,
} from '../domain/prefix.ts';
import type { Command } from './command.ts';
import { parseRows } from './parseable.ts';

const ADDRESS_FIELDS = ['addrobj', 'addr'] as const;

/** An address of the host itself. */
export interface HostAddress {
  /** "e1000g0/v4". */
  readonly object: string;
  readonly address: InterfaceAddress;
}

/** Every address of the global zone, both families. */
export function showHostAddresses(): Command {
  return { program: '/usr/sbin/ipadm', args: ['show-addr', '-p', '-o', ADDRESS_FIELDS.join(',')] };
}

/** Reads what `showHostAddresses` printed. What has no address with a prefix length (DHCP without a lease) is left out. */
export function parseHostAddresses(stdout: string): HostAddress[] {
  return parseRows(stdout, ADDRESS_FIELDS).flatMap(({ addrobj, addr }) => {
    const address = ifReadable(() => parseInterfaceAddress(addr.replace(/%[^/]*/, '')));
    return address === undefined ? [] : [{ object: addrobj, address }];
  });
}

/** The routes of the global zone. There is no parseable form; networks come without their length (§3.3). */
export function showHostRoutes(): Command {
  return { program: '/usr/bin/netstat', args: ['-rn', '-f', 'inet'] };
}

/** The destinations of all routes but the default ones: the first column of the table. */
export function parseRouteDestinations(stdout: string): Ipv4Address[] {
  return stdout.split('\n').flatMap((line) => {
    const destination = ifReadable(() => parseIpv4(line.trim().split(/\s+/)[0] ?? ''));
    return destination === undefined ? [] : [destination];
  });
}

/** Asks for the route that a packet to an address would take: it has the mask that the table lacks. Exit 3: none (§3.1). */
export function findRoute(address: Ipv4Address): Command {
  return { program: '/usr/sbin/route', args: ['-n', 'get', address] };
}

/** The network that the found route leads to; undefined for the default route. */
export function parseFoundRoute(stdout: string): Prefix | undefined {
  const value = (key: string) => new RegExp(`^ *${key}: (\\S+)$`, 'm').exec(stdout)?.[1];
  const [destination, mask] = [value('destination'), value('mask')];
  if (destination === undefined || destination === 'default') return undefined;
  const length = mask === undefined ? 32 : lengthOfNetmask(parseIpv4(mask));
  return networkOf({ address: parseIpv4(destination), prefixLength: length });
}

function ifReadable<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof OperatorError) return undefined;
    throw error;
  }
}
