import type { Dependent, Groups, Property, PropertyGroup } from './repository.ts';
import { canonical } from './values.ts';
import { childNamed, childrenNamed, type Document, type Element } from './xml.ts';

/** A service as a manifest or a profile describes it, in the shape the repository keeps. */
export interface ManifestService {
  readonly name: string;
  readonly groups: Groups;
  readonly instances: readonly ManifestInstance[];
  readonly dependents: readonly Dependent[];
}

export interface ManifestInstance {
  readonly name: string;
  /** general/enabled included. */
  readonly groups: Groups;
}

const attribute = (element: Element, name: string, fallback = ''): string => element.attributes.get(name) ?? fallback;
const astring = (value: string): Property => ({ type: 'astring', values: [value] });
const flag = (value: boolean): Property => ({ type: 'boolean', values: [String(value)] });
const typed = (type: string, values: readonly string[]): Property => ({
  type,
  values: values.map((value) => canonical(type, value)),
});

/** `propval` and `property` children. */
function properties(element: Element): [string, Property][] {
  return element.children.flatMap((child): [string, Property][] => {
    const type = attribute(child, 'type', 'astring');
    if (child.name === 'propval') return [[attribute(child, 'name'), typed(type, [attribute(child, 'value')])]];
    if (child.name !== 'property') return [];
    const nodes = child.children.flatMap((list) => childrenNamed(list, 'value_node'));
    return [
      [
        attribute(child, 'name'),
        typed(
          type,
          nodes.map((node) => attribute(node, 'value')),
        ),
      ],
    ];
  });
}

const entities = (element: Element): string[] =>
  childrenNamed(element, 'service_fmri').map((fmri) => attribute(fmri, 'value'));

function dependency(element: Element): [string, PropertyGroup] {
  return [
    attribute(element, 'name'),
    {
      type: 'dependency',
      properties: new Map([
        ['entities', { type: 'fmri', values: entities(element) }],
        ['grouping', astring(attribute(element, 'grouping'))],
        ['restart_on', astring(attribute(element, 'restart_on'))],
        ['type', astring(attribute(element, 'type'))],
        ...properties(element),
      ]),
    },
  ];
}

/** The properties that a method_context gives to a method, or to all of them. */
function contextProperties(context: Element | undefined): [string, Property][] {
  if (context === undefined) return [];
  const credential = childNamed(context, 'method_credential');
  const profile = childNamed(context, 'method_profile');
  const variables = childNamed(context, 'method_environment')?.children ?? [];
  const present = (element: Element | undefined, names: readonly string[]): [string, Property][] =>
    names.flatMap((name): [string, Property][] => {
      const value = element?.attributes.get(name);
      return value === undefined ? [] : [[name, astring(value)]];
    });
  return [
    ...present(context, ['working_directory', 'project', 'resource_pool', 'security_flags']),
    ...present(credential, ['user', 'group', 'supp_groups', 'privileges', 'limit_privileges']),
    ...(profile === undefined ? [] : [['profile', astring(attribute(profile, 'name'))] satisfies [string, Property]]),
    ['use_profile', flag(profile !== undefined)],
    ...(variables.length === 0
      ? []
      : [
          [
            'environment',
            typed(
              'astring',
              variables.map((each) => `${attribute(each, 'name')}=${attribute(each, 'value')}`),
            ),
          ] satisfies [string, Property],
        ]),
  ];
}

/** -1 stands for no time limit, as the largest count (ipfilter.md 10, item 4). */
const timeout = (text: string): string => (text === '-1' ? '18446744073709551615' : text);

function method(element: Element): [string, PropertyGroup] {
  return [
    attribute(element, 'name'),
    {
      type: attribute(element, 'type'),
      properties: new Map([
        ['exec', astring(attribute(element, 'exec'))],
        ['timeout_seconds', typed('count', [timeout(attribute(element, 'timeout_seconds'))])],
        ['type', astring(attribute(element, 'type'))],
        ...contextProperties(childNamed(element, 'method_context')),
        ...properties(element),
      ]),
    },
  ];
}

const squeeze = (text: string): string => text.replace(/\s+/g, ' ').trim();

