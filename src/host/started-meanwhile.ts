import { listZones, parseZones } from '../illumos/zoneadm.ts';
import type { HostPlan } from '../plan/host-step.ts';
import { refreshStep } from '../plan/publish.ts';
import { ask } from '../system/ask.ts';
import { carryOut, type Host } from './host.ts';
import type { ZonePublication } from './publications.ts';
import type { Published } from './publishing.ts';

/**
 * Carries out a plan that publishes, and lets those zones read again what is new to them that were down when the command looked, and
 * run now: they may have read what there was before. Who starts later reads it by itself. Gives the publications as they are then.
 * `finish` as for `carryOut`.
 */
export async function carryOutTelling(
  plan: HostPlan,
  publications: readonly ZonePublication[],
  host: Host,
  finish?: string,
): Promise<ZonePublication[]> {
  await carryOut(plan, host, finish);
  const down = publications.filter(({ running, isPublished }) => !running && !isPublished);
  if (down.length === 0) return [...publications];
  const names = new Set<string>(down.map(({ zone }) => zone));
  const zones = parseZones(await ask(listZones(), host.system), names);
  const up = zones.filter(({ state }) => state === 'running').map(({ name }) => name);
  return await refreshUp(publications, new Set(up), host);
}

/** Lets those that were down and are in `up` read again what was published for them. Gives all of them as they are then. */
export async function refreshUp<P extends Pick<Published, 'zone' | 'generation' | 'running'>>(
  publications: readonly P[],
  up: ReadonlySet<string>,
  host: Host,
): Promise<P[]> {
  const isStarted = ({ zone, running }: P) => !running && up.has(zone);
  await carryOut(
    publications.filter(isStarted).map(({ zone, generation }) => refreshStep(zone, generation)),
    host,
  );
  return publications.map((publication) => (isStarted(publication) ? { ...publication, running: true } : publication));
}
