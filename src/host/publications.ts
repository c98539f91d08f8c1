import { OperatorError } from '../domain/errors.ts';
import type { NetworkName, ZoneName } from '../domain/names.ts';
import { namesNetwork, namesZone } from '../domain/rule-ends.ts';
import type { Settings } from '../domain/settings.ts';
import { hasMethod, networksOf, proxyOf, routedNetworks, type ZoneRecord } from '../domain/zone-record.ts';
import { contradictionsIn } from '../ini/metadata-check.ts';
import { metadataFile } from '../plan/host-paths.ts';
import type { HostPlan } from '../plan/host-step.ts';
import { factsOf, type Publication, planPublication, publishedDigest, refreshStep } from '../plan/publish.ts';
import { planTemplates } from '../plan/publish-templates.ts';
import { digestOfLayers } from '../plan/template-digest.ts';
import type { System } from '../system/system.ts';
import { observeApplied } from './applied.ts';
import { bootPrograms } from './boot-programs.ts';
import { FEW, inParallel } from './host.ts';
import type { Observed } from './observe.ts';
import { readPublishedFile } from './published-files.ts';
import { readPublished, type SiteTemplates, siteTemplates } from './site-templates.ts';
import type { Records } from './store.ts';

/** A publication, and the zone it is for. */
export interface ZonePublication extends Pick<Publication, 'zone' | 'generation' | 'plan'> {
  readonly record: ZoneRecord;
  readonly running: boolean;
  /** Whether what is published of facts and templates is as recorded; a boot that is planned anew is nothing to a zone that runs. */
  readonly isPublished: boolean;
  /** What is wrong with the templates of the host: then those that were published stay. */
  readonly fault?: OperatorError;
  /** What of its facts does not fit the rest, so that the zone would refuse all of them: then those that were published stay. */
  readonly contradiction?: OperatorError;
}

/** What publications are planned from, beside the records. */
interface PublishingSituation {
  readonly settings: Settings;
  readonly observed: Pick<Observed, 'zones'>;
  readonly system: System;
}

/**
 * Plans the metadata of zones as the records want them, and a refresh for those that run and get other ones. Zones that
 * do not run our method get none.
 */
export async function planPublications(
  zones: readonly ZoneRecord[],
  records: Pick<Records, 'networks' | 'zones'>,
  situation: PublishingSituation,
): Promise<ZonePublication[]> {
  const published = zones.filter(hasMethod);
  const publisher = createPublisher(records, situation, published.length > FEW ? 'late' : 'held');
  return await inParallel(published, FEW, (record) => publisher.plan(record));
}

/** Plans publications one by one; what they have in common is read once. */
export interface Publisher {
  /** As `planPublications`, for a zone that runs our method. */
  plan(record: ZoneRecord): Promise<ZonePublication>;
  /** As the function `refuseFaulty`, for one zone, before anything is planned. */
  refuseFaulty(record: ZoneRecord): Promise<void>;
}

/**
 * The boot programs of plans are held, or made when it is their turn: those of thousands of zones are half a gigabyte,
 * and whoever looks at all zones mostly wants no more than to know that they are stale.
 */
export function createPublisher(
  records: Pick<Records, 'networks' | 'zones'>,
  { settings, observed, system }: PublishingSituation,
  programs: 'held' | 'late' = 'held',
): Publisher {
  const running = new Set(
    [...observed.zones.values()].filter(({ state }) => state === 'running').map(({ name }) => name),
  );
  // Nobody is on a network that goes, and rules name it no more.
  const networks = records.networks.filter(({ state }) => state !== 'deleting');
  const recorded = { ...records, networks, resolver: settings.resolver, vars: settings.vars, running };
  const site = siteTemplates(system);
  const boots = bootPrograms(site, system);

  async function plan(record: ZoneRecord): Promise<ZonePublication> {
    const text = await readPublishedFile(metadataFile(record.name), system);
    const running = observed.zones.get(record.name)?.state === 'running';
    const applied = text === undefined && running ? (await observeApplied(record.name, system)).status : undefined;
    const generation = applied === undefined ? {} : { applied: applied.generation };
    const { digest, plan: templates, fault } = await planSiteTemplates(record.name, text, site, system);
    const own = factsOf(record, recorded);
    const facts = digest === undefined ? own : { ...own, templates: digest };
    const publication = planPublication(facts, { text, ...generation });
    const contradiction = publication.plan.length === 0 ? undefined : contradictionOf(facts);
    if (contradiction !== undefined) {
      const { zone, generation } = publication;
      return { zone, generation, plan: [], record, running, isPublished: false, contradiction };
    }
    const plan = [...templates, ...publication.plan];
    const refresh = running && plan.length > 0 ? [refreshStep(record.name, publication.generation)] : [];
    // Behind the metadata, which it is for: until then it does not fit, and the zone boots without it.
    const planBoot = programs === 'late' ? boots.planLate : boots.plan;
    const boot = await planBoot(record.name, publication.text, () => publication.metadata);
    return {
      zone: record.name,
      generation: publication.generation,
      plan: [...plan, ...boot, ...refresh],
      record,
      running,
      isPublished: plan.length === 0,
      ...(fault === undefined ? {} : { fault }),
    };
  }

  return {
    plan,
    refuseFaulty: async (record) => {
      const contradiction = contradictionOf(factsOf(record, recorded));
      if (contradiction !== undefined) throw contradiction;
      refuseFaulty([await planSiteTemplates(record.name, undefined, site, system)]);
    },
  };
}

