import { OperatorError } from '../domain/errors.ts';
import type { NetworkName, ZoneName } from '../domain/names.ts';
import { isUnfinished } from '../domain/zone-record.ts';
import type { Drift } from '../plan/drift.ts';
import type { HostPlan } from '../plan/host-step.ts';
import { waitApplied } from './applied.ts';
import { deleteNetwork } from './delete-network.ts';
import { deleteZone } from './delete-zone.ts';
import { findDrift, findRunningLinks, findStanding, isGoing, look, planAllPublications } from './drift.ts';
import { findHostDrift } from './global-zone.ts';
import { carryOut, type Host, locked } from './host.ts';
import { clearLeftovers } from './leftovers.ts';
import { makeZones } from './make-zone.ts';
import { observeHost } from './observe.ts';
import { planMakeZones } from './plan-zones.ts';
import type { Look } from './situation.ts';
import { findZone, readRecords } from './store.ts';
import { finishTransaction } from './transaction.ts';

/** What it takes to make the host as it is recorded, and what stands in the way. */
export interface Convergence {
  readonly plan: HostPlan;
  /** What no plan can mend: a record that cannot be read, a link that is somebody else's. */
  readonly faults: readonly OperatorError[];
}

function convergenceOf(drifts: readonly Drift[]): Convergence {
  return {
    plan: drifts.flatMap(({ plan }) => plan),
    faults: drifts.flatMap(({ fault }) => (fault === undefined ? [] : [fault])),
  };
}

/** Plans everything that is not as recorded, over all zones and networks. Changes nothing. */
export async function planSync(host: Host): Promise<Convergence> {
  return convergenceOf(await findDrift(host));
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
 * What could not be mended is in `faults`; the rest is done.
 */
export async function sync(host: Host): Promise<Convergence> {
  const faults: OperatorError[] = [];
  await attempt(faults, async () => finishTransaction(host));
  const going = await findGoing(host);
  for (const name of going.zones) await attempt(faults, async () => deleteZone(name, false, host));
  for (const name of going.networks) await attempt(faults, async () => deleteNetwork(name, host));
  const { situation, plan } = await locked(host, 'host', async () => {
    const situation = await lookAnew(host);
    const standing = convergenceOf(await findStanding(situation, host));
    faults.push(...standing.faults);
    const isLink = ({ about }: HostPlan[number]) => about === 'link';
    const links = standing.plan.filter(isLink);
    await carryOut(links, host);
    if (links.length > 0) await settleNew(situation, host);
    // Zones are told when they have their links.
    await carryOut(
      standing.plan.filter((step) => !isLink(step)),
      host,
    );
    return { situation, plan: standing.plan };
  });
  for (const { name } of situation.records.zones.filter(isUnfinished)) {
    await attempt(faults, async () => finishZone(name, host));
  }
  const told = plan.filter(({ about }) => about === 'refresh' || about === 'metadata').length > 0;
  if (told) await waitForAll(situation, faults, host);
  await clearLeftovers(situation.records, host);
  return { plan, faults };
}

/** The names of what is being deleted. */
async function findGoing({ system }: Host): Promise<{ zones: ZoneName[]; networks: NetworkName[] }> {
  const { zones, networks } = await readRecords(system);
  return {
    zones: zones.filter(isGoing).map(({ name }) => name),
    networks: networks.filter(isGoing).map(({ name }) => name),
  };
}

/** One look, after the record of the global zone has followed what the host has changed of its own addresses. */
async function lookAnew(host: Host): Promise<Look> {
  const situation = await look(host);
  const { plan } = convergenceOf(await findHostDrift(situation.records.zones, host.system));
  if (plan.length === 0) return situation;
  await carryOut(plan, host);
  return await look(host);
}

/** A link that came back has no protection yet, and the zone that runs has not got it. */
async function settleNew(before: Look, host: Host): Promise<void> {
  const situation = { ...before, observed: await observeHost(host.system) };
  const ready = situation.records.zones.filter(({ state }) => state === 'ready');
  await carryOut(convergenceOf(await findRunningLinks(ready, situation, host)).plan, host);
}

async function finishZone(name: ZoneName, host: Host): Promise<void> {
  const plan = async () => {
    const situation = await look(host);
    return await planMakeZones([findZone(name, situation.records)], situation, host);
  };
  await locked(host, `zone.${name}`, () => makeZones([name], plan, host));
}

async function waitForAll(situation: Look, faults: OperatorError[], host: Host): Promise<void> {
  // Those too that have started since.
  const now = { ...situation, observed: await observeHost(host.system) };
  const running = (await planAllPublications(now, host)).filter((publication) => publication.running);
  for (const { record, generation } of running) {
    await attempt(faults, async () => waitApplied(record, generation, situation.settings.bootSeconds, host.system));
  }
}
