// svc.configd's store of one zone: services, instances and their property groups.

export interface Property {
  /** "astring", "count" …: one of VALUE_TYPES. */
  readonly type: string;
  readonly values: readonly string[];
}

export interface PropertyGroup {
  /** "application", "framework", "dependency", "method", "template" … */
  readonly type: string;
  readonly properties: ReadonlyMap<string, Property>;
}

/** Property groups by name. Never changed in place, so that a snapshot is a reference. */
export type Groups = ReadonlyMap<string, PropertyGroup>;

/** What a service and an instance have alike. */
export interface Entity {
  /** The edited values: what svccfg shows and sets. */
  groups: Groups;
  /** The values of the last import, the base of the next one's three-way merge (§6.6). */
  lastImport: Groups;
}

export interface Service extends Entity {
  /** "network/ipfilter". */
  readonly name: string;
  readonly instances: Map<string, Instance>;
}

export interface Instance extends Entity {
  readonly name: string;
  readonly fmri: string;
  readonly service: Service;
  /** The running snapshot: what methods, svc.startd and svcprop's default view see (§6.7). */
  running: { readonly own: Groups; readonly service: Groups };
  /** Non-persistent groups (restarter, general_ovr): in no snapshot, gone when the zone halts. */
  volatile: Groups;
}

/** A dependency that one service put on another (§6.2 "dependent"). */
export interface Dependent {
  /** FMRI of the service or instance whose manifest says so. */
  readonly by: string;
  readonly name: string;
  /** The service or instance that shall depend on `by`. */
  readonly target: string;
  readonly grouping: string;
  readonly restartOn: string;
}

export interface Repository {
  readonly services: Map<string, Service>;
  dependents: Dependent[];
  /** Manifests and profiles imported at boot: hash of the text and the services it brought, by path in the zone. */
  readonly files: Map<string, { readonly hash: string; readonly services: readonly string[] }>;
}

export const NO_GROUPS: Groups = new Map();

export function createRepository(): Repository {
  return { services: new Map(), dependents: [], files: new Map() };
}

/** Every instance, in the order the services came. */
export function instancesOf(repository: Repository): Instance[] {
  return [...repository.services.values()].flatMap((service) => [...service.instances.values()]);
}

/** The service or instance of an FMRI. Undefined when there is none. */
export function findEntity(repository: Repository, fmri: string): Service | Instance | undefined {
  const [name = '', instance] = fmri.replace(/^svc:\//, '').split(':');
  const service = repository.services.get(name);
  return instance === undefined ? service : service?.instances.get(instance);
}

export const isInstance = (entity: Service | Instance): entity is Instance => 'service' in entity;

export const fmriOf = (entity: Service | Instance): string =>
  isInstance(entity) ? entity.fmri : `svc:/${entity.name}`;

/** The service of that name, made when it is not there. */
export function ensureService(repository: Repository, name: string): Service {
  const found = repository.services.get(name);
  if (found !== undefined) return found;
  const service: Service = { name, instances: new Map(), groups: NO_GROUPS, lastImport: NO_GROUPS };
  repository.services.set(name, service);
  return service;
}

/** The instance of that name, made when it is not there. */
export function ensureInstance(service: Service, name: string): Instance {
  const found = service.instances.get(name);
  if (found !== undefined) return found;
  const instance: Instance = {
    name,
    fmri: `svc:/${service.name}:${name}`,
    service,
    groups: NO_GROUPS,
    lastImport: NO_GROUPS,
    running: { own: NO_GROUPS, service: service.groups },
    volatile: NO_GROUPS,
  };
  service.instances.set(name, instance);
  return instance;
}

/** Copies the edited values of an instance and its service into the running snapshot: what refresh does. */
export function takeSnapshot(instance: Instance): void {
  instance.running = { own: instance.groups, service: instance.service.groups };
}

export function withGroup(groups: Groups, name: string, group: PropertyGroup): Groups {
  return new Map([...groups, [name, group]]);
}

export function withoutGroup(groups: Groups, name: string): Groups {
  return new Map([...groups].filter(([each]) => each !== name));
}

/** Sets one property; the group must exist. */
export function withProperty(groups: Groups, group: string, name: string, property: Property): Groups {
  const old = groups.get(group);
  if (old === undefined) throw new Error(`no group ${group}`);
  return withGroup(groups, group, { ...old, properties: new Map([...old.properties, [name, property]]) });
}

export function withoutProperty(groups: Groups, group: string, name: string): Groups {
  const old = groups.get(group);
  if (old === undefined) return groups;
  const properties = new Map([...old.properties].filter(([each]) => each !== name));
  return withGroup(groups, group, { ...old, properties });
}

/** The groups of an instance, then those of its service that it does not have itself: group by group, as libscf composes. */
export function composeGroups(own: Groups, service: Groups): Groups {
  return new Map([...own, ...[...service].filter(([name]) => !own.has(name))]);
}

const composedRunning = new WeakMap<Instance['running'], Groups>();

/** What runs: the running snapshot, composed. Computed once for each snapshot. */
export function runningGroups(instance: Instance): Groups {
  const known = composedRunning.get(instance.running);
  if (known !== undefined) return known;
  const composed = composeGroups(instance.running.own, instance.running.service);
  composedRunning.set(instance.running, composed);
  return composed;
}

/** The values of a property. Empty when group or property is missing. */
export function valuesOf(groups: Groups, group: string, property: string): readonly string[] {
  return groups.get(group)?.properties.get(property)?.values ?? [];
}

/** The first value of a property. */
export function firstValue(groups: Groups, group: string, property: string): string | undefined {
  return valuesOf(groups, group, property)[0];
}

export const isEnabled = (instance: Instance): boolean =>
  (firstValue(instance.volatile, 'general_ovr', 'enabled') ?? firstValue(instance.groups, 'general', 'enabled')) ===
  'true';

const boolean = (value: boolean): Property => ({ type: 'boolean', values: [String(value)] });

/** `svcadm enable` and `disable`: for good, or with `temporary` until the zone halts (§6.8). */
export function setEnabled(instance: Instance, enabled: boolean, temporary: boolean): void {
  if (temporary) {
    const group = { type: 'framework', properties: new Map([['enabled', boolean(enabled)]]) };
    instance.volatile = withGroup(instance.volatile, 'general_ovr', group);
    return;
  }
  const set = (groups: Groups) =>
    withProperty(
      groups.has('general') ? groups : withGroup(groups, 'general', { type: 'framework', properties: new Map() }),
      'general',
      'enabled',
      boolean(enabled),
    );
  instance.groups = set(instance.groups);
  instance.running = { ...instance.running, own: set(instance.running.own) };
  instance.volatile = withoutGroup(instance.volatile, 'general_ovr');
}
