// What svccfg holds against templates: those of the manifest and the restarter's (ipfilter.md 10, items 10 and 11).
import type { ManifestService } from './manifest.ts';
import { firstValue, type Groups, valuesOf } from './repository.ts';
import type { Fault } from './validate.ts';
import { childNamed, childrenNamed, type Document, type Element } from './xml.ts';

const attribute = (element: Element, name: string): string => element.attributes.get(name) ?? '';

function numbers(element: Element, name: string): [min: bigint, max: bigint] | undefined {
  const [min, max] = [attribute(element, 'min') || '0', attribute(element, 'max') || '18446744073709551615'];
  return [min, max].every((each) => /^-?\d+$/.test(each)) && name === element.name
    ? [BigInt(min), BigInt(max)]
    : undefined;
}

function rangeFaults(element: Element): string[] {
  const own = numbers(element, element.name);
  const isRange = element.name === 'cardinality' || element.name === 'range';
  const fault = isRange && (own === undefined || own[0] > own[1]) ? [`${element.name}: min is above max`] : [];
  return [...fault, ...element.children.flatMap(rangeFaults)];
}

function patternFaults(pattern: Element): string[] {
  const patterns = childrenNamed(pattern, 'prop_pattern');
  const names = patterns.map((each) => attribute(each, 'name'));
  return [
    ...names.filter((name, index) => names.indexOf(name) !== index).map((name) => `pattern "${name}" is there twice`),
    ...patterns
      .filter((each) => attribute(each, 'required') === 'true' && !each.attributes.has('type'))
      .map((each) => `pattern "${attribute(each, 'name')}" is required and has no type`),
    ...patterns
      .filter((each) => childNamed(each, 'internal_separators')?.text === '')
      .map((each) => `pattern "${attribute(each, 'name')}" has no internal separators`),
    ...patterns.flatMap((each) =>
      childrenNamed(childNamed(each, 'choices') ?? each, 'include_values')
        .filter((include) => childNamed(each, attribute(include, 'type')) === undefined)
        .map((include) => `include_values of "${attribute(include, 'type')}", which is not there`),
    ),
  ];
}

function templateFaults(template: Element): string[] {
  const patterns = childrenNamed(template, 'pg_pattern');
  const keys = patterns.map((each) => `${attribute(each, 'name')} ${attribute(each, 'type')}`);
  return [
    ...keys.filter((key, index) => keys.indexOf(key) !== index).map((key) => `pg_pattern "${key}" is there twice`),
    ...patterns.flatMap(patternFaults),
    ...rangeFaults(template),
  ];
}

/** What a manifest's own pg_patterns demand of the groups. */
function ownPatternFaults(template: Element | undefined, groups: Groups): string[] {
  return childrenNamed(
    template ?? { name: '', attributes: new Map(), children: [], text: '', cdata: false, line: 0 },
    'pg_pattern',
  )
    .filter((each) => attribute(each, 'name') !== '')
    .flatMap((pattern) => {
      const name = attribute(pattern, 'name');
      const group = groups.get(name);
      if (group === undefined)
        return attribute(pattern, 'required') === 'true' ? [`required property group "${name}" is missing`] : [];
      const type = attribute(pattern, 'type');
      return [
        ...(type !== '' && type !== group.type ? [`property group "${name}" has type ${group.type}, not ${type}`] : []),
        ...childrenNamed(pattern, 'prop_pattern').flatMap((each) => propertyPatternFaults(each, name, groups)),
      ];
    });
}

