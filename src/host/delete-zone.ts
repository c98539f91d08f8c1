import { OperatorError } from '../domain/errors.ts';
import type { ZoneName } from '../domain/names.ts';
import { isBehind, routedNetworks, type ZoneRecord, zonesBehind } from '../domain/zone-record.ts';
import type { HostPlan } from '../plan/host-step.ts';
import { planVnicRemoval } from '../plan/links.ts';
import { planWithdrawal } from '../plan/publish.ts';
import { forgetZone, recordZone } from '../plan/records.ts';
import { planInterfaceRemoval } from '../plan/shared-stack.ts';
import { planZoneRemoval } from '../plan/zone-life.ts';
import { waitForRunning } from './applied.ts';
import { commandsFreeingProxy, describeCommands, isAttached } from './freeing.ts';
import { planGlobalRemoval } from './global-zone.ts';
import { AGAIN, carryOut, FINISH, type Host, locked, tellingHowToFinish } from './host.ts';
import { clearingEmptied } from './leftovers.ts';
import { observeDetails, observeHost, observePublishedFiles, observeZone } from './observe.ts';
import { planLate, planPublications, plansOf, toldOf, type ZonePublication } from './publications.ts';
import { refuseRenamed } from './renamed.ts';
import { carryOutTelling } from './started-meanwhile.ts';
import { findZone, type Records, readRecords, readSettings, refuseDamaged } from './store.ts';

/** What takes a zone away. */
export interface ZoneRemoval {
  readonly record: ZoneRecord;
  /** The record says that it goes, and its routers are told: done under the lock of the host. */
  readonly announce: HostPlan;
  /** Zones that are told of it. */
  readonly told: readonly ZonePublication[];
  readonly remove: HostPlan;
  /** The proxies that serve its sites: those are to stop asking it before it goes. Empty where it serves none, or is down. */
  readonly serving: readonly ZonePublication[];
  /** What was published and the record go last, under the lock of the host again. */
  readonly forget: HostPlan;
}

/** A removal as one plan. */
export function removalPlan({ announce, remove, forget }: ZoneRemoval): HostPlan {
  return [...announce, ...remove, ...forget];
}

/**
 * Plans the removal of what a record owns, as far as it is there, and tells its routers. Changes nothing.
 *
 * @throws {OperatorError} NOT_OURS
 */
export async function planRemoval(
  record: ZoneRecord,
  { system }: Host,
  gone: readonly ZoneName[] = [],
): Promise<ZoneRemoval> {
  const [records, settings, observed] = await Promise.all([
    readRecords(system),
    readSettings(system),
    observeHost(system),
  ]);
  await refuseRenamed(record, { records, observed }, system);
  const { interfaces } = await observeDetails(observed, [record], system);
  const zone = await observeZone(record.name, observed, system);
  const leaving = planZoneRemoval(record, zone);
  const isBegun = record.state === 'deleting';
  const going: ZoneRecord = { ...record, state: 'deleting' };
  const left = records.zones.filter(({ name }) => name !== record.name && !gone.includes(name));
  const publications = await planPublications(
    // A record that cannot be read may be of a member, which its router must not lose.
    records.damaged.length > 0 ? [] : toldOf(record, { networks: records.networks, zones: left }),
    { networks: records.networks, zones: left },
    { settings, observed, system },
  );
  const isServing = record.sites.length > 0 && observed.zones.get(record.name)?.state === 'running';
  return {
    record,
    announce: [
      ...(isBegun ? [] : [recordZone(going, '~', `zone "${record.name}" goes`)]),
      ...plansOf(publications),
      ...(isBegun ? await planLate(publications, system) : []),
    ],
    told: publications,
    serving: isServing ? publications.filter(({ running }) => running) : [],
    remove: [
      ...leaving,
      ...(await planGlobalRemoval(record, system)),
      ...planInterfaceRemoval(record, interfaces),
      ...planVnicRemoval(record, observed.links),
    ],
    forget: [...planWithdrawal(record.name, await observePublishedFiles(record.name, system)), forgetZone(record.name)],
  };
}

/**
 * Plans the deletion of a zone, and with `recursive` of all zones behind it first. Changes nothing.
 *
 * @throws {OperatorError} NOT_FOUND, IN_USE naming the zones behind it, NOT_OURS, RECORD_INVALID
 */
export async function planDeleteZone(name: ZoneName, recursive: boolean, host: Host): Promise<ZoneRemoval[]> {
  const records = await readRecords(host.system);
  const order = deletionOrder(name, recursive, records);
  refuseAttached(order);
  const gone: ZoneName[] = [];
  const removals: ZoneRemoval[] = [];
  for (const record of order) {
    removals.push(await planRemoval(record, host, gone));
    gone.push(record.name);
  }
  return removals;
}

