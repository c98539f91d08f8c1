import type { Family } from '../domain/address.ts';
import { OperatorError } from '../domain/errors.ts';
import type { LinkName } from '../domain/names.ts';
import { formatInterfaceAddress, type InterfaceAddress, parseInterfaceAddress } from '../domain/prefix.ts';
import type { Command } from './command.ts';
import { parseRows } from './parseable.ts';

const IPADM = '/usr/sbin/ipadm';
const ADDRESS_FIELDS = ['addrobj', 'type', 'state', 'addr'] as const;
const PROPERTY_FIELDS = ['property', 'current'] as const;
const LINK_PROPERTY_FIELDS = ['ifname', 'property', 'current'] as const;

/** An address as `ipadm show-addr` lists it. */
export interface AddressObject {
  /** "znic1/v4"; "znic1/?" for one that ipadm did not make. */
  readonly object: string;
  /** The part before the slash. */
  readonly link: string;
  readonly family: Family;
  readonly type: string;
  /** ok, down, disabled, tentative, duplicate, inaccessible. */
  readonly state: string;
  /** Missing while DHCP has none, and for a point-to-point address. */
  readonly address?: InterfaceAddress;
}

export function showAddresses(): Command {
  return { program: IPADM, args: ['show-addr', '-p', '-o', ADDRESS_FIELDS.join(',')] };
}

/** Reads what `showAddresses` printed. IPv6 link-local addresses lose their "%link" (§2.3). */
export function parseAddresses(stdout: string): AddressObject[] {
  return parseRows(stdout, ADDRESS_FIELDS).map(({ addrobj, type, state, addr }) => {
    const address = readAddress(addr.replace(/%[^/]*/, ''));
    return {
      object: addrobj,
      link: addrobj.slice(0, addrobj.indexOf('/')),
      family: addr.includes(':') || type === 'addrconf' ? 'inet6' : 'inet',
      type,
      state,
      ...(address === undefined ? {} : { address }),
    };
  });
}

function readAddress(text: string): InterfaceAddress | undefined {
  try {
    return parseInterfaceAddress(text);
  } catch (error) {
    // "?" of an unbound DHCP lease and "a->b" are no address with a prefix length, and no mistake.
    if (error instanceof OperatorError) return undefined;
    throw error;
  }
}

const INTERFACE_FIELDS = ['ifname', 'state'] as const;

/** The IP interfaces of whoever asks. */
export function showInterfaces(): Command {
  return { program: IPADM, args: ['show-if', '-p', '-o', INTERFACE_FIELDS.join(',')] };
}

/** Reads the names that `showInterfaces` printed, those that are only recorded left out. */
export function parseInterfaces(stdout: string): string[] {
  return parseRows(stdout, INTERFACE_FIELDS).flatMap(({ ifname, state }) => (state === 'disabled' ? [] : [ifname]));
}

/** Plumbs both families, for good (§2.2). */
export function createInterface(link: LinkName): Command {
  return { program: IPADM, args: ['create-if', link] };
}

export function deleteInterface(link: LinkName): Command {
  return { program: IPADM, args: ['delete-if', link] };
}

/** Temporary: the metadata is the truth, and ipadm.conf stays clean (§2.5). Plumbs the interface when it has to. */
export function createStaticAddress(object: string, address: InterfaceAddress): Command {
  return {
    program: IPADM,
    args: ['create-addr', '-t', '-T', 'static', '-a', formatInterfaceAddress(address), object],
  };
}

/** Takes away the active and the recorded address: delete-addr knows no -t (§2.3). */
export function deleteAddress(object: string): Command {
  return { program: IPADM, args: ['delete-addr', object] };
}

/** Whether interfaces plumbed from now on forward IPv4. */
export function showForwardingDefault(): Command {
  return { program: IPADM, args: ['show-prop', '-c', '-o', PROPERTY_FIELDS.join(','), '-p', 'forwarding', 'ipv4'] };
}

export function parseForwardingDefault(stdout: string): boolean {
  return parseRows(stdout, PROPERTY_FIELDS).some(({ current }) => current === 'on');
}

/** Whether each interface forwards IPv4. */
export function showForwarding(): Command {
  const fields = LINK_PROPERTY_FIELDS.join(',');
  return { program: IPADM, args: ['show-ifprop', '-c', '-o', fields, '-p', 'forwarding', '-m', 'ipv4'] };
}

/** The names of the interfaces that forward. */
export function parseForwarding(stdout: string): string[] {
  return parseRows(stdout, LINK_PROPERTY_FIELDS).flatMap(({ ifname, current }) => (current === 'on' ? [ifname] : []));
}

/** On all interfaces and those to come, until the next boot. Silently skips links with allowed-address (§2.4). */
export function setForwarding(state: 'on' | 'off'): Command {
  return { program: IPADM, args: ['set-prop', '-t', '-p', `forwarding=${state}`, 'ipv4'] };
}
