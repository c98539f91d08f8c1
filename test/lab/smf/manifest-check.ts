// What svccfg checks in a bundle beyond the DTD (ipfilter.md 10, items 1 to 9).
import { parseFmri } from './fmri.ts';
import type { Fault } from './validate.ts';
import { fitsType, isFileFmri } from './values.ts';
import { childNamed, childrenNamed, type Document, type Element } from './xml.ts';

const DTD_PATH = '/usr/share/lib/xml/dtd/service_bundle.dtd.1';

const attribute = (element: Element, name: string): string => element.attributes.get(name) ?? '';

/** Names that stand more than once among elements. */
function repeated(elements: readonly Element[], key = 'name'): string[] {
  const names = elements.map((element) => attribute(element, key));
  return [...new Set(names.filter((name, index) => names.indexOf(name) !== index))];
}

function propertyFaults(element: Element): string[] {
  const name = attribute(element, 'name');
  const type = attribute(element, 'type');
  if (element.name === 'propval')
    return fitsType(type, attribute(element, 'value'))
      ? []
      : [`value "${attribute(element, 'value')}" of property "${name}" is no ${type}`];
  const [list] = element.children;
  if (list === undefined || type === '') return [];
  if (list.name !== `${type}_list`) return [`property "${name}" of type ${type} has a ${list.name}`];
  return list.children
    .map((node) => attribute(node, 'value'))
    .filter((value) => !fitsType(type, value))
    .map((value) => `value "${value}" of property "${name}" is no ${type}`);
}

function environmentFaults(element: Element): string[] {
  return element.children
    .map((each) => attribute(each, 'name'))
    .filter((name) => name === '' || name.includes('=') || name.startsWith('SMF_'))
    .map((name) => `illegal environment variable "${name}"`);
}

function fmriFault(element: Element): string[] {
  const value = attribute(element, 'value');
  return parseFmri(value) === undefined && !isFileFmri(value) ? [`illegal FMRI "${value}"`] : [];
}

/** Groups, properties and dependents of a service or an instance: each name once, and not for both. */
function duplicateFaults(element: Element): string[] {
  const named = ['dependency', 'exec_method', 'property_group'].flatMap((kind) => childrenNamed(element, kind));
  const dependents = childrenNamed(element, 'dependent');
  const groups = named.map((each) => attribute(each, 'name'));
  return [
    ...repeated(named).map((name) => `property group "${name}" is there twice`),
    ...repeated(dependents).map((name) => `dependent "${name}" is there twice`),
    ...dependents
      .map((each) => attribute(each, 'name'))
      .filter((name) => groups.includes(name))
      .map((name) => `dependent "${name}" has the name of a property group`),
    ...named.flatMap((group) =>
      repeated(group.children.filter(({ name }) => name === 'propval' || name === 'property')).map(
        (name) => `property "${attribute(group, 'name')}/${name}" is there twice`,
      ),
    ),
  ];
}

function serviceFaults(service: Element): string[] {
  const name = attribute(service, 'name');
  const fmri = parseFmri(`svc:/${name}`);
  const instances = childrenNamed(service, 'instance');
  const created = childNamed(service, 'create_default_instance') !== undefined;
  const names = instances.map((each) => attribute(each, 'name'));
  return [
    ...(fmri === undefined || fmri.instance !== undefined ? [`illegal service name "${name}"`] : []),
    ...repeated(instances).map((each) => `instance "${each}" is there twice`),
    ...(created && names.includes('default') ? ['instance "default" is there twice'] : []),
    ...instances
      .filter((each) => parseFmri(`svc:/x:${attribute(each, 'name')}`) === undefined)
      .map((each) => `illegal instance name "${attribute(each, 'name')}"`),
  ];
}

/** SMF events "to-maintenance", "from-online", … and FMA events are not mixed (item 9). */
function notificationFaults(element: Element): string[] {
  const events = attribute(childNamed(element, 'event') ?? element, 'value').split(',');
  const isSmf = (event: string) => /^(?:to|from)-|^all$/.test(event);
  return events.some(isSmf) && !events.every(isSmf) ? ['SMF and FMA events are mixed'] : [];
}

function elementFaults(element: Element): string[] {
  switch (element.name) {
    case 'service':
      return [...serviceFaults(element), ...duplicateFaults(element)];
    case 'instance':
      return duplicateFaults(element);
    case 'propval':
    case 'property':
      return propertyFaults(element);
    case 'service_fmri':
      return fmriFault(element);
    case 'method_environment':
      return environmentFaults(element);
    case 'notification_parameters':
      return notificationFaults(element);
    case 'exec_method':
      return /^-?\d+$/.test(attribute(element, 'timeout_seconds'))
        ? []
        : [`timeout "${attribute(element, 'timeout_seconds')}" is no whole number`];
    default:
      return [];
  }
}

function walk(element: Element): Fault[] {
  return [
    ...elementFaults(element).map((fault) => `line ${element.line}: ${fault}`),
    ...element.children.flatMap(walk),
  ];
}

/** The faults of a bundle that the DTD lets pass. Empty when there is none. */
export function manifestFaults({ root, doctype = '' }: Document): Fault[] {
  const system = /^\S+\s+(?:SYSTEM|PUBLIC\s+(?:"[^"]*"|'[^']*'))\s+["']([^"']*)["']/.exec(doctype)?.[1];
  const type = attribute(root, 'type');
  return [
    ...(system === DTD_PATH ? [] : [`line 1: DTD "${system ?? ''}" is not "${DTD_PATH}"`]),
    ...(root.name === 'service_bundle' ? [] : [`line 1: root is ${root.name}`]),
    ...(type === 'manifest' || type === 'profile' ? [] : [`line ${root.line}: bundle of type "${type}"`]),
    ...(attribute(root, 'name') === '' ? [`line ${root.line}: bundle without a name`] : []),
    ...repeated(childrenNamed(root, 'service')).map((name) => `line ${root.line}: service "${name}" is there twice`),
    ...walk(root),
  ];
}
