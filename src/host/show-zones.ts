import { OperatorError } from '../domain/errors.ts';
import { formatBandwidth } from '../domain/link-wishes.ts';
import type { ZoneName } from '../domain/names.ts';
import { formatInterfaceAddress } from '../domain/prefix.ts';
import { hasMethod, type ZoneNic, type ZoneRecord } from '../domain/zone-record.ts';
import { type LinkProtection, parseProtection, showProtection } from '../illumos/dladm.ts';
import { listZones, parseZones } from '../illumos/zoneadm.ts';
import { parseMetadata } from '../ini/metadata.ts';
import { metadataFile } from '../plan/host-paths.ts';
import { ask } from '../system/ask.ts';
import type { System } from '../system/system.ts';
import { type Applied, isApplied, observeApplied } from './applied.ts';
import { readPublishedFile } from './published-files.ts';
import type { Records } from './store.ts';

/** A zone as a person wants to see it. */
export interface ShownZone {
  readonly record: ZoneRecord;
  /** "creating" and "deleting" while a run is at it; else what zoneadm says, or "missing". Missing: not asked for. */
  readonly state?: string;
  /** "ok (7)", "booting" … Empty when the zone does not run. Missing when it was not asked for. */
  readonly applied?: string;
  /** What each link is held to, by its name. Missing when it was not asked for. */
  readonly protection?: ReadonlyMap<string, LinkProtection>;
}

/**
 * Zones with what is asked for: the state of all in one command, what each running one has applied by asking it.
 */
export async function observeShownZones(
  zones: Records['zones'],
  asked: 'nothing' | 'state' | 'applied',
  system: System,
): Promise<ShownZone[]> {
  if (asked === 'nothing') return zones.map((record) => ({ record }));
  const entries = new Map(parseZones(await ask(listZones(), system)).map((entry) => [entry.name, entry.state]));
  const shown = zones.map((record) => {
    const live = entries.get(record.name) ?? 'missing';
    return { record, live, state: record.state === 'ready' ? live : record.state };
  });
  if (asked === 'state') return shown.map(({ record, state }) => ({ record, state }));
  return await Promise.all(
    shown.map(async ({ record, live, state }) => {
      const applied = live === 'running' && hasMethod(record) ? await describeApplied(record, system) : '';
      return { record, state, applied };
    }),
  );
}

async function describeApplied(record: ZoneRecord, system: System): Promise<string> {
  const [published, applied] = await Promise.all([
    readGeneration(record.name, system),
    observeApplied(record.name, system),
  ]);
  return formatApplied(record, published, applied);
}

/** The generation of what is published for a zone. Undefined: nothing that the zone can read. */
async function readGeneration(zone: ZoneName, system: System): Promise<number | undefined> {
  const path = metadataFile(zone);
  const text = await readPublishedFile(path, system);
  try {
    return text === undefined ? undefined : parseMetadata(text, path).generation;
  } catch (error) {
    if (error instanceof OperatorError) return undefined;
    throw error;
  }
}

/** In a few words: how far a running zone is with its metadata. */
export function formatApplied(record: ZoneRecord, published: number | undefined, applied: Applied): string {
  const { setup, forwarding, status } = applied;
  if (setup === undefined) return 'booting';
  const number = status?.generation ?? 0;
  if (published === undefined) return `unpublished (${number})`;
  if (isApplied(record, published, applied)) return `ok (${number})`;
  if (setup === 'maintenance' || forwarding === 'maintenance') return 'maintenance';
  if (number < published) return `behind (${number} of ${published})`;
  return record.role === 'proxy' && status?.verified === true ? 'not forwarding' : 'not verified';
}

/** As a person looks for them: network by network, the proxy before the zones behind it, then by name. */
export function inOrder(zones: Records['zones']): ZoneRecord[] {
  const key = ({ role, nics }: ZoneRecord) => {
    const network = nics.find((nic) => nic.network !== undefined)?.network ?? '';
    return `${network}\n${role === 'proxy' ? 0 : 1}`;
  };
  const keyed = zones.map((zone) => [`${key(zone)}\n${zone.name}`, zone] as const);
  return keyed.sort(([a], [b]) => (a < b ? -1 : 1)).map(([, zone]) => zone);
}

type ShownLink = ZoneNic & { readonly held: LinkProtection | undefined };

/** What each field shows, of a zone or of one of its links. */
const OF_ZONE: Readonly<Record<string, (shown: ShownZone) => string>> = {
  zone: ({ record }) => record.name,
  role: ({ record }) => record.role,
  state: ({ state = '' }) => state,
  applied: ({ applied = '' }) => applied,
  brand: ({ record }) => record.brand,
  zonepath: ({ record }) => record.zonepath,
  autoboot: ({ record }) => (record.autoboot ? 'true' : 'false'),
  groups: ({ record }) => record.groups.join(','),
  id: ({ record }) => record.id,
};

const OF_LINK: Readonly<Record<string, (link: ShownLink) => string>> = {
  link: ({ link }) => link,
  over: ({ over }) => over,
  side: ({ side }) => side,
  network: ({ network = '' }) => network,
  mtu: ({ mtu }) => `${mtu}`,
  address: ({ dhcp, addrconf, addresses }) =>
    [...(dhcp ? ['dhcp'] : []), ...(addrconf ? ['addrconf'] : []), ...addresses.map(formatInterfaceAddress)].join(','),
  router: ({ routers }) => routers.join(','),
  vlan: ({ vlan = '' }) => `${vlan}`,
  bandwidth: ({ bandwidth }) => (bandwidth === undefined ? '' : formatBandwidth(bandwidth)),
  priority: ({ priority = '' }) => priority,
  // Live: what the link may not do, and with ip-nospoof the only addresses it may send from.
  protection: ({ held }) => held?.types.join(',') ?? '',
  allowed: ({ held }) => held?.allowedIps.join(',') ?? '',
};

/** The fields of show-zone, in the order they are shown. */
export const ZONE_FIELDS = ['zone', 'role', 'state', 'link', 'over', 'address', 'router', 'applied'] as const;
/** Further ones, on request. */
export const MORE_ZONE_FIELDS = [
  'protection',
  'allowed',
  'network',
  'side',
  'mtu',
  'vlan',
  'bandwidth',
  'priority',
  'brand',
  'zonepath',
  'autoboot',
  'groups',
  'id',
] as const;

/** Some fields of a zone by name, one row a link; a zone without links has one row. */
export function zoneRows(shown: ShownZone, fields: readonly string[]): Record<string, string>[] {
  const rowOf = (nic?: ShownLink) =>
    Object.fromEntries(
      fields.map((field) => [
        field,
        OF_ZONE[field]?.(shown) ?? (nic === undefined ? '' : (OF_LINK[field]?.(nic) ?? '')),
      ]),
    );
  const { nics } = shown.record;
  if (nics.length === 0) return [rowOf()];
  return nics.map((nic) => rowOf({ ...nic, held: shown.protection?.get(nic.link) }));
}

/** Adds what the links of zones are held to, in one command for all. */
export async function withProtection(shown: readonly ShownZone[], system: System): Promise<ShownZone[]> {
  const protection = parseProtection(await ask(showProtection(), system));
  return shown.map((zone) => ({ ...zone, protection }));
}
