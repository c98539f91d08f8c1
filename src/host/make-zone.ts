import { OperatorError } from '../domain/errors.ts';
import { GLOBAL, type ZoneName } from '../domain/names.ts';
import type { Network } from '../domain/network.ts';
import type { Settings } from '../domain/settings.ts';
import { hasMethod, type ZoneRecord } from '../domain/zone-record.ts';
import type { HostPlan } from '../plan/host-step.ts';
import { planVnics } from '../plan/links.ts';
import { forgetZone, planTransactionEnd, recordFinished, recordReady, recordZones } from '../plan/records.ts';
import { planInterfaces } from '../plan/shared-stack.ts';
import { planZoneConfig } from '../plan/zone-config.ts';
import { planFirstBoot, planInstall } from '../plan/zone-life.ts';
import { atMost } from '../system/at-most.ts';
import { waitApplied, waitForRunning } from './applied.ts';
import { carryOutRemoval, planRemoval } from './delete-zone.ts';
import { planHostKeeping } from './global-zone.ts';
import { carryOut, type Host, inParallel, locked } from './host.ts';
import { type Observed, observeConfig, observeDetails, observeHost, observeZone } from './observe.ts';
import { observeProtection, protectionOf } from './protect.ts';
import { createPublisher, toldOf } from './publications.ts';
import { createPublishing, type Published, type Publishing } from './publishing.ts';
import { refreshUp } from './started-meanwhile.ts';
import { type Records, readNetworks, readRecords, readZone } from './store.ts';
import { inTransaction } from './transaction.ts';
import { undoing } from './undo.ts';

/** Zones decided upon, and what makes them, in the order of its phases. */
export interface ZoneCreations {
  readonly zones: readonly PlannedZone[];
  readonly settings: Settings;
  readonly networks: readonly Network[];
  /** All zones of the host, as they will be recorded while these are made. */
  readonly among: readonly ZoneRecord[];
  /** Their records, all or none, before anything else. */
  readonly begin: HostPlan;
  /**
   * Links of each, and configuration of each: they may be made beside each other, since zonecfg does not look whether a link
   * is there (§4.3). All of it is done under the lock of the host.
   */
  readonly connect: readonly HostPlan[];
  /** Of the zones themselves, and of their routers. */
  readonly publishing: Publishing;
}

/** What one zone needs when it is connected. */
export interface PlannedZone {
  readonly record: ZoneRecord;
  readonly install: HostPlan;
  /** What its links are held to before it boots, as far as that is known while they are not there. */
  readonly protect: HostPlan;
  readonly boot: HostPlan;
}

/** All that one look at the host gave. */
export interface Situation {
  readonly records: Records;
  readonly settings: Settings;
  readonly observed: Observed;
}

/** Plans what recorded zones, or such to be recorded, still lack. Changes nothing. */
export async function planMakeZones(
  wanted: readonly ZoneRecord[],
  { records, settings, observed: seen }: Situation,
  host: Host,
): Promise<ZoneCreations> {
  const { system } = host;
  const observed = await observeDetails(seen, wanted, system);
  const known = new Map(records.zones.map((zone) => [zone.name, zone]));
  // A record that is taken up may have changed: it was left configured, and is to be installed now.
  const changed = wanted.filter((record) => known.get(record.name) !== record);
  for (const record of wanted) known.set(record.name, record);
  const zones = changed.length === 0 ? records.zones : byName([...known.values()]);
  const told = new Set(wanted.flatMap((record) => toldOf(record, { networks: records.networks, zones })));
  const publisher = createPublisher({ networks: records.networks, zones }, { settings, observed, system });
  const published = [...new Set([...wanted, ...told])].filter(hasMethod);
  // Who is told of a zone that was recorded before may have been told already, by a run that was cut off then.
  const late = changed.length === wanted.length ? [] : [...told].filter((record) => !wanted.includes(record));
  for (const record of wanted.filter(hasMethod)) await publisher.refuseFaulty(record);
  const found = await Promise.all(wanted.map((record) => observeZone(record.name, observed, system)));
  const boots = wanted.map((record, index) => planFirstBoot(record, found[index]));
  const started = wanted.filter((record, index) => !changed.includes(record) && boots[index]?.length !== 0);
  const unseen = { links: new Map(), macs: new Map() };
  const protection = started.length === 0 ? unseen : await observeProtection(started, system);
  return {
    settings,
    networks: records.networks,
    among: zones,
    begin: [
      ...planBegin(
        changed,
        changed.some(({ name }) => records.zones.some((zone) => zone.name === name)),
      ),
      ...(await planHostKeeping(wanted, system)),
    ],
    connect: wanted.flatMap((record, index) => [
      [...planVnics(record, observed.links), ...planInterfaces(record, observed.interfaces)],
      planZoneConfig(record, found[index]),
    ]),
    publishing: createPublishing(published, late, publisher, host),
    zones: wanted.map((record, index) => ({
      record,
      install: planInstall(record, found[index]),
      protect: boots[index]?.length === 0 ? [] : protectionOf(record, records, settings, protection),
      boot: boots[index] ?? [],
    })),
  };
}

/** The records of zones that are begun: of several all or none, so that a run that is killed leaves not some of them. */
function planBegin(zones: readonly ZoneRecord[], replaces: boolean): HostPlan {
  const records = recordZones(
    zones.map((record) => ({ record, note: takes(record) })),
    replaces,
  );
  if (zones.length < 2) return records;
  return inTransaction({ networks: [], zones }, records);
}

/** The whole plan of some zones, for people who look at it first. */
export async function planOfCreations({ begin, connect, publishing, zones }: ZoneCreations): Promise<HostPlan> {
  const own = zones.flatMap(({ install, protect, boot }) => [...install, ...protect, ...boot]);
  return [...begin, ...connect.flat(), ...(await publishing.plan()), ...own];
}

/** The order in which `readRecords` gives them, so that metadata do not change when they are read again. */
function byName(zones: readonly ZoneRecord[]): ZoneRecord[] {
  return [...zones].sort((a, b) => (`${a.name}.ini` < `${b.name}.ini` ? -1 : 1));
}

/** "db1 takes 10.2.0.3, znic2" */
function takes({ name, nics }: ZoneRecord): string {
  const taken = nics.flatMap(({ link, addresses }) => [...addresses.map(({ address }) => address), link]);
  return `${name} takes ${taken.join(', ')}`;
}

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
  await carryOut(recordReady(begun), host);
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
  await carryOut(boot, host);
  const own = published.find(({ zone }) => zone === record.name);
  if (own !== undefined) await waitApplied(record, own.generation, settings.bootSeconds, host.system);
  return now;
}

/** While a zone boots, which may take minutes, its network may become another one: its record is written as it is by then. */
async function finishBoot(before: ZoneRecord, creations: Made, host: Host): Promise<ZoneRecord> {
  return await locked(host, 'host', async () => {
    const now = await readZone(before.name, host.system);
    if (JSON.stringify(now.nics) !== JSON.stringify(before.nics)) await protectLinks(now, creations, host);
    await carryOut([recordFinished(now)], host);
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
  await carryOut(protectionOf(record, { networks }, settings, observed), host);
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
