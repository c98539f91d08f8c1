import { OperatorError } from '../domain/errors.ts';
import { GLOBAL, type ZoneName } from '../domain/names.ts';
import type { Network } from '../domain/network.ts';
import { isUnfinished, type ZoneRecord } from '../domain/zone-record.ts';
import {
  type Drift,
  driftWhere,
  findConfigDrift,
  findEtherstubDrift,
  findInterfaceDrift,
  findLinkDrift,
  findLoanDrift,
  findProtectionDrift,
  findPublicationDrift,
} from '../plan/drift.ts';
import type { HostPlan } from '../plan/host-step.ts';
import { withOwnLinks } from '../plan/links.ts';
import { recordFinished, recordNetwork } from '../plan/records.ts';
import { findAppliedDrift } from './applied-drift.ts';
import { planDeleteNetwork } from './delete-network.ts';
import { planDeleteZone, removalPlan } from './delete-zone.ts';
import { takingAway } from './freeing.ts';
import { findHostDrift, findHostServiceDrift } from './global-zone.ts';
import { FEW, type Host, inParallel } from './host.ts';
import { findLeftoverDrift } from './leftovers.ts';
import { findDeadRules, findLostForwards } from './lint.ts';
import { observeDetails, observeHost, observeZone } from './observe.ts';
import { planMakeZones } from './plan-zones.ts';
import { observeProtection } from './protect.ts';
import { faultsOf, planPublications, type ZonePublication } from './publications.ts';
import { calledOtherwise, type RenamedZones, renamedZones } from './renamed.ts';
import { readSeen, type Seen } from './seen.ts';
import type { Look } from './situation.ts';
import { readRecords, readSettings } from './store.ts';

export const isGoing = ({ state }: ZoneRecord | Network) => state === 'deleting';

/** One look at all that drift is found by. */
export async function look({ system }: Host): Promise<Look> {
  const [records, settings, observed] = await Promise.all([
    readRecords(system),
    readSettings(system),
    observeHost(system),
  ]);
  return { records, settings, observed: await observeDetails(observed, records.zones, system) };
}

/**
 * Everything that is not as recorded, over all zones and networks. Changes nothing but the notes of what was seen.
 *
 * `full` asks again also where nothing can have changed since the last look, but by a hand inside a zone.
 */
export async function findDrift(host: Host, full = false): Promise<Drift[]> {
  const situation = await look(host);
  const standing = await findStanding(situation, host, full);
  const unfinished = await findUnfinished(situation, host);
  return [...standing, ...unfinished, ...(await findLeftoverDrift(situation.records, host.system))];
}

/** What of the made is not as recorded: damaged records, etherstubs, links, configurations, metadata, what zones applied. */
export async function findStanding(situation: Look, host: Host, full = false): Promise<Drift[]> {
  const { records, observed } = situation;
  const seen = full ? await readSeen(host.system).then((old) => old.forgotten()) : await readSeen(host.system);
  const networks = records.networks.filter((network) => !isGoing(network));
  const zones = records.zones.filter((zone) => zone.state === 'ready');
  const publications = await planAllPublications(situation, host);
  const renamed = renamedZones(situation, host.system);
  const drifts = [
    ...records.damaged.map((fault) => damage('record', fault)),
    ...faultsOf(publications).map((fault) => damage('template', fault)),
    ...networks.flatMap((network) => [...findEtherstubDrift(network, observed.links), ...findBegun(network)]),
    ...zones.flatMap((zone) => findLinkDrift(zone, observed.links)),
    ...zones.flatMap((zone) => findInterfaceDrift(zone, observed.interfaces)),
    ...(await findRunningLinks(zones, situation, host)),
    ...(await inParallel(zones, FEW, (zone) => findZoneDrift(zone, situation, { seen, renamed }, host))).flat(),
    ...(await findHostDrift(zones, host.system)),
    ...(await findHostServiceDrift(zones, host.system)),
    ...zones.flatMap((zone) => findLostForwards(zone, records.zones)),
    ...zones.flatMap((zone) => findDeadRules(zone, records)),
    ...publications.flatMap((publication) => findContradiction(publication) ?? findPublicationDrift(publication)),
    ...(await findAppliedDrift(publications, observed.zones, seen, host.system)),
  ];
  await seen.save(host);
  return drifts;
}

/** What running zones' links may send that they should not, and those that the zones have not got; in one command for all. */
export async function findRunningLinks(
  zones: readonly ZoneRecord[],
  { records, settings, observed }: Look,
  { system }: Host,
): Promise<Drift[]> {
  const running = zones.filter(({ name }) => name !== GLOBAL && observed.zones.get(name)?.state === 'running');
  if (running.length === 0) return [];
  const found = await observeProtection(running, system);
  return running.flatMap((zone) => {
    const own = withOwnLinks(zone, observed.links);
    const open = settings.protection ? findProtectionDrift(own, records.networks, found) : [];
    return [...open, ...findLoanDrift(own, found.holders)];
  });
}

/** "/etc/…/web2.ini:4:8: what\n …" */
function damage(kind: 'record' | 'template', fault: OperatorError): Drift {
  const [, file = `${kind}s`, found = fault.message] = /^(\/[^:\n]*): ?([^\n]*)/.exec(fault.message) ?? [];
  return { of: 'host', item: `${kind} ${file}`, expected: `a ${kind}`, found, plan: [], fault };
}

