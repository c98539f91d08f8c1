import { listZones, parseZones } from '../illumos/zoneadm.ts';
import { refreshStep } from '../plan/publish.ts';
import { ask } from '../system/ask.ts';
import { carryOut, type Host } from './host.ts';
import type { Published } from './publishing.ts';

/**
 * Lets those zones read again what was published that were down when a command looked, and run now: they may have read what there
 * was before. Who starts later reads it by itself. Gives them as zones that run.
 */
export async function refreshStarted<P extends Pick<Published, 'zone' | 'generation' | 'running'>>(
  publications: readonly P[],
  host: Host,
): Promise<P[]> {
  const down = publications.filter(({ running }) => !running);
  if (down.length === 0) return [];
  const names = new Set<string>(down.map(({ zone }) => zone));
  const zones = parseZones(await ask(listZones(), host.system), names);
  return await refreshUp(down, new Set(zones.filter(({ state }) => state === 'running').map(({ name }) => name)), host);
}

/** As `refreshStarted`, where it is known which zones run. */
export async function refreshUp<P extends Pick<Published, 'zone' | 'generation' | 'running'>>(
  publications: readonly P[],
  up: ReadonlySet<string>,
  host: Host,
): Promise<P[]> {
  const started = publications.filter(({ zone, running }) => !running && up.has(zone));
  await carryOut(
    started.map(({ zone, generation }) => refreshStep(zone, generation)),
    host,
  );
  return started.map((publication) => ({ ...publication, running: true }));
}