/** @throws {OperatorError} NOT_OURS for a zone that was only attached, unless it is being detached already */
export function refuseAttached(records: readonly ZoneRecord[]): void {
  const attached = records.find(isAttached);
  if (attached === undefined) return;
  throw new OperatorError('NOT_OURS', `Cannot delete zone "${attached.name}": somebody else made it`, {
    hint: `to take back what it was given:   znetadm detach-zone ${attached.name}`,
  });
}

/** Deletes a zone, or finishes what an interrupted run began. Gives the names of all zones deleted, in their order. */
export async function deleteZone(name: ZoneName, recursive: boolean, host: Host): Promise<ZoneName[]> {
  const deleted: ZoneName[] = [];
  const order = await clearingEmptied(host, async () => deletionOrder(name, recursive, await readRecords(host.system)));
  refuseAttached(order);
  for (const { name: zone } of order) {
    await afterOthers(deleted, () => locked(host, `zone.${zone}`, async () => removeOne(zone, host)));
    deleted.push(zone);
  }
  return deleted;
}

/** Does one thing of several: where it fails when others are done, its error tells how the rest is finished. */
export async function afterOthers<T>(done: readonly unknown[], work: () => Promise<T>): Promise<T> {
  return await (done.length === 0 ? work() : tellingHowToFinish(AGAIN, work));
}

/**
 * Takes away what one record owns; the caller holds the lock of its zone.
 *
 * The guard is asked again under the lock of the host, and the record says "deleting" before the lock is given back.
 */
export async function removeOne(name: ZoneName, host: Host): Promise<void> {
  await carryOutRemoval(async () => {
    const [record] = deletionOrder(name, false, await readRecords(host.system));
    if (record === undefined) throw new Error('deletionOrder ends with the zone itself');
    return await planRemoval(record, host);
  }, host);
}

/** Plans a removal under the lock of the host and does it. The caller holds the lock of the zone. */
export async function carryOutRemoval(plan: () => Promise<ZoneRemoval>, host: Host): Promise<void> {
  const { remove, forget, serving } = await locked(host, 'host', async () => {
    const removal = await plan();
    await carryOutTelling(removal.announce, removal.told, host, FINISH);
    return removal;
  });
  await letFinish(serving, host);
  await tellingHowToFinish(FINISH, async () => {
    await carryOut(remove, host);
    await locked(host, 'host', async () => carryOut(forget, host));
  });
}

/** Seconds that proxies have to stop asking a zone, and milliseconds that it then has for what it was asked. */
const [TELLING, FINISHING] = [30, 1000];

/** Waits until proxies ask a zone no more, and a moment for what is under way. One that does not follow keeps nothing from going. */
async function letFinish(serving: readonly ZonePublication[], { system }: Host): Promise<void> {
  if (serving.length === 0) return;
  try {
    await waitForRunning(serving, TELLING, system);
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    system.log(error.message);
  }
  await system.sleep(FINISHING);
}

/** The zones to delete, those behind others first. */
export function deletionOrder(name: ZoneName, recursive: boolean, records: Records): ZoneRecord[] {
  const record = findZone(name, records);
  if (record.role === 'proxy') refuseDamaged(records, `delete zone "${name}"`);
  const behind = zonesBehind(record, records.zones);
  if (behind.length === 0) return [record];
  if (!recursive) throw inUse(record, behind, records);
  const order = behind.flatMap((zone) => deletionOrder(zone.name, true, records));
  return [...new Set([...order, record])];
}

function inUse(proxy: ZoneRecord, behind: readonly ZoneRecord[], records: Records): OperatorError {
  const routed = routedNetworks(proxy);
  const networks = routed.filter((network) => behind.some((zone) => isBehind(zone, network)));
  const what = `network${networks.length > 1 ? 's' : ''} ${networks.map((network) => `"${network}"`).join(', ')}`;
  const users = behind.map(({ name }) => name).join(', ');
  const message = `Cannot delete zone "${proxy.name}": it is the router of ${what}, used by ${users}`;
  const all = deletionOrder(proxy.name, true, records);
  return new OperatorError('IN_USE', message, {
    hint: [
      ...describeCommands('to free it:', commandsFreeingProxy(proxy, routed, records.zones)),
      ...(all.some(isAttached)
        ? []
        : [`or all:       znetadm delete-zone -r ${proxy.name}      (shows its plan first with -n)`]),
    ].join('\n'),
  });
}
