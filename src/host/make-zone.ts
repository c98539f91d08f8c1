import { OperatorError } from '../domain/errors.ts';
import { GLOBAL, type ZoneName } from '../domain/names.ts';
import type { ZoneRecord } from '../domain/zone-record.ts';
import { planVnics } from '../plan/links.ts';
import { forgetZone, planTransactionEnd, recordFinished, recordReady } from '../plan/records.ts';
import { planInterfaces } from '../plan/shared-stack.ts';
import { planZoneConfig } from '../plan/zone-config.ts';
import { atMost } from '../system/at-most.ts';
import { waitApplied, waitForRunning } from './applied.ts';
import { carryOutRemoval, planRemoval } from './delete-zone.ts';
import { carryOut, FINISH, type Host, inParallel, locked, tellingHowToFinish } from './host.ts';
import { observeConfig, observeDetails, observeHost, observeZone } from './observe.ts';
import type { PlannedZone, ZoneCreations } from './plan-zones.ts';
import { observeProtection, protectionOf } from './protect.ts';
import type { Published } from './publishing.ts';
import { refreshUp } from './started-meanwhile.ts';
import { readNetworks, readRecords, readZone } from './store.ts';
import { undoing } from './undo.ts';

/** Zones as they are now, among all of the host. */
export interface MadeZones {
  readonly zones: readonly ZoneRecord[];
  readonly among: readonly ZoneRecord[];
}

/**
 * Zones that are connected, installed or booted at the same time: each is mostly waiting, and the host has other work. dladm and
 * zonecfg may run beside themselves: dlmgmtd does one thing after the other (§1.12), and zonecfg waits for the lock of its index (docs/decisions/0016).
 */
const AT_ONCE = 4;

/**
 * Makes zones, as planned under the lock of the host: connected, installed, and booted with their network verified when
 * that is asked for. The caller holds the locks of the zones.
 *
 * What fails before all zones are ready for their first boot is undone, for all. What fails later leaves the zones, so
 * that their logs can tell why; the same command again goes on with them.
 *
 * @throws {OperatorError} COMMAND_FAILED, NOT_CONVERGED, NOT_APPLIED, and what `plan` throws
 */
export async function makeZones(
  names: readonly ZoneName[],
  plan: () => Promise<ZoneCreations>,
  host: Host,
): Promise<MadeZones> {
  let begun: readonly ZoneRecord[] = [];
  let made: Made | undefined;
  await undoing(
    async () => {
      made = await locked(host, 'host', async () => {
        const planned = await plan();
        begun = planned.zones.flatMap(({ record }) => (record.state === 'creating' ? [record] : []));
        return { ...planned, published: await connectZones(planned, host) };
      });
      await inParallel(made.zones, AT_ONCE, ({ install }) => carryOut(install, host));
      const { zones, published } = made;
      const names = zones.map(({ record }) => record.name);
      const down = published.filter(({ zone, running }) => !running && !names.includes(zone));
      const up = await checkMade(
        zones.map(({ record }) => record),
        down,
        host,
      );
      made = { ...made, published: await refreshUp(published, up, host) };
    },
    async () => takeBack(begun, host),
    names.length === 1 ? `delete-zone ${names.join()}` : 'sync',
    host,
  );
  if (made === undefined) throw new Error('undoing ends without an error only when its work is done');
  const creations = made;
  await tellingHowToFinish(FINISH, () => carryOut(recordReady(begun), host));
  // Those of one command have the lock of the host in turn.
  const finish = atMost(1, (zone: ZoneRecord) => finishBoot(zone, creations, host));
  const booted = await inParallel(creations.zones, AT_ONCE, async (zone) => {
    if (!zone.record.bootPending) return { ...zone.record, state: 'ready' as const };
    return await finish(await bootFirst(zone, creations, host));
  });
  await waitForRouters(creations, host);
  return { zones: booted, among: creations.among };
}

/** Creations that are connected, and what was published for them. */
interface Made extends ZoneCreations {
  readonly published: readonly Published[];
}

async function connectZones({ begin, connect, publishing }: ZoneCreations, host: Host): Promise<Published[]> {
  await carryOut(begin, host);
  publishing.prepare();
  await inParallel(connect, AT_ONCE, (one) => carryOut(one, host));
  return await publishing.carryOut();
}

