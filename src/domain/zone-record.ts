import type { Address } from './address.ts';
import { OperatorError } from './errors.ts';
import type { Forward } from './forward.ts';
import type { LinkWishes } from './link-wishes.ts';
import type { MacAddress } from './mac.ts';
import type { Nic, Role } from './metadata.ts';
import type { GroupName, LinkName, NetworkName, ZoneName } from './names.ts';
import type { RecordState } from './network.ts';
import { hasAddress } from './nic.ts';
import type { Rule } from './rule.ts';
import type { Site } from './site.ts';
import type { Vars } from './vars.ts';

/** What znetadm remembers of a zone it made: exact names and addresses, so that what it owns is never guessed. */
export interface ZoneRecord {
  readonly name: ZoneName;
  /** Random, and an attribute of the zone's configuration too: another zone of the same name is not ours. */
  readonly id: string;
  readonly state: RecordState;
  readonly role: Role;
  readonly brand: string;
  /** Absolute, on the host. */
  readonly zonepath: string;
  readonly autoboot: boolean;
  /** made: by znetadm, which also deletes it. attached: by somebody else, whose it stays; only its links are ours. */
  readonly origin: 'made' | 'attached';
  /** shared: its addresses are the global zone's to plumb, and nothing in it follows metadata. */
  readonly ipType: IpType;
  /** Whether znetadm installs it; else somebody else does, when they like. */
  readonly install: boolean;
  /** The template of its configuration. Missing: none, which zonecfg calls blank. */
  readonly template?: string;
  /** The zone it is a copy of. */
  readonly cloneOf?: ZoneName;
  /** Commands for zonecfg beside ours, one an element. */
  readonly extra: readonly string[];
  /** Whether it is to be booted and never was: kept until its network is verified for the first time. */
  readonly bootPending: boolean;
  readonly nics: readonly ZoneNic[];
  /** What of outside addresses leads to it. Empty for most. */
  readonly forwards: readonly Forward[];
  /** What it serves by name through its proxy. Empty for most. */
  readonly sites: readonly Site[];
  /** Its rules of the packet filter, the first that matches decides. */
  readonly rules: readonly Rule[];
  /** Labels by which rules name it. */
  readonly groups: readonly GroupName[];
  /** Values for its templates, over those of its networks and of the host. */
  readonly vars: Vars;
}

export type IpType = 'exclusive' | 'shared';

/** A link of a zone as the host sees it: the facts for the zone, the link it is over, and what it may use. */
export interface ZoneNic extends Nic, LinkWishes {
  readonly over: LinkName;
  /** Missing: untagged. */
  readonly vlan?: number;
  /** Chosen by us for a zone that gets its address by DHCP. Missing: what dladm gives. */
  readonly mac?: MacAddress;
}

/** The record of a zone that somebody else made, with nothing of ours on it yet. */
export function attachedRecord(
  known: Pick<ZoneRecord, 'name' | 'id' | 'state' | 'role' | 'brand' | 'zonepath' | 'autoboot' | 'ipType'>,
): ZoneRecord {
  return {
    ...known,
    origin: 'attached',
    install: false,
    extra: [],
    forwards: [],
    sites: [],
    rules: [],
    groups: [],
    bootPending: false,
    nics: [],
    vars: {},
  };
}

/** Brands whose zones run no SMF of illumos: a Linux in a zone, and virtual machines. */
const FOREIGN_BRANDS = ['lx', 'bhyve', 'kvm'];

/**
 * Whether a zone runs our method, which makes it as its metadata say. Another gets link, address and record; what is
 * inside it comes by DHCP, or is its owner's to do.
 */
export function hasMethod({ brand, ipType }: Pick<ZoneRecord, 'brand' | 'ipType'>): boolean {
  return ipType === 'exclusive' && !FOREIGN_BRANDS.includes(brand);
}

/** Whether a zone has an address on one of its links. */
export function ownsAddress({ nics }: Pick<ZoneRecord, 'nics'>, address: string): boolean {
  return nics.some((nic) => hasAddress(nic, address));
}