/** Names, descriptions and man pages of a template: groups tm_common_name, tm_man_…; patterns are judged elsewhere. */
function templateGroups(template: Element | undefined): [string, PropertyGroup][] {
  if (template === undefined) return [];
  const texts = (name: string): [string, PropertyGroup][] => {
    const words = childNamed(template, name)?.children ?? [];
    if (words.length === 0) return [];
    const values = words.map((each): [string, Property] => [
      attribute(each, 'xml:lang').replaceAll('-', '_'),
      { type: 'ustring', values: [squeeze(each.text)] },
    ]);
    return [[`tm_${name}`, { type: 'template', properties: new Map(values) }]];
  };
  const documents = childNamed(template, 'documentation')?.children ?? [];
  return [
    ...texts('common_name'),
    ...texts('description'),
    ...documents.map((each): [string, PropertyGroup] => {
      const prefix = each.name === 'manpage' ? 'tm_man_' : 'tm_doc_';
      const name = attribute(each, 'title') + attribute(each, 'section') + attribute(each, 'name');
      const values = [...each.attributes].map(([key, value]): [string, Property] => [key, astring(value)]);
      if (each.name === 'manpage' && !each.attributes.has('manpath')) values.push(['manpath', astring(':default')]);
      return [prefix + name.replace(/[^A-Za-z0-9_]/g, '_'), { type: 'template', properties: new Map(values) }];
    }),
  ];
}

/** What a service and an instance may both have. Groups that `delete='true'` takes away are left out. */
function entityGroups(element: Element): [string, PropertyGroup][] {
  const kept = (name: string) => childrenNamed(element, name).filter((each) => attribute(each, 'delete') !== 'true');
  const context = childNamed(element, 'method_context');
  const dependents = kept('dependent').map((each): [string, Property] => [
    attribute(each, 'name'),
    { type: 'fmri', values: entities(each) },
  ]);
  return [
    ...kept('dependency').map(dependency),
    ...(dependents.length === 0
      ? []
      : [['dependents', { type: 'framework', properties: new Map(dependents) }] satisfies [string, PropertyGroup]]),
    ...(context === undefined
      ? []
      : [
          ['method_context', { type: 'framework', properties: new Map(contextProperties(context)) }] satisfies [
            string,
            PropertyGroup,
          ],
        ]),
    ...kept('exec_method').map(method),
    ...kept('property_group').map((group): [string, PropertyGroup] => [
      attribute(group, 'name'),
      { type: attribute(group, 'type'), properties: new Map(properties(group)) },
    ]),
    ...templateGroups(childNamed(element, 'template')),
  ];
}

function general(element: Element, enabled: string | undefined): [string, PropertyGroup][] {
  const restarter = childNamed(element, 'restarter');
  const values: [string, Property][] = [];
  if (enabled !== undefined) values.push(['enabled', flag(enabled === 'true')]);
  if (childNamed(element, 'single_instance') !== undefined) values.push(['single_instance', flag(true)]);
  if (restarter !== undefined) values.push(['restarter', { type: 'fmri', values: entities(restarter) }]);
  return values.length === 0 ? [] : [['general', { type: 'framework', properties: new Map(values) }]];
}

function dependentsOf(element: Element, by: string): Dependent[] {
  return childrenNamed(element, 'dependent')
    .filter((each) => attribute(each, 'delete') !== 'true')
    .flatMap((each) =>
      entities(each).map((target) => ({
        by,
        name: attribute(each, 'name'),
        target,
        grouping: attribute(each, 'grouping'),
        restartOn: attribute(each, 'restart_on'),
      })),
    );
}

function readService(element: Element): ManifestService {
  const name = attribute(element, 'name');
  const created = childNamed(element, 'create_default_instance');
  const instances = childrenNamed(element, 'instance');
  return {
    name,
    groups: new Map([...general(element, undefined), ...entityGroups(element)]),
    instances: [
      ...(created === undefined
        ? []
        : [{ name: 'default', groups: new Map(general(created, attribute(created, 'enabled'))) }]),
      ...instances.map((each) => ({
        name: attribute(each, 'name'),
        groups: new Map([...general(each, attribute(each, 'enabled')), ...entityGroups(each)]),
      })),
    ],
    dependents: [
      ...dependentsOf(element, `svc:/${name}`),
      ...instances.flatMap((each) => dependentsOf(each, `svc:/${name}:${attribute(each, 'name')}`)),
    ],
  };
}

/** The services of a bundle that is valid by the DTD; bundles inside bundles included. */
export function readServices({ root }: Pick<Document, 'root'>): ManifestService[] {
  return [
    ...childrenNamed(root, 'service').map(readService),
    ...childrenNamed(root, 'service_bundle').flatMap((bundle) => readServices({ root: bundle })),
  ];
}
