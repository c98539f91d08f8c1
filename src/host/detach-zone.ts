import { OperatorError } from '../domain/errors.ts';
import { GLOBAL, type LinkName, type NetworkName, type ZoneName } from '../domain/names.ts';
import { isBehind, networksOf, routedNetworks, type ZoneNic, type ZoneRecord } from '../domain/zone-record.ts';
import type { HostPlan } from '../plan/host-step.ts';
import { planVnicRemoval } from '../plan/links.ts';
import { recordZone } from '../plan/records.ts';
import { planInterfaceRemoval } from '../plan/shared-stack.ts';
import { planUnlink } from '../plan/zone-config.ts';
import { waitForRunning } from './applied.ts';
import { addRoutes } from './decide-routes.ts';
import { planRemoval, removalPlan, removeOne } from './delete-zone.ts';
import { finishingTelling } from './finish-telling.ts';
import { withForwardsFollowing } from './following-forwards.ts';
import { commandsFreeingProxy, describeCommands, takingAway } from './freeing.ts';
import { planUnplumbing } from './global-zone.ts';
import { AGAIN, type Host, locked, tellingHowToFinish } from './host.ts';
import { clearingEmptied, planDraftRemoval } from './leftovers.ts';
import { observeDetails, observeHost, observeZone } from './observe.ts';
import { planPublications, plansOf, refuseFaulty, toldOf, type ZonePublication } from './publications.ts';
import { carryOutTelling } from './started-meanwhile.ts';
import { findZone, type Records, readRecords, readSettings, refuseDamaged } from './store.ts';

/** Links that are taken from a zone; none named: all that it was given, from one that somebody else made. */
export interface Detaching {
  /** Those on these networks. */
  readonly networks: readonly NetworkName[];
  /** These outside. */
  readonly links: readonly LinkName[];
}

const isWhole = ({ networks, links }: Detaching) => networks.length + links.length === 0;

/**
 * Plans to take from a zone what it was given: all of it from one that somebody else made, or some links from any. Changes
 * nothing.
 *
 * @throws {OperatorError} NOT_FOUND, NOT_OURS, IN_USE naming who is in the way
 */
export async function planDetachZone(name: ZoneName, what: Detaching, host: Host): Promise<HostPlan> {
  if (!isWhole(what)) return (await planUnlinking(name, what, host)).plan;
  const record = await checkWhole(name, host);
  return removalPlan(await planRemoval(record, host));
}

/** Takes from a zone what it was given: see `planDetachZone`. */
export async function detachZone(name: ZoneName, what: Detaching, host: Host): Promise<void> {
  const concerned = ({ zones }: Records) =>
    zones.filter((zone) => zone.name === name || networksOf(zone).some((network) => what.networks.includes(network)));
  await finishingTelling(concerned, host, () => detach(name, what, host));
}

async function detach(name: ZoneName, what: Detaching, host: Host): Promise<void> {
  await locked(host, `zone.${name}`, async () => {
    if (isWhole(what)) {
      await clearingEmptied(host, async () => checkWhole(name, host));
      await removeOne(name, host);
      return;
    }
    const { publications, bootSeconds } = await locked(host, 'host', async () => {
      const unlinking = await planUnlinking(name, what, host);
      const { plan, publications } = unlinking;
      const told = await tellingHowToFinish(FINISH_OR_BACK, () => carryOutTelling(plan, publications, host));
      return { ...unlinking, publications: told };
    });
    await waitForRunning(publications, bootSeconds, host.system);
  });
}

async function checkWhole(name: ZoneName, host: Host): Promise<ZoneRecord> {
  const records = await readRecords(host.system);
  const record = findZone(name, records);
  if (record.origin === 'made') {
    throw new OperatorError('NOT_OURS', `Cannot detach zone "${name}": znetadm made it`, {
      hint: `to delete it:               znetadm delete-zone ${name}\nto take it off a network:   znetadm detach-zone -N NETWORK ${name}`,
    });
  }
  checkNobodyBehind(record, routedNetworks(record), records);
  await checkHalted(record, host);
  return record;
}

/** The links of a running zone are in use, and its mounts too. */
async function checkHalted({ name }: ZoneRecord, { system }: Host): Promise<void> {
  // What the host was given is taken back while it runs.
  if (name === GLOBAL) return;
  const state = (await observeHost(system)).zones.get(name)?.state;
  if (state === undefined || state === 'configured' || state === 'incomplete' || state === 'installed') return;
  throw new OperatorError('IN_USE', `Cannot detach zone "${name}": it is ${state}, and uses its links`, {
    hint: `to free them:   /usr/sbin/zoneadm -z ${name} shutdown`,
  });
}

