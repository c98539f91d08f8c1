import { OperatorError } from '../domain/errors.ts';
import type { Network } from '../domain/network.ts';
import type { Settings } from '../domain/settings.ts';
import type { ZoneRecord } from '../domain/zone-record.ts';
import type { HostPlan } from '../plan/host-step.ts';
import { planVnics } from '../plan/links.ts';
import { recordReady, recordZone } from '../plan/records.ts';
import { planZoneConfig } from '../plan/zone-config.ts';
import { planFirstBoot, planInstall } from '../plan/zone-life.ts';
import { waitApplied } from './applied.ts';
import { planRemoval, removalPlan } from './delete-zone.ts';
import { carryOut, type Host, locked } from './host.ts';
import { type Observed, observeHost, observeZone } from './observe.ts';
import { observeProtection, protectionOf } from './protect.ts';
import { planLate, planPublications, plansOf, routersOf, type ZonePublication } from './publications.ts';
import type { Records } from './store.ts';
import { undoing } from './undo.ts';

/** A zone decided upon, and what makes it, in the order of its phases. */
export interface ZoneCreation {
  readonly record: ZoneRecord;
  readonly settings: Settings;
  /** Record, links, configuration, metadata: done under the lock of the host. */
  readonly connect: HostPlan;
  readonly install: HostPlan;
  /** What its links are held to before it boots, as far as that is known while they are not there. */
  readonly protect: HostPlan;
  readonly boot: HostPlan;
  readonly networks: readonly Network[];
  /** Of the zone itself, and then of its routers. */
  readonly publications: readonly ZonePublication[];
}

/** All that one look at the host gave. */
export interface Situation {
  readonly records: Records;
  readonly settings: Settings;
  readonly observed: Observed;
}

/** Plans what a recorded zone, or one to be recorded, still lacks. Changes nothing. */
export async function planMakeZone(
  record: ZoneRecord,
  { records, settings, observed }: Situation,
  host: Host,
): Promise<ZoneCreation> {
  const { system } = host;
  const isNew = !records.zones.some(({ name }) => name === record.name);
  const zones = isNew ? byName([...records.zones, record]) : records.zones;
  const zone = isNew ? undefined : await observeZone(record.name, observed, system);
  const publications = await planPublications(
    [record, ...routersOf(record, zones)],
    { networks: records.networks, zones },
    { settings, observed, system },
  );
  const boot = planFirstBoot(record, zone);
  const unseen = { links: new Map(), macs: new Map() };
  const protection = isNew || boot.length === 0 ? unseen : await observeProtection([record], system);
  return {
    record,
    settings,
    networks: records.networks,
    publications,
    connect: [
      ...(isNew ? [recordZone(record, '+', takes(record))] : []),
      ...planVnics(record, observed.links),
      ...planZoneConfig(record, zone),
      ...plansOf(publications),
      ...(isNew ? [] : await planLate(publications.slice(1), system)),
    ],
    install: planInstall(record, zone),
    protect: boot.length === 0 ? [] : protectionOf(record, records, settings, protection),
    boot,
  };
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

/**
 * Makes a zone, as planned under the lock of the host: connected, installed, and booted with its network verified when
 * that is asked for. The caller holds the lock of the zone.
 *
 * What fails before the zone is ready for its first boot is undone. What fails later leaves the zone, so that its logs
 * can tell why; the same command again goes on with it.
 *
 * @throws {OperatorError} COMMAND_FAILED, NOT_CONVERGED, NOT_APPLIED, and what `plan` throws
 */
export async function makeZone(name: string, plan: () => Promise<ZoneCreation>, host: Host): Promise<ZoneRecord> {
  let begun: ZoneRecord | undefined;
  let creation: ZoneCreation | undefined;
  await undoing(
    async () => {
      creation = await locked(host, 'host', async () => {
        const planned = await plan();
        if (planned.record.state === 'creating') begun = planned.record;
        await carryOut(planned.connect, host);
        return planned;
      });
      await carryOut(creation.install, host);
      await checkMade(creation.record, host);
    },
    async () => (begun === undefined ? [] : await planUndo(begun, host)),
    `delete-zone ${name}`,
    host,
  );
  if (creation === undefined) throw new Error('undoing ends without an error only when its work is done');
  const ready: ZoneRecord = { ...creation.record, state: 'ready' };
  if (creation.record.state === 'creating') {
    await carryOut([recordReady(ready)], host);
  }
  return ready.bootPending ? await bootFirst({ ...creation, record: ready }, host) : ready;
}

async function planUndo(record: ZoneRecord, host: Host): Promise<HostPlan> {
  return await locked(host, 'host', async () => {
    return removalPlan(await planRemoval(record, host));
  });
}

/**
 * Boots a zone for the first time and waits until it has verified its network; then also for the running routers that
 * were told of it.
 */
async function bootFirst(creation: ZoneCreation, host: Host): Promise<ZoneRecord> {
  const { record, settings, boot, publications } = creation;
  if (boot.length > 0) await protectLinks(creation, host);
  await carryOut(boot, host);
  const [own, ...routers] = publications;
  if (own !== undefined) await waitApplied(record, own.generation, settings.bootSeconds, host.system);
  const booted: ZoneRecord = { ...record, bootPending: false };
  await carryOut([recordZone(booted, '~', 'its network is verified')], host);
  for (const { record: router, generation, running } of routers) {
    if (running) await waitApplied(router, generation, settings.bootSeconds, host.system);
  }
  return booted;
}

/**
 * Before the zone boots, so that it never runs without. zoneadmd wipes protection when a zone goes down (§8.2), which is
 * what `znetadm watch` is for.
 */
async function protectLinks({ record, settings, networks }: ZoneCreation, host: Host): Promise<void> {
  const observed = await observeProtection([record], host.system);
  await carryOut(protectionOf(record, { networks }, settings, observed), host);
}

/** Observes again and plans again: nothing may be left. */
async function checkMade(record: ZoneRecord, { system }: Host): Promise<void> {
  const observed = await observeHost(system);
  const zone = await observeZone(record.name, observed, system);
  const left = [...planVnics(record, observed.links), ...planZoneConfig(record, zone)];
  const [first] = left;
  if (first === undefined) return;
  throw new OperatorError('NOT_CONVERGED', `Cannot make zone "${record.name}" so: still to do is ${first.what}`, {
    hint: [first.note, ...left.slice(1).map(({ what }) => what)].filter((line) => line !== '').join('\n'),
  });
}