function propertyPatternFaults(pattern: Element, group: string, groups: Groups): string[] {
  const name = attribute(pattern, 'name');
  const property = groups.get(group)?.properties.get(name);
  if (property === undefined)
    return attribute(pattern, 'required') === 'true' ? [`required property "${group}/${name}" is missing`] : [];
  const type = attribute(pattern, 'type');
  const cardinality = childNamed(pattern, 'cardinality');
  const [min, max] = (cardinality && numbers(cardinality, 'cardinality')) ?? [0n, BigInt(property.values.length)];
  const constraints = childNamed(pattern, 'constraints');
  const allowed = childrenNamed(constraints ?? pattern, 'value').map((each) => attribute(each, 'name'));
  const ranges = childrenNamed(constraints ?? pattern, 'range').flatMap((each) => {
    const range = numbers(each, 'range');
    return range === undefined ? [] : [range];
  });
  const fits = (value: string) =>
    allowed.includes(value) ||
    ranges.some(([low, high]) => /^-?\d+$/.test(value) && BigInt(value) >= low && BigInt(value) <= high);
  const count = BigInt(property.values.length);
  return [
    ...(type !== '' && type !== property.type
      ? [`property "${group}/${name}" has type ${property.type}, not ${type}`]
      : []),
    ...(count < min || count > max ? [`property "${group}/${name}" has ${count} values`] : []),
    ...(allowed.length + ranges.length === 0
      ? []
      : property.values
          .filter((value) => !fits(value))
          .map((value) => `value "${value}" of "${group}/${name}" is not allowed`)),
  ];
}

const GROUPINGS = ['require_all', 'require_any', 'optional_all', 'exclude_all'];
const RESTART_ON = ['none', 'error', 'restart', 'refresh'];

const one = (groups: Groups, group: string, name: string, allowed: readonly string[]): string[] => {
  const value = firstValue(groups, group, name);
  if (value === undefined) return [`required property "${group}/${name}" is missing`];
  return allowed.includes(value) ? [] : [`value "${value}" of "${group}/${name}" is not allowed`];
};

/** The restarter's and the global templates: dependencies, methods, startd. */
function frameworkFaults(groups: Groups): string[] {
  const dependencies = [...groups].filter(([, { type }]) => type === 'dependency');
  const methods = [...groups].filter(([, { type }]) => type === 'method');
  return [
    ...dependencies.flatMap(([name]) => [
      ...(groups.get(name)?.properties.has('entities') === true
        ? []
        : [`required property "${name}/entities" is missing`]),
      ...one(groups, name, 'grouping', GROUPINGS),
      ...one(groups, name, 'restart_on', RESTART_ON),
      ...one(groups, name, 'type', ['service', 'path']),
    ]),
    ...['start', 'stop']
      .filter((name) => groups.get(name)?.type !== 'method')
      .map((name) => `required property group "${name}" is missing`),
    ...methods.flatMap(([name]) =>
      ['exec', 'timeout_seconds', 'type']
        .filter((key) => valuesOf(groups, name, key).length === 0)
        .map((key) => `required property "${name}/${key}" is missing`),
    ),
    ...(groups.get('startd')?.properties.has('duration') === true
      ? one(groups, 'startd', 'duration', ['contract', 'transient', 'child'])
      : []),
    ...valuesOf(groups, 'startd', 'ignore_error')
      .flatMap((value) => value.split(','))
      .filter((value) => value !== 'core' && value !== 'signal')
      .map((value) => `value "${value}" of "startd/ignore_error" is not allowed`),
    ...(groups.get('startd')?.properties.has('need_session') === true &&
    groups.get('startd')?.properties.get('need_session')?.type !== 'boolean'
      ? ['property "startd/need_session" is no boolean']
      : []),
  ];
}

/** The template violations of a bundle's services: warnings for import, errors for validate (§6.6). Empty when none. */
export function templateViolations(document: Document, services: readonly ManifestService[]): Fault[] {
  const elements = childrenNamed(document.root, 'service');
  const templates = elements.flatMap((service) => [
    ...childrenNamed(service, 'template'),
    ...childrenNamed(service, 'instance').flatMap((each) => childrenNamed(each, 'template')),
  ]);
  if (attribute(document.root, 'type') === 'profile') return templates.length > 0 ? ['template data in a profile'] : [];
  return [
    ...templates.flatMap(templateFaults),
    ...services.flatMap(({ name, groups, instances }, index) => {
      const template = elements[index] === undefined ? undefined : childNamed(elements[index], 'template');
      return instances.flatMap((instance) => {
        const composed = new Map([...groups, ...instance.groups]);
        const restarter = firstValue(composed, 'general', 'restarter');
        const faults = [
          ...ownPatternFaults(template, composed),
          ...(restarter === undefined || restarter === 'svc:/system/svc/restarter:default'
            ? frameworkFaults(composed)
            : []),
        ];
        return faults.map((fault) => `svc:/${name}:${instance.name}: ${fault}`);
      });
    }),
  ];
}
