import type { NetworkName } from '../domain/names.ts';
import type { Settings } from '../domain/settings.ts';
import { hasMethod, proxyOf, routedNetworks, type ZoneRecord } from '../domain/zone-record.ts';
import { metadataFile } from '../plan/host-paths.ts';
import type { HostPlan } from '../plan/host-step.ts';
import { factsOf, type Publication, planPublication, refreshStep } from '../plan/publish.ts';
import type { System } from '../system/system.ts';
import { observeApplied } from './applied.ts';
import type { Observed } from './observe.ts';
import type { Records } from './store.ts';

/** A publication, and the zone it is for. */
export interface ZonePublication extends Publication {
  readonly record: ZoneRecord;
  readonly running: boolean;
}

/**
 * Plans the metadata of zones as the records want them, and a refresh for those that run and get other ones. Zones that
 * do not run our method get none.
 */
export async function planPublications(
  zones: readonly ZoneRecord[],
  records: Pick<Records, 'networks' | 'zones'>,
  { settings, observed, system }: { settings: Settings; observed: Pick<Observed, 'zones'>; system: System },
): Promise<ZonePublication[]> {
  const recorded = { ...records, resolver: settings.resolver, vars: settings.vars };
  return await Promise.all(
    zones.filter(hasMethod).map(async (record) => {
      const text = await system.readFile(metadataFile(record.name));
      const running = observed.zones.get(record.name)?.state === 'running';
      const applied = text === undefined && running ? (await observeApplied(record.name, system)).status : undefined;
      const generation = applied === undefined ? {} : { applied: applied.generation };
      const publication = planPublication(factsOf(record, recorded), { text, ...generation });
      const refresh = running && publication.plan.length > 0 ? [refreshStep(record.name, publication.generation)] : [];
      return { ...publication, plan: [...publication.plan, ...refresh], record, running };
    }),
  );
}

/**
 * Refreshes running zones whose metadata are as they should be, but which have not applied them: whoever published those may
 * have been killed before it could say so.
 */
export async function planLate(publications: readonly ZonePublication[], system: System): Promise<HostPlan> {
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

export function plansOf(publications: readonly ZonePublication[]): HostPlan {
  return publications.flatMap(({ plan }) => plan);
}

/** The routers whose facts depend on a zone: those of the networks it is on. Zones that are being deleted are left out. */
export function routersOf(zone: ZoneRecord, zones: readonly ZoneRecord[]): ZoneRecord[] {
  const own = routedNetworks(zone);
  const networks = zone.nics.flatMap(({ network }): NetworkName[] =>
    network === undefined || own.includes(network) ? [] : [network],
  );
  const living = zones.filter(({ name, state }) => name !== zone.name && state !== 'deleting');
  const routers = networks.map((network) => proxyOf(network, living)).filter((router) => router !== undefined);
  return [...new Set(routers)];
}