function checkNobodyBehind(record: ZoneRecord, networks: readonly NetworkName[], { zones }: Records): void {
  for (const network of networks) {
    const behind = zones.filter((zone) => zone.name !== record.name && isBehind(zone, network));
    if (behind.length === 0) continue;
    const users = behind.map((zone) => zone.name).join(', ');
    const message = `Cannot detach zone "${record.name}": it is the router of network "${network}", used by ${users}`;
    throw new OperatorError('IN_USE', message, {
      hint: describeCommands('to free it:', commandsFreeingProxy(record, networks, zones)).join('\n'),
    });
  }
}

/** The record still has what is being taken away. */
const FINISH_OR_BACK = `${AGAIN}\nto go back:   znetadm repair`;

/**
 * The record changes last: until then it says what may still be there, and the same command again finishes.
 */
async function planUnlinking(
  name: ZoneName,
  { networks, links }: Detaching,
  host: Host,
): Promise<{ plan: HostPlan; publications: readonly ZonePublication[]; bootSeconds: number }> {
  const { system } = host;
  const [records, settings, seen] = await Promise.all([readRecords(system), readSettings(system), observeHost(system)]);
  refuseDamaged(records, `detach zone "${name}"`);
  const record = findZone(name, records);
  const missing = networks.find((network) => !networksOf(record).includes(network));
  if (missing !== undefined) {
    throw new OperatorError('NOT_FOUND', `Cannot detach zone "${name}": it is not on network "${missing}"`, {
      hint: `It is on: ${networksOf(record).join(', ')}`,
    });
  }
  for (const link of links) checkOutside(link, record);
  const leaves = ({ link, network }: ZoneNic) =>
    network === undefined ? links.includes(link) : networks.includes(network);
  const going = record.nics.filter(leaves);
  const staying = record.nics.filter((nic) => !leaves(nic));
  const left: ZoneRecord = {
    ...record,
    nics: addRoutes(staying, { routers: [], staticRoutes: [] }, name, records.networks),
  };
  if (networksOf(left).length === 0) {
    throw new OperatorError('IN_USE', `Cannot detach zone "${name}" from its last network`, {
      hint: `to take all away:   ${takingAway(record)}`,
    });
  }
  if (routedNetworks(left).length > 0 && left.nics.every(({ side }) => side !== 'outside')) throw lastWayOut(name);
  const routed = routedNetworks(record).filter((network) => networks.includes(network));
  checkNobodyBehind(record, routed, records);
  await checkHalted(record, host);
  const observed = await observeDetails(seen, [record], system);
  const zone = await observeZone(name, observed, system);
  const zones = withForwardsFollowing([{ before: record, after: left }], records.zones, `detach zone "${name}"`);
  const publications = await planPublications(
    [left, ...toldOf(record, { networks: records.networks, zones })],
    { networks: records.networks, zones },
    { settings, observed, system },
  );
  refuseFaulty(publications);
  const gone: ZoneRecord = { ...record, nics: going };
  return {
    plan: [
      ...planUnlink(record, going, zone),
      ...planInterfaceRemoval(gone, observed.interfaces),
      ...(await planUnplumbing(gone, system)),
      ...planVnicRemoval(gone, observed.links),
      ...(await planDraftRemoval(name, system)),
      recordZone(left, '~', `${name} leaves ${[...networks, ...links].join(', ')}`),
      ...plansOf(publications),
    ],
    publications,
    bootSeconds: settings.bootSeconds,
  };
}

/** @throws {OperatorError} NOT_FOUND, NOT_OURS */
function checkOutside(link: LinkName, record: ZoneRecord): void {
  const { name, nics } = record;
  const nic = nics.find((one) => one.link === link);
  const purpose = `Cannot detach link ${link} from zone "${name}"`;
  if (nic === undefined) {
    const outside = nics.filter(({ network }) => network === undefined).map((one) => one.link);
    throw new OperatorError('NOT_FOUND', `${purpose}: it has no such link`, {
      hint: outside.length === 0 ? 'It has none outside' : `It has outside: ${outside.join(', ')}`,
    });
  }
  if (nic.network !== undefined) {
    const isLast = networksOf(record).length === 1;
    throw new OperatorError('NOT_FOUND', `${purpose}: it is on network "${nic.network}"`, {
      hint: isLast
        ? `it is its last; to take all away:   ${takingAway(record)}`
        : `to take it off:   znetadm detach-zone -N ${nic.network} ${name}`,
    });
  }
  if (nic.host === true) {
    throw new OperatorError('NOT_OURS', `${purpose}: it is the host's own`, {
      hint: `to take all away that was given:   znetadm detach-zone ${name}`,
    });
  }
}

function lastWayOut(name: ZoneName): OperatorError {
  return new OperatorError('IN_USE', `Cannot take its last way out from zone "${name}": it is a proxy`, {
    hint: `Give it another one first: znetadm attach-zone -x UPLINK=ADDRESS/LENGTH ${name}`,
  });
}
