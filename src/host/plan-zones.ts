import type { Network } from '../domain/network.ts';
import type { Settings } from '../domain/settings.ts';
import { hasMethod, type ZoneRecord } from '../domain/zone-record.ts';
import type { HostPlan } from '../plan/host-step.ts';
import { planVnics } from '../plan/links.ts';
import { recordZones } from '../plan/records.ts';
import { planInterfaces } from '../plan/shared-stack.ts';
import { planZoneConfig } from '../plan/zone-config.ts';
import { planFirstBoot, planInstall } from '../plan/zone-life.ts';
import { planHostKeeping } from './global-zone.ts';
import type { Host } from './host.ts';
import { observeDetails, observeZone } from './observe.ts';
import { observeProtection, protectionOf } from './protect.ts';
import { createPublisher, toldOf } from './publications.ts';
import { createPublishing, type Publishing } from './publishing.ts';
import type { Look } from './situation.ts';
import { inTransaction } from './transaction.ts';

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

/** Plans what recorded zones, or such to be recorded, still lack. Changes nothing. */
export async function planMakeZones(
  wanted: readonly ZoneRecord[],
  { records, settings, observed: seen }: Look,
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