/** Records that were changed by hand, or by an earlier znetadm, may say of a zone what it would refuse. */
function findContradiction({ zone, contradiction }: ZonePublication): Drift[] | undefined {
  if (contradiction === undefined) return undefined;
  const found = contradiction.message.replace(/^.* so: /, '');
  return [
    {
      of: `zone "${zone}"`,
      item: 'metadata',
      expected: 'facts that fit each other',
      found,
      plan: [],
      fault: contradiction,
    },
  ];
}

function findBegun(network: Network): Drift[] {
  return driftWhere({ of: `network "${network.name}"`, item: 'record', expected: 'ready', found: network.state }, () =>
    network.state === 'creating' ? [recordNetwork({ ...network, state: 'ready' }, '~', 'it is there')] : [],
  );
}

/** Whether the zone is there and its configuration has all of ours; asks zonecfg only where that may have changed. */
async function findZoneDrift(
  zone: ZoneRecord,
  { observed }: Look,
  { seen, renamed }: { seen: Seen; renamed: RenamedZones },
  host: Host,
): Promise<Drift[]> {
  if (zone.name === GLOBAL) return [];
  const entry = observed.zones.get(zone.name);
  const usual = ['installed', 'ready', 'running', 'shutting_down', ...(zone.install ? [] : ['configured'])];
  if (entry === undefined) {
    const now = await renamed(zone);
    return [now === undefined ? notInstalled(zone, 'missing') : renamedTo(zone, now)];
  }
  if (!usual.includes(entry.state)) return [notInstalled(zone, entry.state)];
  const asked = await seen.config(zone);
  if (asked.inOrder) return [];
  const found = await observeZone(zone.name, observed, host.system);
  const drifts = found === undefined ? [notInstalled(zone, 'missing')] : findConfigDrift(zone, found);
  if (drifts.length === 0) asked.note();
  return drifts;
}

function renamedTo({ name }: ZoneRecord, now: ZoneName): Drift {
  const fault = calledOtherwise('DRIFT', 'mend', name, now);
  return { of: `zone "${name}"`, item: 'zone', expected: name, found: `called ${now}`, plan: [], fault };
}

function notInstalled(zone: ZoneRecord, state: string): Drift {
  const { name, zonepath } = zone;
  const forget = `if it is not wanted any more:   ${takingAway(zone)}`;
  const hints: Record<string, string> = {
    missing: `${forget}\nto make it anew:                delete it so, and create it again`,
    configured: `${forget}\nto attach what was detached:    /usr/sbin/zoneadm -z ${name} attach\nto install it again, empty:     /usr/sbin/zoneadm -z ${name} install`,
    incomplete: `${forget}\nto install it again, empty:     /usr/sbin/zoneadm -z ${name} uninstall -F; /usr/sbin/zoneadm -z ${name} install`,
    down: `it sticks on its way down:      /usr/sbin/zoneadm -z ${name} halt\nwho holds its files open:       /usr/sbin/fuser -c ${zonepath}/root`,
  };
  const hint = hints[state] ?? `see: /usr/sbin/zoneadm -z ${name} list -v`;
  const fault = new OperatorError(
    'DRIFT',
    `Cannot mend zone "${name}": it is ${state}, and what was in it is not ours to make`,
    { hint },
  );
  return { of: `zone "${name}"`, item: 'zone', expected: 'installed or running', found: state, plan: [], fault };
}

/** Nothing is published while a record is damaged: its zone may be a member, and would be dropped. */
export async function planAllPublications(
  { records, settings, observed }: Look,
  { system }: Host,
): Promise<ZonePublication[]> {
  const zones = records.damaged.length > 0 ? [] : records.zones.filter((zone) => !isGoing(zone));
  return await planPublications(zones, records, { settings, observed, system });
}

/** What interrupted runs left: zones begun, zones and networks going. */
export async function findUnfinished(situation: Look, host: Host): Promise<Drift[]> {
  const { zones, networks } = situation.records;
  const plans: readonly (readonly [Omit<Drift, 'plan' | 'fault'>, () => Promise<HostPlan>])[] = [
    ...zones.filter(isUnfinished).map((zone) => {
      const runs = situation.observed.zones.get(zone.name)?.state === 'running';
      const found = zone.state !== 'ready' ? zone.state : runs ? 'its first boot was not waited for' : 'never booted';
      const plan = async () => {
        const { connect, zones: planned } = await planMakeZones([zone], situation, host);
        return [
          ...connect.flat().filter(({ about }) => about === 'link' || about === 'zone'),
          ...planned.flatMap(({ install, protect, boot }) => [...install, ...protect, ...boot]),
          // Where all of it is there but the record: what was killed may have come so far.
          recordFinished(zone),
        ];
      };
      return [{ of: `zone "${zone.name}"`, item: 'record', expected: 'ready', found }, plan] as const;
    }),
    ...zones
      .filter(isGoing)
      .map(
        (zone) =>
          [
            { of: `zone "${zone.name}"`, item: 'record', expected: 'gone', found: zone.state },
            async () => (await planDeleteZone(zone.name, false, host)).flatMap(removalPlan),
          ] as const,
      ),
    ...networks
      .filter(isGoing)
      .map(
        (network) =>
          [
            { of: `network "${network.name}"`, item: 'record', expected: 'gone', found: network.state },
            async () => (await planDeleteNetwork(network.name, host)).plan,
          ] as const,
      ),
  ];
  const drifts: Drift[] = [];
  for (const [what, plan] of plans) {
    try {
      drifts.push({ ...what, plan: await plan() });
    } catch (error) {
      if (!(error instanceof OperatorError)) throw error;
      drifts.push({ ...what, plan: [], fault: error });
    }
  }
  return drifts;
}