async function takeBack(records: readonly ZoneRecord[], host: Host): Promise<void> {
  // What is not recorded yet is not to be, whoever finishes it.
  if (records.length > 1) await locked(host, 'host', () => carryOut([planTransactionEnd()], host));
  const { zones } = await readRecords(host.system);
  // Routers are told of none of them: what is published already may be what all of them gone leaves.
  const gone = records.map(({ name }) => name);
  for (const record of records) {
    const isRecorded = zones.some(({ name }) => name === record.name);
    // The record is written first: without it nothing was made.
    if (isRecorded) await carryOutRemoval(() => planRemoval(record, host, gone), host);
    else await locked(host, 'host', () => carryOut([forgetZone(record.name)], host));
  }
}

/** Boots a zone for the first time and waits until it has verified its network, where it runs our method. */
async function bootFirst({ record, boot }: PlannedZone, creations: Made, host: Host): Promise<ZoneRecord> {
  const { settings, published } = creations;
  const now = await readZone(record.name, host.system);
  await protectLinks(now, creations, host);
  await tellingHowToFinish(FINISH, () => carryOut(boot, host));
  const own = published.find(({ zone }) => zone === record.name);
  if (own !== undefined) await waitApplied(record, own.generation, settings.bootSeconds, host.system);
  return now;
}

/** While a zone boots, which may take minutes, its network may become another one: its record is written as it is by then. */
async function finishBoot(before: ZoneRecord, creations: Made, host: Host): Promise<ZoneRecord> {
  return await locked(host, 'host', async () => {
    const now = await readZone(before.name, host.system);
    if (JSON.stringify(now.nics) !== JSON.stringify(before.nics)) await protectLinks(now, creations, host);
    await tellingHowToFinish(FINISH, () => carryOut([recordFinished(now)], host));
    return { ...now, state: 'ready', bootPending: false };
  });
}

/**
 * Before the zone boots, so that it never runs without. zoneadmd wipes protection when a zone goes down (§8.2), which is
 * what `znetadm watch` is for.
 */
async function protectLinks(record: ZoneRecord, { settings }: ZoneCreations, host: Host): Promise<void> {
  const { system } = host;
  const [observed, networks] = await Promise.all([observeProtection([record], system), readNetworks(system)]);
  await tellingHowToFinish(FINISH, () => carryOut(protectionOf(record, { networks }, settings, observed), host));
}

/** The running routers that were told of the zones, when one of those was booted. */
async function waitForRouters({ zones, published, settings }: Made, host: Host): Promise<void> {
  if (!zones.some(({ record }) => record.bootPending)) return;
  const others = published.filter(({ record }) => !zones.some((zone) => zone.record.name === record.name));
  await waitForRunning(others, settings.bootSeconds, host.system);
}

/**
 * Observes again and plans again: nothing may be left. The zones are asked beside the host, since all of them should be there.
 * Gives the names of those of some others that run.
 */
async function checkMade(
  records: readonly ZoneRecord[],
  others: readonly Pick<Published, 'record'>[],
  { system }: Host,
): Promise<ReadonlySet<string>> {
  const [seen, configs] = await Promise.all([
    observeHost(system, [...records, ...others.map(({ record }) => record)]),
    inParallel(records, AT_ONCE, async ({ name }) => (name === GLOBAL ? undefined : observeConfig(name, system))),
  ]);
  const observed = await observeDetails(seen, records, system);
  const zones = await Promise.all(
    records.map(async ({ name }, index) => {
      const [entry, config] = [observed.zones.get(name), configs[index]];
      // What told nothing is asked once more, for its error.
      return entry !== undefined && config !== undefined ? { ...entry, config } : observeZone(name, observed, system);
    }),
  );
  for (const [index, record] of records.entries()) {
    const zone = zones[index];
    const left = [
      ...planVnics(record, observed.links),
      ...planInterfaces(record, observed.interfaces),
      ...planZoneConfig(record, zone),
    ];
    const [first] = left;
    if (first === undefined) continue;
    throw new OperatorError('NOT_CONVERGED', `Cannot make zone "${record.name}" so: still to do is ${first.what}`, {
      hint: [first.note, ...left.slice(1).map(({ what }) => what)].filter((line) => line !== '').join('\n'),
    });
  }
  const names = others.map(({ record }) => record.name);
  return new Set(names.filter((name) => seen.zones.get(name)?.state === 'running'));
}
