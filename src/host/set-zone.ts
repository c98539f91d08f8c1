import { OperatorError } from '../domain/errors.ts';
import { formatBandwidth, type LinkWishes } from '../domain/link-wishes.ts';
import type { GroupName, LinkName, ZoneName } from '../domain/names.ts';
import { ownNics } from '../domain/nic.ts';
import { namesZone } from '../domain/rule-ends.ts';
import type { ZoneRecord } from '../domain/zone-record.ts';
import { planLinkShares } from '../plan/links.ts';
import { carryOutChange, planZoneChange, readReady, type ZoneChange } from './change-zone.ts';
import type { Host } from './host.ts';
import { observeDetails, observeHost } from './observe.ts';
import { toldOf } from './publications.ts';
import type { Records } from './store.ts';

/** What is to become another of a zone. */
export interface ZoneSettings {
  readonly zone: ZoneName;
  /** Groups that it is to enter and to leave. */
  readonly add: readonly GroupName[];
  readonly remove: readonly GroupName[];
  /** What its links may use; what is missing stays. */
  readonly links: ReadonlyMap<LinkName, LinkWishes>;
}

/**
 * Plans that a zone enters and leaves groups, and that its links may use more or less. Changes nothing. What is so already is
 * no fault. Links follow at once, whether the zone runs or not.
 *
 * @throws {OperatorError} NOT_FOUND for a zone, or a link that it has not, NOT_OURS for one of the host's own, IN_USE,
 * RECORD_INVALID, TEMPLATE_INVALID
 */
export async function planSetZone({ zone, add, remove, links }: ZoneSettings, host: Host): Promise<ZoneChange> {
  const { records, before } = await readReady(zone, `change zone "${zone}"`, host);
  for (const link of links.keys()) checkLink(link, before);
  const groups = [...new Set([...before.groups.filter((one) => !remove.includes(one)), ...add])].sort();
  const regrouped = groups.join() === before.groups.join() ? before : { ...before, groups };
  const after = withWishes(regrouped, links);
  const notes = [
    ...(regrouped === before ? [] : [`groups: ${groups.length === 0 ? 'none' : groups.join(', ')}`]),
    ...(after === regrouped ? [] : [...links].map(([link, wishes]) => `${link}: ${formatWishes(wishes)}`)),
  ];
  const told = regrouped === before && links.size > 0 ? [] : toldOfGroups(before, after, records);
  const change = await planZoneChange({ before, after, told, note: notes.join(', ') }, records, host);
  if (links.size === 0) return change;
  const observed = await observeDetails(await observeHost(host.system), [after], host.system);
  return { ...change, plan: [...change.plan, ...planLinkShares(after, observed.links)] };
}

export async function setZone(settings: ZoneSettings, host: Host): Promise<ZoneChange> {
  return await carryOutChange(settings.zone, () => planSetZone(settings, host), host);
}

/** "maxbw 50M, priority low" */
export function formatWishes({ bandwidth, priority }: LinkWishes): string {
  return [
    ...(bandwidth === undefined ? [] : [`maxbw ${formatBandwidth(bandwidth)}`]),
    ...(priority === undefined ? [] : [`priority ${priority}`]),
  ].join(', ');
}

/** Rules name it by the groups that it was in, too. */
function toldOfGroups(before: ZoneRecord, after: ZoneRecord, records: Records): ZoneRecord[] {
  const zones = records.zones.map((one) => (one === before ? after : one));
  const naming = [...toldOf(before, records), ...toldOf(after, { ...records, zones })];
  const own = after.rules.some((rule) => namesZone(rule, before) || namesZone(rule, after)) ? [after] : [];
  return [...new Map([...own, ...naming].map((one) => [one.name, one])).values()];
}

/** The record itself where its links have it so already. */
function withWishes(zone: ZoneRecord, links: ZoneSettings['links']): ZoneRecord {
  const nics = zone.nics.map((nic) => {
    const wishes = links.get(nic.link) ?? {};
    const { bandwidth = nic.bandwidth, priority = nic.priority } = wishes;
    return bandwidth === nic.bandwidth && priority === nic.priority ? nic : { ...nic, ...wishes };
  });
  return nics.every((nic, at) => nic === zone.nics[at]) ? zone : { ...zone, nics };
}

/** @throws {OperatorError} NOT_FOUND, NOT_OURS */
function checkLink(link: LinkName, zone: ZoneRecord): void {
  if (ownNics(zone).some((nic) => nic.link === link)) return;
  const purpose = `Cannot change link ${link} of zone "${zone.name}"`;
  if (zone.nics.some((nic) => nic.link === link)) {
    throw new OperatorError('NOT_OURS', `${purpose}: it is the host's own`, {
      hint: `By hand: /usr/sbin/dladm set-linkprop -p maxbw=50M ${link}`,
    });
  }
  throw new OperatorError('NOT_FOUND', `${purpose}: it has no such link`, {
    hint: `It has: ${zone.nics.map((nic) => nic.link).join(', ')}`,
  });
}
