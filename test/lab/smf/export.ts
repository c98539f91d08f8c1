import {
  type Dependent,
  firstValue,
  type Groups,
  type Property,
  type PropertyGroup,
  type Service,
  valuesOf,
} from './repository.ts';

const escapeXml = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll("'", '&apos;').replaceAll('\n', '&#10;');

const element = (
  name: string,
  attributes: Readonly<Record<string, string | undefined>>,
  inner: string[] = [],
): string[] => {
  const words = Object.entries(attributes)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ` ${key}='${escapeXml(value ?? '')}'`)
    .join('');
  if (inner.length === 0) return [`<${name}${words}/>`];
  return [`<${name}${words}>`, ...inner.map((line) => `  ${line}`), `</${name}>`];
};

function property(name: string, { type, values }: Property): string[] {
  const [value] = values;
  if (values.length === 1 && value !== undefined) return element('propval', { name, type, value });
  const nodes = values.flatMap((each) => element('value_node', { value: each }));
  return element('property', { name, type }, values.length === 0 ? [] : element(`${type}_list`, {}, nodes));
}

const others = ({ properties }: PropertyGroup, known: readonly string[]): string[] =>
  [...properties].filter(([name]) => !known.includes(name)).flatMap(([name, each]) => property(name, each));

const fmris = (values: readonly string[]): string[] => values.flatMap((value) => element('service_fmri', { value }));

const DEPENDENCY = ['entities', 'grouping', 'restart_on', 'type'];
const CREDENTIAL = ['user', 'group', 'supp_groups', 'privileges', 'limit_privileges'];
const CONTEXT = ['working_directory', 'project', 'resource_pool', 'security_flags'];
const METHOD = ['exec', 'timeout_seconds', 'type', 'use_profile', 'profile', 'environment', ...CREDENTIAL, ...CONTEXT];

function context(groups: Groups, name: string): string[] {
  const value = (key: string) => firstValue(groups, name, key);
  const attributes = (keys: readonly string[]) => Object.fromEntries(keys.map((key) => [key, value(key)]));
  const environment = valuesOf(groups, name, 'environment').flatMap((each) => {
    const at = each.indexOf('=');
    return element('envvar', { name: each.slice(0, at), value: each.slice(at + 1) });
  });
  const inner = [
    ...(value('use_profile') === 'true' ? element('method_profile', { name: value('profile') }) : []),
    ...(value('user') === undefined ? [] : element('method_credential', attributes(CREDENTIAL))),
    ...(environment.length === 0 ? [] : element('method_environment', {}, environment)),
  ];
  const has = inner.length > 0 || CONTEXT.some((key) => value(key) !== undefined);
  return has ? element('method_context', attributes(CONTEXT), inner) : [];
}

const NO_LIMIT = '18446744073709551615';

function groupsBy(groups: Groups, wanted: (name: string, group: PropertyGroup) => boolean): [string, PropertyGroup][] {
  return [...groups].filter(([name, group]) => wanted(name, group));
}

/** The parts that a service and an instance share, in the DTD's order. Dependents' own groups on others are not repeated. */
function common(groups: Groups, dependentsOf: (name: string) => string[]): { front: string[]; groups: string[] } {
  const isOwn = (name: string) => firstValue(groups, name, 'external') !== 'true';
  const restarter = firstValue(groups, 'general', 'restarter');
  const framework = ['general', 'dependents', 'method_context'];
  const dependencies = groupsBy(groups, (name, { type }) => type === 'dependency' && isOwn(name)).flatMap(
    ([name, group]) =>
      element(
        'dependency',
        {
          name,
          grouping: firstValue(groups, name, 'grouping'),
          restart_on: firstValue(groups, name, 'restart_on'),
          type: firstValue(groups, name, 'type'),
        },
        [...fmris(valuesOf(groups, name, 'entities')), ...others(group, DEPENDENCY)],
      ),
  );
  const methods = groupsBy(groups, (_name, { type }) => type === 'method').flatMap(([name, group]) => {
    const seconds = firstValue(groups, name, 'timeout_seconds') ?? '0';
    return element(
      'exec_method',
      {
        type: 'method',
        name,
        exec: firstValue(groups, name, 'exec') ?? '',
        timeout_seconds: seconds === NO_LIMIT ? '-1' : seconds,
      },
      [...context(groups, name), ...others(group, METHOD)],
    );
  });
  return {
    front: [
      ...(restarter === undefined ? [] : element('restarter', {}, fmris([restarter]))),
      ...dependencies,
      ...[...(groups.get('dependents')?.properties.keys() ?? [])].flatMap(dependentsOf),
      ...context(groups, 'method_context'),
      ...methods,
    ],
    groups: groupsBy(
      groups,
      (name, { type }) => !['dependency', 'method', 'template'].includes(type) && !framework.includes(name),
    ).flatMap(([name, group]) => element('property_group', { name, type: group.type }, others(group, []))),
  };
}

function template(groups: Groups): string[] {
  const texts = (name: string) =>
    [...(groups.get(`tm_${name}`)?.properties ?? [])].map(
      ([locale, { values }]) => `<loctext xml:lang='${escapeXml(locale)}'>${escapeXml(values[0] ?? '')}</loctext>`,
    );
  if (texts('common_name').length === 0) return [];
  const documents = [...groups].flatMap(([name]) => {
    const kind = name.startsWith('tm_man_') ? 'manpage' : name.startsWith('tm_doc_') ? 'doc_link' : undefined;
    if (kind === undefined) return [];
    const keys = kind === 'manpage' ? ['title', 'section', 'manpath'] : ['name', 'uri'];
    return element(kind, Object.fromEntries(keys.map((key) => [key, firstValue(groups, name, key)])));
  });
  const description = texts('description');
  return element('template', {}, [
    ...element('common_name', {}, texts('common_name')),
    ...(description.length === 0 ? [] : element('description', {}, description)),
    ...(documents.length === 0 ? [] : element('documentation', {}, documents)),
  ]);
}

/** A service as a manifest of its edited values, which can be imported again (§6.6 export). */
export function exportService(service: Service, dependents: readonly Dependent[]): string {
  const dependent = (by: string) => (name: string) =>
    dependents
      .filter((each) => each.by === by && each.name === name)
      .flatMap(({ target, grouping, restartOn }) =>
        element('dependent', { name, grouping, restart_on: restartOn }, fmris([target])),
      );
  const own = common(service.groups, dependent(`svc:/${service.name}`));
  const single = firstValue(service.groups, 'general', 'single_instance') === 'true';
  const instances = [...service.instances.values()].flatMap((instance) => {
    const parts = common(instance.groups, dependent(instance.fmri));
    const enabled = firstValue(instance.groups, 'general', 'enabled') ?? 'false';
    return element('instance', { name: instance.name, enabled }, [
      ...parts.front,
      ...parts.groups,
      ...template(instance.groups),
    ]);
  });
  const inner = [
    ...(single ? element('single_instance', {}) : []),
    ...own.front,
    ...own.groups,
    ...instances,
    ...template(service.groups),
  ];
  return [
    "<?xml version='1.0'?>",
    "<!DOCTYPE service_bundle SYSTEM '/usr/share/lib/xml/dtd/service_bundle.dtd.1'>",
    ...element(
      'service_bundle',
      { type: 'manifest', name: 'export' },
      element('service', { name: service.name, type: 'service', version: '0' }, inner),
    ),
    '',
  ].join('\n');
}
