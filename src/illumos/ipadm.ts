import type { Family } from '../domain/address.ts';
import { OperatorError } from '../domain/errors.ts';
import type { LinkName } from '../domain/names.ts';
import { formatInterfaceAddress, type InterfaceAddress, parseInterfaceAddress } from '../domain/prefix.ts';
import type { Command } from './command.ts';
import { parseRows } from './parseable.ts';

const IPADM = '/usr/sbin/ipadm';
const ADDRESS_FIELDS = ['addrobj', 'type', 'state', 'addr'] as const;
const PROPERTY_FIELDS = ['proto', 'property', 'current'] as const;
const LINK_PROPERTY_FIELDS = ['ifname', 'proto', 'property', 'current'] as const;

/** The protocol that ipadm calls a family. */
const PROTOCOLS = { inet: 'ipv4', inet6: 'ipv6' } as const;

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

/** Temporary too. After so many seconds it warns, exits 0, and the agent goes on asking: the address is then "?" (§2.1). */
export function createDhcpAddress(object: string, seconds: number): Command {
  return {
    program: IPADM,
    args: ['create-addr', '-t', '-T', 'dhcp', '-w', `${seconds}`, object],
    timeoutSeconds: seconds + 15,
  };
}

/**
 * The link-local address that every IPv6 address of an interface needs before it (§2.3); in.ndpd makes it, and must run.
 *
 * `advertised`: addresses of router advertisements and DHCPv6 come with it.
 */
export function createAddrconf(object: string, advertised: boolean): Command {
  const only = advertised ? [] : ['-p', 'stateful=no,stateless=no'];
  return { program: IPADM, args: ['create-addr', '-t', '-T', 'addrconf', ...only, object] };
}

/** Takes away the active and the recorded address: delete-addr knows no -t (§2.3). */
export function deleteAddress(object: string): Command {
  return { program: IPADM, args: ['delete-addr', object] };
}

/** Plumbs both families on a link until the next boot, without an address (§2.2). */
export function createTemporaryInterface(link: string): Command {
  return { program: IPADM, args: ['create-if', '-t', link] };
}

/** The MTU of IP on an interface, in both families. */
export function showMtu(link: string): Command {
  return { program: IPADM, args: ['show-ifprop', '-c', '-o', LINK_PROPERTY_FIELDS.join(','), '-p', 'mtu', link] };
}

/** Reads the bytes of each family. */
export function parseMtu(stdout: string): Partial<Record<Family, number>> {
  const rows = parseRows(stdout, LINK_PROPERTY_FIELDS);
  const of = (family: Family) => rows.find(({ proto }) => proto === PROTOCOLS[family])?.current;
  const [inet, inet6] = [of('inet'), of('inet6')];
  return {
    ...(inet === undefined ? {} : { inet: Number(inet) }),
    ...(inet6 === undefined ? {} : { inet6: Number(inet6) }),
  };
}

/** Never above the MTU of the link (§2.4). */
export function setMtu(link: string, mtu: number, family: Family): Command {
  return { program: IPADM, args: ['set-ifprop', '-t', '-p', `mtu=${mtu}`, '-m', PROTOCOLS[family], link] };
}

/** Whether interfaces plumbed from now on forward a family. */
export function showForwardingDefault(family: Family): Command {
  const fields = PROPERTY_FIELDS.join(',');
  return { program: IPADM, args: ['show-prop', '-c', '-o', fields, '-p', 'forwarding', PROTOCOLS[family]] };
}

export function parseForwardingDefault(stdout: string): boolean {
  return parseRows(stdout, PROPERTY_FIELDS).some(({ current }) => current === 'on');
}

/** Whether each interface forwards, in both families. */
export function showForwarding(): Command {
  return { program: IPADM, args: ['show-ifprop', '-c', '-o', LINK_PROPERTY_FIELDS.join(','), '-p', 'forwarding'] };
}

/** The names of the interfaces that forward a family. */
export function parseForwarding(stdout: string, family: Family): string[] {
  return parseRows(stdout, LINK_PROPERTY_FIELDS).flatMap(({ ifname, proto, current }) =>
    proto === PROTOCOLS[family] && current === 'on' ? [ifname] : [],
  );
}

/** On one interface, until the next boot. */
export function setLinkForwarding(state: 'on' | 'off', family: Family, link: string): Command {
  return { program: IPADM, args: ['set-ifprop', '-t', '-p', `forwarding=${state}`, '-m', PROTOCOLS[family], link] };
}

/** On all interfaces and those to come, until the next boot. Silently skips links with allowed-address (§2.4). */
export function setForwarding(state: 'on' | 'off', family: Family): Command {
  return { program: IPADM, args: ['set-prop', '-t', '-p', `forwarding=${state}`, PROTOCOLS[family]] };
}
