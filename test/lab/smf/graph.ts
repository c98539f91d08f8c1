import {
  findEntity,
  firstValue,
  type Groups,
  type Instance,
  isEnabled,
  isInstance,
  type Repository,
  runningGroups,
  valuesOf,
} from './repository.ts';
import { isFileFmri } from './values.ts';

export type State = 'uninitialized' | 'offline' | 'online' | 'degraded' | 'maintenance' | 'disabled';

/** When we are restarted because of a dependency (§6.2). */
export type RestartOn = 'none' | 'error' | 'restart' | 'refresh';

export interface Dependency {
  readonly name: string;
  readonly grouping: string;
  readonly restartOn: RestartOn;
  readonly type: string;
  /** FMRIs of services, instances or files. */
  readonly entities: readonly string[];
}

/** What the graph has to know about the world. */
export interface Surroundings {
  readonly repository: Repository;
  state(instance: Instance): State;
  /** Online or degraded, and about to stay so. */
  available(instance: Instance): boolean;
  /** Whether a file of the zone exists. */
  fileExists(path: string): boolean;
}

/** 'no': not now, but it may come. 'never': nothing that is enabled will bring it (disabled, absent, maintenance). */
export type Satisfied = 'yes' | 'no' | 'never';

const known = new WeakMap<Groups, readonly Dependency[]>();
const restartOns: readonly string[] = ['none', 'error', 'restart', 'refresh'];
const isRestartOn = (word: string): word is RestartOn => restartOns.includes(word);

/** The dependencies of an instance as it runs, those that dependents put on it included. */
export function dependenciesOf(instance: Instance): readonly Dependency[] {
  const groups = runningGroups(instance);
  const found = known.get(groups);
  if (found !== undefined) return found;
  const dependencies = [...groups].flatMap(([name, { type }]): Dependency[] => {
    if (type !== 'dependency') return [];
    const word = firstValue(groups, name, 'restart_on') ?? 'none';
    return [
      {
        name,
        grouping: firstValue(groups, name, 'grouping') ?? '',
        restartOn: isRestartOn(word) ? word : 'none',
        type: firstValue(groups, name, 'type') ?? '',
        entities: valuesOf(groups, name, 'entities'),
      },
    ];
  });
  known.set(groups, dependencies);
  return dependencies;
}

/** The instances an entity of a dependency stands for: all of a service's. */
export function instancesNamed(repository: Repository, fmri: string): readonly Instance[] {
  const entity = findEntity(repository, fmri);
  if (entity === undefined) return [];
  return isInstance(entity) ? [entity] : [...entity.instances.values()];
}

/** How far one instance satisfies a dependency on it: 'never' also when its own dependencies can never be met. */
function instanceSatisfies(world: Surroundings, instance: Instance, seen: readonly Instance[]): Satisfied {
  if (world.available(instance)) return 'yes';
  if (!isEnabled(instance) || world.state(instance) === 'maintenance') return 'never';
  if (world.state(instance) !== 'offline' || seen.includes(instance)) return 'no';
  return dependenciesSatisfied(world, instance, [...seen, instance]) === 'never' ? 'never' : 'no';
}

const best = (all: readonly Satisfied[]): Satisfied =>
  all.includes('yes') ? 'yes' : all.includes('no') ? 'no' : 'never';
const worst = (all: readonly Satisfied[]): Satisfied =>
  all.includes('never') ? 'never' : all.includes('no') ? 'no' : 'yes';

/** An entity is satisfied when one of its instances is; one that is absent, disabled or broken will never be. */
function entitySatisfies(world: Surroundings, fmri: string, seen: readonly Instance[]): Satisfied {
  if (isFileFmri(fmri)) return world.fileExists(fmri.replace(/^file:\/\/(?:localhost)?/, '')) ? 'yes' : 'never';
  return best(instancesNamed(world.repository, fmri).map((instance) => instanceSatisfies(world, instance, seen)));
}

/** exclude_all wants none of them online or in maintenance (service_bundle.dtd.1). */
function excluded(world: Surroundings, fmri: string): Satisfied {
  const states = instancesNamed(world.repository, fmri).map((instance) => world.state(instance));
  return states.some((state) => state === 'online' || state === 'degraded' || state === 'maintenance')
    ? 'never'
    : 'yes';
}

/** Whether one dependency is met (§6.2). Absent and disabled services satisfy optional_all, as do those in maintenance. */
export function dependencySatisfied(world: Surroundings, each: Dependency, seen: readonly Instance[] = []): Satisfied {
  switch (each.grouping) {
    case 'require_all':
      return worst(each.entities.map((fmri) => entitySatisfies(world, fmri, seen)));
    case 'require_any':
      return best(each.entities.map((fmri) => entitySatisfies(world, fmri, seen)));
    case 'optional_all': {
      const met = each.entities.map((fmri) => entitySatisfies(world, fmri, seen));
      return met.includes('no') ? 'no' : 'yes';
    }
    case 'exclude_all':
      return worst(each.entities.map((fmri) => excluded(world, fmri)));
    default:
      return 'never';
  }
}

/** Whether all dependencies of an instance are met. */
export function dependenciesSatisfied(
  world: Surroundings,
  instance: Instance,
  seen: readonly Instance[] = [instance],
): Satisfied {
  return worst(dependenciesOf(instance).map((each) => dependencySatisfied(world, each, seen)));
}

/** Whether all dependencies of an instance are met now. Cheaper than `dependenciesSatisfied`, which looks further ahead. */
export function dependenciesMet(world: Surroundings, instance: Instance): boolean {
  const isUp = (fmri: string) =>
    isFileFmri(fmri)
      ? entitySatisfies(world, fmri, []) === 'yes'
      : instancesNamed(world.repository, fmri).some((each) => world.available(each));
  const dependencies = dependenciesOf(instance);
  const cheap = dependencies.every(({ grouping, entities }) => {
    if (grouping === 'require_all') return entities.every(isUp);
    return grouping !== 'require_any' || entities.some(isUp);
  });
  return (
    cheap &&
    dependencies
      .filter(({ grouping }) => grouping !== 'require_all' && grouping !== 'require_any')
      .every((each) => dependencySatisfied(world, each, [instance]) === 'yes')
  );
}

/** Whether an instance depends on another, with what restart_on; the strongest where it does so more than once. */
export function restartsOn(repository: Repository, dependent: Instance, provider: Instance): RestartOn | undefined {
  const found = dependenciesOf(dependent)
    .filter(({ grouping }) => grouping !== 'exclude_all')
    .filter(({ entities }) => entities.some((fmri) => instancesNamed(repository, fmri).includes(provider)))
    .map(({ restartOn }) => restartOns.indexOf(restartOn));
  if (found.length === 0) return undefined;
  const word = restartOns[Math.max(...found)] ?? 'none';
  return isRestartOn(word) ? word : undefined;
}

/**
 * Whether an instance completes a cycle over the instances that are in the graph. exclude_all makes none.
 * The cycle is fatal to the one that completes it (§10.5).
 */
export function completesCycle(
  repository: Repository,
  instance: Instance,
  inGraph: (instance: Instance) => boolean,
): boolean {
  const seen = new Set<Instance>();
  const reaches = (from: Instance): boolean =>
    dependenciesOf(from)
      .filter(({ grouping }) => grouping !== 'exclude_all')
      .flatMap(({ entities }) => entities.flatMap((fmri) => instancesNamed(repository, fmri)))
      .some((next) => {
        if (next === instance) return true;
        if (seen.has(next) || !inGraph(next)) return false;
        seen.add(next);
        return reaches(next);
      });
  return reaches(instance);
}