/** The digest of the templates that a zone is to be given, and what publishes them. */
async function planSiteTemplates(zone: ZoneName, text: string | undefined, site: SiteTemplates, system: System) {
  try {
    const [want, have] = [await site.read(zone), await readPublished(zone, system)];
    const digest = digestOfLayers(want);
    const plan = planTemplates(zone, want, have);
    if (plan.length > 0) await site.prepare(want);
    return { digest, plan };
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    return { digest: publishedDigest(text, zone), plan: [], fault: error };
  }
}

/**
 * Refuses to go on when the templates of the host are no good, or when a zone would refuse its facts.
 *
 * @throws {OperatorError} INI_INVALID, TEMPLATE_INVALID, METADATA_INVALID
 */
export function refuseFaulty(publications: readonly Pick<ZonePublication, 'fault' | 'contradiction'>[]): void {
  for (const { fault, contradiction } of publications) {
    const first = contradiction ?? fault;
    if (first !== undefined) throw first;
  }
}

/** Why a zone would refuse its facts. Undefined: they fit each other. */
function contradictionOf(facts: ReturnType<typeof factsOf>): OperatorError | undefined {
  const [first] = contradictionsIn(facts);
  if (first === undefined) return undefined;
  const { section, key, message, hint } = first;
  const text = `Cannot configure zone "${facts.zone}" so: [${section}] ${key}: ${message}`;
  return new OperatorError('METADATA_INVALID', text, hint === undefined ? {} : { hint });
}

/** Each fault of templates once, however many zones would be given them. */
export function faultsOf(publications: readonly ZonePublication[]): OperatorError[] {
  const faults = publications.flatMap(({ fault }) => fault ?? []);
  return [...new Map(faults.map((fault) => [fault.message, fault])).values()];
}

/**
 * Refreshes running zones whose metadata are as they should be, but which have not applied them: whoever published those may
 * have been killed before it could say so.
 */
export async function planLate(publications: readonly ZonePublication[], system: System): Promise<HostPlan> {
  const current = publications.filter(({ running, isPublished }) => running && isPublished);
  const steps = await Promise.all(
    current.map(async ({ zone, generation }) => {
      const { setup, status } = await observeApplied(zone, system);
      const late = setup === 'online' && (status?.generation ?? 0) < generation;
      return late ? [refreshStep(zone, generation)] : [];
    }),
  );
  return steps.flat();
}

/** Those that are told something by their plans. */
export function toldNow(publications: readonly ZonePublication[]): ZonePublication[] {
  return publications.filter(({ isPublished }) => !isPublished);
}

export function plansOf(publications: readonly ZonePublication[]): HostPlan {
  return publications.flatMap(({ plan }) => plan);
}

/**
 * The zones whose facts depend on a zone: the routers of the networks it is on, and where those are named in /etc/hosts
 * all others on them, and those whose rules name it. Zones that are being deleted are left out.
 */
export function toldOf(zone: ZoneRecord, { networks, zones }: Pick<Records, 'networks' | 'zones'>): ZoneRecord[] {
  const living = zones.filter(({ name, state }) => name !== zone.name && state !== 'deleting');
  const own = routedNetworks(zone);
  const told = networksOf(zone).flatMap((name): readonly (ZoneRecord | undefined)[] => {
    const inHosts = networks.find((network) => network.name === name)?.names?.by === 'hosts';
    if (inHosts) return living.filter((other) => networksOf(other).includes(name));
    return own.includes(name) ? [] : [proxyOf(name, living)];
  });
  const naming = living.filter(({ rules }) => rules.some((rule) => namesZone(rule, zone)));
  return [...new Set([...told.filter((other) => other !== undefined), ...naming])];
}

/** The zones whose rules name a network: what those match is another when it comes or goes. */
export function zonesNaming(network: NetworkName, zones: readonly ZoneRecord[]): ZoneRecord[] {
  return zones.filter(({ state, rules }) => state !== 'deleting' && rules.some((rule) => namesNetwork(rule, network)));
}
