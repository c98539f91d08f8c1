import { parseFmri } from './fmri.ts';
import type { ManifestService } from './manifest.ts';
import {
  type Entity,
  ensureInstance,
  ensureService,
  findEntity,
  firstValue,
  fmriOf,
  type Groups,
  type Instance,
  isInstance,
  type Property,
  type PropertyGroup,
  type Repository,
  takeSnapshot,
  withGroup,
  withoutGroup,
} from './repository.ts';

const same = (a: Property | undefined, b: Property | undefined): boolean =>
  a === b ||
  (a !== undefined &&
    b !== undefined &&
    a.type === b.type &&
    a.values.length === b.values.length &&
    a.values.every((value, index) => value === b.values[index]));

/** One group's three-way merge: what the administrator changed since the last import stays (§6.6). */
function mergeGroup(now: PropertyGroup | undefined, base: PropertyGroup | undefined, next: PropertyGroup | undefined) {
  const names = new Set([now, base, next].flatMap((group) => [...(group?.properties.keys() ?? [])]));
  const merged = new Map<string, Property>();
  for (const name of names) {
    const [mine, old, theirs] = [now, base, next].map((group) => group?.properties.get(name));
    const kept = same(mine, old) ? theirs : mine;
    if (kept !== undefined) merged.set(name, kept);
  }
  return merged;
}

function mergeGroups(now: Groups, base: Groups, next: Groups): Groups {
  const merged = new Map<string, PropertyGroup>();
  for (const name of new Set([...now.keys(), ...next.keys(), ...base.keys()])) {
    const [mine, old, theirs] = [now.get(name), base.get(name), next.get(name)];
    // Taken out by the administrator, and the manifest does not bring it anew: stays out.
    if (mine === undefined && old !== undefined) continue;
    const properties = mergeGroup(mine, old, theirs);
    const gone = theirs === undefined && old !== undefined && properties.size === 0;
    const type = theirs?.type ?? mine?.type;
    if (!gone && type !== undefined) merged.set(name, { type, properties });
  }
  return merged;
}

function importEntity(entity: Entity, groups: Groups): void {
  entity.groups = mergeGroups(entity.groups, entity.lastImport, groups);
  entity.lastImport = groups;
}

/** The dependency group that a dependent puts on its target. */
function externalDependency(by: string, grouping: string, restartOn: string): PropertyGroup {
  const astring = (value: string): Property => ({ type: 'astring', values: [value] });
  return {
    type: 'dependency',
    properties: new Map([
      ['entities', { type: 'fmri', values: [by] }],
      ['external', { type: 'boolean', values: ['true'] }],
      ['grouping', astring(grouping)],
      ['restart_on', astring(restartOn)],
      ['type', astring('service')],
    ]),
  };
}

/** The instances whose snapshot holds the values of an entity. */
const instancesUnder = (entity: ReturnType<typeof findEntity>): Instance[] =>
  entity === undefined ? [] : isInstance(entity) ? [entity] : [...entity.instances.values()];

/** Puts every dependent on its target, where that exists. @returns the instances it changed. */
function applyDependents(repository: Repository): Instance[] {
  return repository.dependents.flatMap(({ by, name, target, grouping, restartOn }) => {
    const entity = findEntity(repository, target);
    if (entity === undefined) return [];
    const group = externalDependency(by, grouping, restartOn);
    const old = entity.groups.get(name);
    const unchanged = ['entities', 'grouping', 'restart_on'].every((key) =>
      same(old?.properties.get(key), group.properties.get(key)),
    );
    if (unchanged) return [];
    entity.groups = withGroup(entity.groups, name, group);
    return instancesUnder(entity);
  });
}

/** Takes away what the entities of these FMRIs put on others. @returns the instances that lost a dependency. */
function withdrawDependents(repository: Repository, by: (fmri: string) => boolean, keep: ReadonlySet<string>) {
  const key = (each: { name: string; target: string }) => `${each.target} ${each.name}`;
  const gone = repository.dependents.filter((each) => by(each.by) && !keep.has(key(each)));
  repository.dependents = repository.dependents.filter((each) => !by(each.by));
  return gone.flatMap(({ name, target }) => {
    const entity = findEntity(repository, target);
    if (entity === undefined || firstValue(entity.groups, name, 'external') !== 'true') return [];
    entity.groups = withoutGroup(entity.groups, name);
    return instancesUnder(entity);
  });
}

const belongsTo = (service: string) => (fmri: string) => parseFmri(fmri)?.service === service;

/**
 * Imports services: a three-way merge with what is there and what was imported last. Dependents whose target does not
 * exist wait for it. With `refresh` the running snapshots of all instances concerned are taken.
 * @returns the instances concerned, those that merely got a dependency included.
 */
export function importServices(
  repository: Repository,
  services: readonly ManifestService[],
  refresh: boolean,
): Instance[] {
  const concerned = new Set<Instance>();
  for (const { name, groups, instances, dependents } of services) {
    const service = ensureService(repository, name);
    importEntity(service, groups);
    for (const each of instances) importEntity(ensureInstance(service, each.name), each.groups);
    for (const instance of service.instances.values()) concerned.add(instance);
    const kept = new Set(dependents.map((each) => `${each.target} ${each.name}`));
    for (const instance of withdrawDependents(repository, belongsTo(name), kept)) concerned.add(instance);
    repository.dependents.push(...dependents);
  }
  for (const instance of applyDependents(repository)) concerned.add(instance);
  if (refresh) for (const instance of concerned) takeSnapshot(instance);
  return [...concerned];
}

/** Deletes a service with its instances, or one instance. @returns the instances that lost a dependency through it. */
export function deleteEntity(repository: Repository, fmri: string): Instance[] {
  const entity = findEntity(repository, fmri);
  if (entity === undefined) return [];
  const own = fmriOf(entity);
  const changed = withdrawDependents(
    repository,
    (each) => each === own || (!isInstance(entity) && belongsTo(entity.name)(each)),
    new Set(),
  );
  if (isInstance(entity)) entity.service.instances.delete(entity.name);
  else repository.services.delete(entity.name);
  for (const instance of changed) takeSnapshot(instance);
  return changed;
}

/**
 * Applies a profile: its values replace what is there, services and instances it names and that do not exist are left
 * out (§6.5: it can enable or disable instances and set properties). @returns the instances concerned.
 */
export function applyProfile(repository: Repository, services: readonly ManifestService[]): Instance[] {
  const concerned: Instance[] = [];
  const overlay = (entity: Entity, groups: Groups): void => {
    for (const [name, group] of groups) {
      const old = entity.groups.get(name);
      // A profile may leave types out: a property keeps its own.
      const values = [...group.properties].map(([key, value]): [string, Property] => [
        key,
        { ...value, type: old?.properties.get(key)?.type ?? value.type },
      ]);
      const properties = new Map([...(old?.properties ?? []), ...values]);
      entity.groups = withGroup(entity.groups, name, { type: old?.type ?? group.type, properties });
    }
  };
  for (const { name, groups, instances } of services) {
    const service = repository.services.get(name);
    if (service === undefined) continue;
    overlay(service, groups);
    for (const each of instances) {
      const instance = service.instances.get(each.name);
      if (instance !== undefined) overlay(instance, each.groups);
    }
    concerned.push(...service.instances.values());
  }
  for (const instance of concerned) takeSnapshot(instance);
  return concerned;
}