/** The networks that a zone is on, as router or behind one, each once. */
export function networksOf({ nics }: Pick<ZoneRecord, 'nics'>): NetworkName[] {
  return [...new Set(nics.flatMap(({ network }) => (network === undefined ? [] : [network])))];
}

/** The networks whose router a zone is. Empty for a member. */
export function routedNetworks({ role, nics }: ZoneRecord): NetworkName[] {
  if (role !== 'proxy') return [];
  return nics.flatMap(({ side, network }) => (side === 'inside' && network !== undefined ? [network] : []));
}

/** Whether a run that began to make or to boot it for the first time has not come to its end. */
export function isUnfinished({ state, bootPending }: ZoneRecord): boolean {
  return state === 'creating' || (state === 'ready' && bootPending);
}

/** The zone's addresses on one network. Empty when it is not on it. */
export function addressesOn({ nics }: ZoneRecord, network: NetworkName): Address[] {
  return nics
    .filter((nic) => nic.network === network)
    .flatMap(({ addresses }) => addresses.map(({ address }) => address));
}

/** Whether a zone lives on a network behind its router. The router itself does not. */
export function isBehind(zone: ZoneRecord, network: NetworkName): boolean {
  return zone.nics.some((nic) => nic.network === network) && !routedNetworks(zone).includes(network);
}

/** The zones behind a proxy, on any of its networks, in the order given. Empty for a member. */
export function zonesBehind(proxy: ZoneRecord, zones: readonly ZoneRecord[]): ZoneRecord[] {
  const networks = routedNetworks(proxy);
  return zones.filter((zone) => zone.name !== proxy.name && networks.some((network) => isBehind(zone, network)));
}

/** The zone that is the router of a network. Missing: it has none yet. */
export function proxyOf(network: NetworkName, zones: readonly ZoneRecord[]): ZoneRecord | undefined {
  return zones.find((zone) => routedNetworks(zone).includes(network));
}

/**
 * Reads an absolute path as zonecfg can hold it: no blanks at the ends, no quotes, no control characters, no "..".
 *
 * zonecfg has no escape character (§4.5), and its `raw` export does not survive exotic names.
 *
 * @throws {OperatorError} VALUE_INVALID
 */
export function parseZonePath(text: string): string {
  if (
    /^(\/[A-Za-z0-9_.@+-]+)+$/.test(text) &&
    !text.split('/').some((part) => part === '.' || part === '..') &&
    text.length <= 255
  ) {
    return text;
  }
  throw new OperatorError('VALUE_INVALID', `Cannot use "${text}" as a path of a zone`, {
    hint: 'Write an absolute path of letters, digits, "_", ".", "-", "+" and "@", like /zones/web1',
  });
}

/**
 * Reads the name of a brand: what `zoneadm list -cp` prints, "ipkg".
 *
 * @throws {OperatorError} NAME_INVALID
 */
export function parseBrand(text: string): string {
  if (/^[A-Za-z][A-Za-z0-9_-]{0,31}$/.test(text)) return text;
  throw new OperatorError('NAME_INVALID', `Cannot use "${text}" as a brand`, {
    hint: 'Write the name of a brand of this host, like ipkg; they are the directories in /usr/lib/brand',
  });
}

/**
 * Reads the name of a template of zonecfg: a file in /etc/zones, without its ".xml".
 *
 * @throws {OperatorError} NAME_INVALID
 */
export function parseTemplate(text: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$/.test(text)) return text;
  throw new OperatorError('NAME_INVALID', `Cannot use "${text}" as a template of zonecfg`, {
    hint: 'Write the name of a file in /etc/zones without its ".xml", like SUNWdefault',
  });
}

/**
 * Reads the id of a record: a UUID in lower case.
 *
 * @throws {OperatorError} VALUE_INVALID
 */
export function parseRecordId(text: string): string {
  if (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text)) return text;
  throw new OperatorError('VALUE_INVALID', `Cannot read "${text}" as the id of a record`, {
    hint: 'Take the value of zonenet-id from "zonecfg -z ZONE info attr"',
  });
}
