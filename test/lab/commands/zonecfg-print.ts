// zonecfg info and export (§4.7, §11.6).
import { type Draft, GLOBALS, type Resource, type ResourceType, SHAPES } from './zonecfg-draft.ts';

const INFO_ORDER: readonly ResourceType[] = ['fs', 'net', 'attr', 'rctl'];
const EXPORT_ORDER: readonly ResourceType[] = ['fs', 'net', 'rctl', 'attr'];
/** Properties that `info` shows as not specified; the others are required. */
const OPTIONAL = new Set(['address', 'allowed-address', 'defrouter', 'raw']);

export function infoOfAll(zoneName: string, draft: Draft): string {
  return [
    infoOfGlobal(zoneName, draft, 'zonename'),
    ...GLOBALS.map((name) => infoOfGlobal(zoneName, draft, name)),
    ...INFO_ORDER.flatMap((type) => ofType(draft, type).map(infoOfResource)),
  ].join('');
}

export function infoOfGlobal(zoneName: string, { globals }: Draft, name: string): string {
  const missing = name === 'ip-type' ? 'shared' : '';
  return `${name}: ${name === 'zonename' ? zoneName : (globals.get(name) ?? missing)}\n`;
}

/** A value with a blank in it is quoted. */
export function infoOfResource({ type, values, list }: Resource): string {
  const lines = SHAPES[type].properties.map((name) => {
    const value = values.get(name) ?? '';
    if (value === '' && OPTIONAL.has(name)) return `${name} not specified`;
    return `${name}: ${value.includes(' ') ? `"${value}"` : value}`;
  });
  if (type === 'fs') lines.push(`options: [${list.join(',')}]`);
  if (type === 'rctl') lines.push(...list.map((value) => `value: ${value}`));
  return `${type}:\n${lines.map((line) => `\t${line}\n`).join('')}`;
}

/** Commands that make the same configuration again. What is empty is left out; only properties of resources are quoted. */
export function exportOf(draft: Draft): string {
  const globals = GLOBALS.flatMap((name) => {
    const value = draft.globals.get(name) ?? (name === 'ip-type' ? 'shared' : '');
    return value === '' ? [] : [`set ${name}=${value}`];
  });
  const resources = EXPORT_ORDER.flatMap((type) => ofType(draft, type).flatMap(exportOfResource));
  return ['create -b', ...globals, ...resources].map((line) => `${line}\n`).join('');
}

function exportOfResource({ type, values, list }: Resource): string[] {
  const { properties, list: kind } = SHAPES[type];
  return [
    `add ${type}`,
    ...properties.flatMap((name) => {
      const value = values.get(name) ?? '';
      return value === '' && !(type === 'attr' && name === 'value') ? [] : [`set ${name}="${value}"`];
    }),
    ...list.map((item) => `add ${kind} ${item}`),
    'end',
  ];
}

const ofType = (draft: Draft, type: ResourceType) => draft.resources.filter((resource) => resource.type === type);
