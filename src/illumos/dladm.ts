import type { MacAddress } from '../domain/mac.ts';
import type { LinkName, ZoneName } from '../domain/names.ts';
import type { Command } from './command.ts';
import type { LinkDetails } from './dladm-shares.ts';
import { parseRows } from './parseable.ts';

const DLADM = '/usr/sbin/dladm';
const LINK_FIELDS = ['link', 'class', 'mtu', 'over'] as const;

/** A data link of the host, those lent to zones included. */
export interface Link {
  /** As dladm prints it; not every link of a host has a name that we would give one. */
  readonly name: string;
  /** "phys", "vnic", "etherstub", "aggr" … (§1.7). */
  readonly class: string;
  /** Bytes. */
  readonly mtu: number;
  /** The link that carries it; missing where none does. */
  readonly over?: string;
  /** Missing when it was not asked for. */
  readonly details?: LinkDetails;
}

/** Every link of the host in one command. A link lent to a zone is listed under its plain name (§1.8). */
export function showLinks(): Command {
  return { program: DLADM, args: ['show-link', '-p', '-o', LINK_FIELDS.join(',')] };
}

/** Reads what `showLinks` printed. */
export function parseLinks(stdout: string, wanted?: ReadonlySet<string>): Link[] {
  return parseRows(stdout, LINK_FIELDS, wanted).map(({ link, class: kind, mtu, over }) => ({
    name: link,
    class: kind,
    mtu: Number(mtu),
    ...(over === '' ? {} : { over }),
  }));
}

/** Persistent, like everything of ours on the host: it is there before zones boot with the host (§1.3). */
export function createEtherstub(name: LinkName): Command {
  return { program: DLADM, args: ['create-etherstub', name] };
}

export function deleteEtherstub(name: LinkName): Command {
  return { program: DLADM, args: ['delete-etherstub', name] };
}

/** MTU needs a command of its own: `-p mtu=` is only recorded for the next boot of the host (§1.5, illumos 15695). */
export function createVnic({
  name,
  over,
  vlan,
  mac,
}: {
  readonly name: LinkName;
  readonly over: LinkName;
  readonly vlan?: number | undefined;
  readonly mac?: MacAddress | undefined;
}): Command {
  const tag = vlan === undefined ? [] : ['-v', `${vlan}`];
  const fixed = mac === undefined ? [] : ['-m', mac];
  return { program: DLADM, args: ['create-vnic', '-l', over, ...fixed, ...tag, name] };
}

/** Without -t: with it the record stays, and the link comes back with the host (§10.1). */
export function deleteVnic(name: LinkName): Command {
  return { program: DLADM, args: ['delete-vnic', name] };
}

/** Moves a link into a running zone with an IP stack of its own. Only for now: its configuration has it for good (§1.8). */
export function lendLink(name: LinkName, zone: ZoneName): Command {
  return { program: DLADM, args: ['set-linkprop', '-t', '-p', `zone=${zone}`, name] };
}

/** One property a call: with several the status is that of the last one (§1.9). */
export function setMtu(name: LinkName, mtu: number): Command {
  return { program: DLADM, args: ['set-linkprop', '-p', `mtu=${mtu}`, name] };
}

const PROPERTY_FIELDS = ['link', 'property', 'value'] as const;

/** What a link may send (§8.1), as it is now. Both lists empty: anything. */
export interface LinkProtection {
  /** Of "mac-nospoof", "restricted", "ip-nospoof", "dhcp-nospoof". */
  readonly types: readonly string[];
  /** Addresses and networks, always with a prefix length. */
  readonly allowedIps: readonly string[];
}

/** The protection of every link, and the zone that has it, in one command. It opens each of them for a moment (§1.9). */
export function showProtection(): Command {
  return {
    program: DLADM,
    args: ['show-linkprop', '-c', '-o', PROPERTY_FIELDS.join(','), '-p', 'protection,allowed-ips,zone'],
  };
}

/** Reads what `showProtection` printed, by link. "--" is a link that cannot be protected (§1.9). */
export function parseProtection(stdout: string): Map<string, LinkProtection> {
  const links = new Map<string, LinkProtection>();
  for (const { link, property, value } of parseRows(stdout, PROPERTY_FIELDS)) {
    if (property === 'zone') continue;
    const values = value === '' || value === '--' ? [] : value.split(',');
    const before = links.get(link) ?? { types: [], allowedIps: [] };
    links.set(link, property === 'protection' ? { ...before, types: values } : { ...before, allowedIps: values });
  }
  return links;
}

/** The zone that has each link now, of what `showProtection` printed. Empty: the global zone. */
export function parseHolders(stdout: string): Map<string, string> {
  const rows = parseRows(stdout, PROPERTY_FIELDS).filter(({ property }) => property === 'zone');
  return new Map(rows.map(({ link, value }) => [link, value]));
}

/** -t: the value now. A recorded one would come back with the host, whatever the zone's addresses are by then. */
export function setProtection(name: LinkName, types: readonly string[]): Command {
  return { program: DLADM, args: ['set-linkprop', '-t', '-p', `protection=${types.join(',')}`, name] };
}

/** At most 32 addresses and 255 bytes with the name of the property (§1.9). */
export function setAllowedIps(name: LinkName, allowedIps: readonly string[]): Command {
  return { program: DLADM, args: ['set-linkprop', '-t', '-p', `allowed-ips=${allowedIps.join(',')}`, name] };
}

export function resetAllowedIps(name: LinkName): Command {
  return { program: DLADM, args: ['reset-linkprop', '-t', '-p', 'allowed-ips', name] };
}

const VNIC_FIELDS = ['link', 'macaddress'] as const;

/** The MAC addresses of all VNICs in one command. */
export function showMacs(): Command {
  return { program: DLADM, args: ['show-vnic', '-p', '-o', VNIC_FIELDS.join(',')] };
}

/** Reads what `showMacs` printed: link → MAC address as dladm prints it, without padding: "2:8:20:a:b:c". */
export function parseMacs(stdout: string): Map<string, string> {
  return new Map(parseRows(stdout, VNIC_FIELDS).map(({ link, macaddress }) => [link, macaddress]));
}
