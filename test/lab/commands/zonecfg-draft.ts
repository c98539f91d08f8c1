// A zone's configuration while zonecfg edits it: properties of the zone, and resources of one plain shape.
import type { ZoneConfig } from '../daemon/state.ts';
import type { Pair } from './zonecfg-grammar.ts';

/** Resources whose meaning the lab knows. The others pass the grammar and are refused as not modelled. */
export type ResourceType = 'net' | 'fs' | 'attr' | 'rctl';

export interface Resource {
  readonly type: ResourceType;
  /** Properties that were set. */
  readonly values: Map<string, string>;
  /** Options of an fs; values of an rctl as they are written, "(priv=…,limit=…,action=…)". */
  list: string[];
}

export interface Draft {
  /** "zonepath", "brand", "autoboot", "ip-type" … */
  readonly globals: Map<string, string>;
  resources: Resource[];
}

interface Shape {
  readonly properties: readonly string[];
  readonly required: readonly string[];
  readonly list?: 'options' | 'value';
}

export const SHAPES: Readonly<Record<ResourceType, Shape>> = {
  net: { properties: ['address', 'allowed-address', 'physical', 'defrouter'], required: ['physical'] },
  fs: { properties: ['dir', 'special', 'raw', 'type'], required: ['dir', 'special', 'type'], list: 'options' },
  attr: { properties: ['name', 'type', 'value'], required: ['name', 'type', 'value'] },
  rctl: { properties: ['name'], required: ['name'], list: 'value' },
};

export const isResourceType = (name: string): name is ResourceType => Object.hasOwn(SHAPES, name);

/** The zone's own properties in the order of `info`, those kept in ZoneConfig.globals marked by their absence in the type. */
export const GLOBALS = [
  'zonepath',
  'brand',
  'autoboot',
  'bootargs',
  'pool',
  'limitpriv',
  'scheduling-class',
  'ip-type',
  'hostid',
  'fs-allowed',
] as const;

/** Brands that the lab's host has installed: a zone with SMF, and one without. */
export const BRANDS = ['ipkg', 'lx'];

/** What `create -b` starts from: brand ipkg and no ip-type, which is shared (§4.2). */
export const blankDraft = (): Draft => ({
  globals: new Map([
    ['zonepath', ''],
    ['brand', 'ipkg'],
    ['autoboot', 'false'],
  ]),
  resources: [],
});

export const isExclusive = (draft: Draft) => draft.globals.get('ip-type') === 'exclusive';

export function draftOf(config: ZoneConfig): Draft {
  const { zonepath, brand, autoboot, ipType, nets, filesystems, attributes, rctls } = config;
  const globals = new Map([
    ['zonepath', zonepath],
    ['brand', brand],
    ['autoboot', String(autoboot)],
    ...(ipType === undefined ? [] : [['ip-type', ipType] as const]),
    ...config.globals,
  ]);
  const resource = (type: ResourceType, values: Record<string, string | undefined>, list: readonly string[] = []) => {
    const given = Object.entries(values).filter((entry): entry is [string, string] => entry[1] !== undefined);
    return { type, values: new Map(given), list: [...list] };
  };
  const resources = [
    ...filesystems.map(({ options, ...values }) => resource('fs', values, options)),
    ...nets.map(({ allowedAddress, ...values }) => resource('net', { ...values, 'allowed-address': allowedAddress })),
    ...attributes.map((values) => resource('attr', { ...values })),
    ...rctls.map(({ name, values }) => resource('rctl', { name }, values)),
  ];
  return { globals, resources };
}

/** The configuration as the rest of the lab reads it. The draft must have passed `verify`. */
export function configOf({ globals, resources }: Draft): ZoneConfig {
  const ipType = globals.get('ip-type');
  const ofType = (type: ResourceType) => resources.filter((resource) => resource.type === type);
  const rest = GLOBALS.filter((name) => !['zonepath', 'brand', 'autoboot', 'ip-type'].includes(name));
  return {
    zonepath: globals.get('zonepath') ?? '',
    brand: globals.get('brand') ?? '',
    autoboot: globals.get('autoboot') === 'true',
    ...(ipType === 'exclusive' || ipType === 'shared' ? { ipType } : {}),
    globals: new Map(
      rest.flatMap((name) => {
        const value = globals.get(name);
        return value === undefined ? [] : [[name, value] as const];
      }),
    ),
    nets: ofType('net').map(({ values }) => ({
      physical: values.get('physical') ?? '',
      ...optional('address', values.get('address')),
      ...optional('allowedAddress', values.get('allowed-address')),
      ...optional('defrouter', values.get('defrouter')),
    })),
    filesystems: ofType('fs').map(({ values, list }) => ({
      dir: values.get('dir') ?? '',
      special: values.get('special') ?? '',
      type: values.get('type') ?? '',
      ...optional('raw', values.get('raw')),
      options: [...list],
    })),
    attributes: ofType('attr').map(({ values }) => ({
      name: values.get('name') ?? '',
      type: values.get('type') ?? '',
      value: values.get('value') ?? '',
    })),
    rctls: ofType('rctl').map(({ values, list }) => ({ name: values.get('name') ?? '', values: [...list] })),
  };
}

const optional = <K extends string>(key: K, value: string | undefined) =>
  (value === undefined || value === '' ? {} : { [key]: value }) as { [P in K]?: string };

/** "(priv=privileged,limit=2000,action=deny)". */
export function writeRctlValue(pairs: readonly Pair[]): string | undefined {
  const values = new Map(pairs);
  const [priv, limit, action] = [values.get('priv'), values.get('limit'), values.get('action')];
  if (priv === undefined || limit === undefined || action === undefined) return undefined;
  return `(priv=${priv},limit=${limit},action=${action})`;
}
