import { OperatorError } from '../domain/errors.ts';
import type { ZoneName } from '../domain/names.ts';
import type { Network } from '../domain/network.ts';
import type { ZoneRecord } from '../domain/zone-record.ts';
import type { HostPlan } from '../plan/host-step.ts';
import { planEtherstub, planVnics } from '../plan/links.ts';
import { refreshStep } from '../plan/publish.ts';
import { recordNetwork } from '../plan/records.ts';
import { planZoneConfig } from '../plan/zone-config.ts';
import { observeApplied, waitApplied } from './applied.ts';
import { deleteNetwork, planDeleteNetwork } from './delete-network.ts';
import { deleteZone, planDeleteZone, removalPlan } from './delete-zone.ts';
import { carryOut, type Host, locked } from './host.ts';
import { makeZone, planMakeZone, type Situation } from './make-zone.ts';
import { observeHost, observeZone } from './observe.ts';
import { planPublications, type ZonePublication } from './publications.ts';
import { findZone, readRecords, readSettings } from './store.ts';

/** What it takes to make the host as it is recorded, and what stands in the way. */
export interface Convergence {
  readonly plan: HostPlan;
  /** What no plan can mend: a record that cannot be read, a link that is somebody else's. */
  readonly faults: readonly OperatorError[];
}

const isGoing = ({ state }: ZoneRecord | Network) => state === 'deleting';
const isUnfinished = ({ state, bootPending }: ZoneRecord) => state === 'creating' || (state === 'ready' && bootPending);

async function look({ system }: Host): Promise<Situation> {
  const [records, settings, observed] = await Promise.all([
    readRecords(system),
    readSettings(system),
    observeHost(system),
  ]);
  return { records, settings, observed };
}

/** Plans everything that is not as recorded, over all zones and networks. Changes nothing. */
export async function planSync(host: Host): Promise<Convergence> {
  const situation = await look(host);
  const { zones, networks, damaged } = situation.records;
  const faults = [...damaged];
  const standing = await planStanding(situation, faults, host);
  const unfinished = await collect(
    faults,
    zones.filter(isUnfinished).map((zone) => async () => {
      const { connect, install, boot } = await planMakeZone(zone, situation, host);
      return [...connect.filter(({ about }) => about === 'link' || about === 'zone'), ...install, ...boot];
    }),
  );
  const going = await collect(faults, [
    ...zones.filter(isGoing).map((zone) => async () => {
      const removals = await planDeleteZone(zone.name, false, host);
      return removals.flatMap(removalPlan);
    }),
    ...networks.filter(isGoing).map((network) => async () => planDeleteNetwork(network.name, host)),
  ]);
  return { plan: [...standing, ...unfinished, ...going], faults };
}

/** Etherstubs, links and configurations of what is made, and the metadata of all. */
async function planStanding(situation: Situation, faults: OperatorError[], host: Host): Promise<HostPlan> {
  const { records, observed } = situation;
  const networks = records.networks.filter((network) => !isGoing(network));
  const zones = records.zones.filter((zone) => !isGoing(zone) && zone.state === 'ready');
  const made = await collect(faults, [
    ...networks.map((network) => async () => [
      ...planEtherstub(network, observed.links),
      ...(network.state === 'creating' ? [recordNetwork({ ...network, state: 'ready' }, '~', 'it is there')] : []),
    ]),
    ...zones.map((zone) => async () => {
      const have = await observeZone(zone.name, observed, host.system);
      return [...planVnics(zone, observed.links), ...planZoneConfig(zone, have)];
    }),
  ]);
  const publications = await publish(situation, host);
  return [...made, ...publications.flatMap(({ plan }) => plan), ...(await planLate(publications, host))];
}

/** Nothing is published while a record is damaged: its zone may be a member, and would be dropped. */
async function publish({ records, settings, observed }: Situation, { system }: Host): Promise<ZonePublication[]> {
  const zones = records.damaged.length > 0 ? [] : records.zones.filter((zone) => !isGoing(zone));
  return await planPublications(zones, records, { settings, observed, system });
}

/** Refreshes running zones whose metadata are as they should be, but which have not applied them. */
async function planLate(publications: readonly ZonePublication[], { system }: Host): Promise<HostPlan> {
  const current = publications.filter(({ running, plan }) => running && plan.length === 0);
  const steps = await Promise.all(
    current.map(async ({ zone, generation }) => {
      const { setup, status } = await observeApplied(zone, system);
      const late = setup === 'online' && (status?.generation ?? 0) < generation;
      return late ? [refreshStep(zone, generation)] : [];
    }),
  );
  return steps.flat();
}

/** The plans of all, one after the other; what an operator has to mend goes to `faults`. */
async function collect(faults: OperatorError[], plans: readonly (() => Promise<HostPlan>)[]): Promise<HostPlan> {
  const all: HostPlan[] = [];
  for (const plan of plans) {
    await attempt(faults, async () => {
      all.push(await plan());
    });
  }
  return all.flat();
}

async function attempt(faults: OperatorError[], work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    faults.push(error);
  }
}

/**
 * Makes the host as it is recorded: finishes what interrupted runs began, mends links, configurations and metadata, and
 * waits for the zones that were told of a change.
 *
 * Gives the names of running zones that were looked at. What could not be mended is in `faults`; the rest is done.
 */
export async function sync(host: Host): Promise<Convergence> {
  const faults: OperatorError[] = [];
  const before = await look(host);
  for (const { name } of before.records.zones.filter(isGoing)) {
    await attempt(faults, async () => deleteZone(name, false, host));
  }
  for (const { name } of before.records.networks.filter(isGoing)) {
    await attempt(faults, async () => deleteNetwork(name, host));
  }
  const { situation, plan } = await locked(host, 'host', async () => {
    const situation = await look(host);
    const plan = await planStanding(situation, faults, host);
    await carryOut(plan, host);
    return { situation, plan };
  });
  for (const { name } of situation.records.zones.filter(isUnfinished)) {
    await attempt(faults, async () => finishZone(name, host));
  }
  const told = plan.filter(({ about }) => about === 'refresh' || about === 'metadata').length > 0;
  if (told) await waitForAll(situation, faults, host);
  return { plan, faults: [...faults, ...situation.records.damaged] };
}

async function finishZone(name: ZoneName, host: Host): Promise<void> {
  const plan = async () => {
    const situation = await look(host);
    return await planMakeZone(findZone(name, situation.records), situation, host);
  };
  await locked(host, `zone.${name}`, () => makeZone(name, plan, host));
}

async function waitForAll(situation: Situation, faults: OperatorError[], host: Host): Promise<void> {
  const running = (await publish(situation, host)).filter((publication) => publication.running);
  for (const { record, generation } of running) {
    await attempt(faults, async () => waitApplied(record, generation, situation.settings.bootSeconds, host.system));
  }
}
