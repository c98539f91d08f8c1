import { OperatorError } from '../domain/errors.ts';
import { formatBandwidth, type LinkWishes } from '../domain/link-wishes.ts';
import type { GroupName, LinkName, ZoneName } from '../domain/names.ts';
import { ownNics } from '../domain/nic.ts';
import { formatInterfaceAddress } from '../domain/prefix.ts';
import { namesZone } from '../domain/rule-ends.ts';
import { changeVars, type Vars } from '../domain/vars.ts';
import type { ZoneRecord } from '../domain/zone-record.ts';
import type { HostPlan } from '../plan/host-step.ts';
import { planLinkShares } from '../plan/links.ts';
import type { System } from '../system/system.ts';
import { carryOutChange, planZoneChange, readReady, type ZoneChange } from './change-zone.ts';
import type { Host } from './host.ts';
import { observeDetails, observeHost, observeHostNetworks } from './observe.ts';
import { planRunningProtection } from './protect.ts';
import { toldOf } from './publications.ts';
import { isReaddressing, type Readdressing, readdress } from './readdress-zone.ts';
import type { Situation } from './situation.ts';
import { type Records, readSettings } from './store.ts';

/** What is to become another of a zone. */
export interface ZoneSettings extends Readdressing {
  readonly zone: ZoneName;
  /** Groups that it is to enter and to leave. */
  readonly add: readonly GroupName[];
  readonly remove: readonly GroupName[];
  /** What its links may use; what is missing stays. */
  readonly links: ReadonlyMap<LinkName, LinkWishes>;
  /** Values for its templates over those it has; those in `unset` go. */
  readonly vars: Vars;
  readonly unset: readonly string[];
}

/**
 * Plans that a zone enters and leaves groups, that its links may use more or less, that it has other addresses, and other values
 * for its templates. Changes nothing. What is so already is no fault. Links follow at once, whether the zone runs or not; a zone
 * that runs has its new addresses at once, another at its next boot.
 *
 * @throws {OperatorError} NOT_FOUND for a zone, or a link that it has not, NOT_OURS for one of the host's own, IN_USE,
 * RECORD_INVALID, TEMPLATE_INVALID, and as `readdress`
 */
export async function planSetZone(settings: ZoneSettings, host: Host): Promise<ZoneChange> {
  const { zone, add, remove, links, addresses } = settings;
  const { records, before } = await readReady(zone, `change zone "${zone}"`, host);
  for (const link of [...links.keys(), ...addresses.keys()]) checkLink(link, before);
  const groups = [...new Set([...before.groups.filter((one) => !remove.includes(one)), ...add])].sort();
  const regrouped = groups.join() === before.groups.join() ? before : { ...before, groups };
  const valued = withVars(regrouped, settings);
  const wished = withWishes(valued, links);
  const situation = await observeSituation(records, isReaddressing(settings), host.system);
  const { zone: after, others } = readdress(wished, settings, situation);
  const notes = [
    ...(regrouped === before ? [] : [`groups: ${groups.length === 0 ? 'none' : groups.join(', ')}`]),
    ...(valued === regrouped ? [] : [`values: ${[...Object.keys(settings.vars), ...settings.unset].join(', ')}`]),
    ...(wished === valued ? [] : [...links].map(([link, wishes]) => `${link}: ${formatWishes(wishes)}`)),
    ...(after === wished ? [] : [`addresses: ${formatAddresses(after)}`]),
  ];
  const change = {
    before,
    after,
    others,
    told: toldOfChange(before, after, records, settings),
    note: notes.join(', '),
    links: await planLinks(after, isReaddressing(settings), situation, host.system),
    seen: situation,
  };
  return await planZoneChange(change, records, host);
}

/** Only an address outside can meet one of the host's own. */
async function observeSituation(records: Records, withHost: boolean, system: System): Promise<Situation> {
  const [settings, observed, host] = await Promise.all([
    readSettings(system),
    observeHost(system),
    withHost ? observeHostNetworks(system) : { addresses: [], routes: [] },
  ]);
  return { records, settings, observed, host };
}

/** What links may use, and the addresses that those of a running zone are held to. */
async function planLinks(
  after: ZoneRecord,
  isReaddressed: boolean,
  { records, settings, observed }: Situation,
  system: System,
): Promise<HostPlan> {
  const { links } = await observeDetails(observed, [after], system);
  const protection = isReaddressed ? await planRunningProtection([after], records, { settings, observed }, system) : [];
  return [...planLinkShares(after, links), ...protection];
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

/** Nobody is told what links may use. Rules name a zone by the groups that it was in, too. */
function toldOfChange(before: ZoneRecord, after: ZoneRecord, records: Records, settings: ZoneSettings): ZoneRecord[] {
  const isReaddressed = isReaddressing(settings);
  const isRegrouped = settings.add.length + settings.remove.length > 0;
  const isValued = Object.keys(settings.vars).length + settings.unset.length > 0;
  if (!isReaddressed && !isRegrouped) return isValued ? [after] : [];
  const zones = records.zones.map((one) => (one === before ? after : one));
  const naming = [...toldOf(before, records), ...toldOf(after, { ...records, zones })];
  const isNamed = after.rules.some((rule) => namesZone(rule, before) || namesZone(rule, after));
  const own = isReaddressed || isValued || isNamed ? [after] : [];
  return [...new Map([...naming, ...own].map((one) => [one.name, one])).values()];
}

/** "znic1 10.2.0.9/24, pnic0 dhcp" */
export function formatAddresses({ nics }: Pick<ZoneRecord, 'nics'>): string {
  return nics
    .map(({ link, dhcp, addrconf, addresses, routers }) => {
      const learnt = [...(dhcp ? ['dhcp'] : []), ...(addrconf ? ['addrconf'] : [])];
      const own = [...learnt, ...addresses.map(formatInterfaceAddress)];
      return [link, ...(own.length === 0 ? ['none'] : own), ...routers.map((router) => `router ${router}`)].join(' ');
    })
    .join(', ');
}

/** The record itself where it has those values already. */
function withVars(zone: ZoneRecord, change: Pick<ZoneSettings, 'vars' | 'unset'>): ZoneRecord {
  const wanted = changeVars(zone.vars, change);
  const inOrder = (all: Vars) => JSON.stringify(Object.entries(all).sort(([a], [b]) => (a < b ? -1 : 1)));
  return inOrder(wanted) === inOrder(zone.vars) ? zone : { ...zone, vars: wanted };
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
