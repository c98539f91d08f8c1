// svccfg on properties of the selected service or instance: the edited values (§6.6, §6.7).
import { NotModelled } from '../daemon/call.ts';
import { VALUE_TYPES } from '../smf/dtd.ts';
import {
  type Groups,
  type Instance,
  isInstance,
  type Property,
  type Service,
  withGroup,
  withoutGroup,
  withoutProperty,
  withProperty,
} from '../smf/repository.ts';
import { canonical, fitsType } from '../smf/values.ts';
import { SemanticError, type Session } from './svccfg-session.ts';
import type { Word } from './svccfg-words.ts';

export type Statement = (session: Session, words: readonly Word[]) => void | Promise<void>;

const syntaxError = (): never => {
  throw new SemanticError('Syntax error.');
};

export function selectedEntity({ selected }: Session): Service | Instance {
  if (selected === undefined) throw new SemanticError('An entity is not selected.');
  return selected;
}

/** Plain words only: marks make no sense here. */
export function plainWords(words: readonly Word[], least: number, most: number): string[] {
  if (words.some(({ mark }) => mark) || words.length < least || words.length > most) syntaxError();
  return words.map(({ text }) => text);
}

function change(session: Session, groups: (groups: Groups) => Groups): void {
  const entity = selectedEntity(session);
  entity.groups = groups(entity.groups);
  session.startd?.touched();
}

function splitName(text: string): [group: string, property: string] {
  const [group = '', property = '', ...more] = text.split('/');
  if (group === '' || property === '' || more.length > 0) syntaxError();
  return [group, property];
}

const isType = (text: string): boolean => VALUE_TYPES.some((type) => type === text);

/** "[TYPE:] VALUE" or "[TYPE:] ( VALUE … )". */
function readValues(words: readonly Word[]): { type?: string; values: string[] } {
  const [first, ...others] = words;
  const hasType = first !== undefined && !first.quoted && !first.mark && first.text.endsWith(':') && others.length > 0;
  const type = hasType ? first.text.slice(0, -1) : undefined;
  const rest = hasType ? others : words;
  if (
    !hasType &&
    first !== undefined &&
    !first.quoted &&
    isType(first.text.split(':')[0] ?? '') &&
    first.text.includes(':')
  )
    throw new NotModelled(`svccfg setprop with no blank after the type: ${first.text}`);
  const inBrackets = rest[0]?.mark === true && rest[0].text === '(' && rest.at(-1)?.text === ')';
  const values = inBrackets ? rest.slice(1, -1) : rest;
  if (values.some(({ mark }) => mark) || (!inBrackets && values.length !== 1)) syntaxError();
  return { ...(type === undefined ? {} : { type }), values: values.map(({ text }) => text) };
}

function makeProperty(old: Property | undefined, given: { type?: string; values: readonly string[] }): Property {
  const type = given.type ?? old?.type;
  if (type === undefined) throw new SemanticError('Type required for new properties.');
  if (!isType(type)) throw new SemanticError(`Unknown type "${type}".`);
  for (const value of given.values)
    if (!fitsType(type, value)) throw new SemanticError(`Invalid "${type}" value "${value}".`);
  return { type, values: given.values.map((value) => canonical(type, value)) };
}

function groupOf(session: Session, name: string) {
  const group = selectedEntity(session).groups.get(name);
  if (group === undefined) throw new SemanticError(`No such property group "${name}".`);
  return group;
}

const setprop: Statement = (session, words) => {
  const [name, equals, ...rest] = words;
  if (name === undefined || name.mark || equals?.text !== '=' || !equals.mark) return syntaxError();
  const [group, property] = splitName(name.text);
  const old = groupOf(session, group).properties.get(property);
  const made = makeProperty(old, readValues(rest));
  return change(session, (groups) => withProperty(groups, group, property, made));
};

const addpropvalue: Statement = (session, words) => {
  const [name, ...rest] = words;
  if (name === undefined || name.mark) return syntaxError();
  const [group, property] = splitName(name.text);
  const old = groupOf(session, group).properties.get(property);
  const added = makeProperty(old, readValues(rest));
  return change(session, (groups) =>
    withProperty(groups, group, property, { type: added.type, values: [...(old?.values ?? []), ...added.values] }),
  );
};

const addpg: Statement = (session, words) => {
  const [name = '', type = '', flags] = plainWords(words, 2, 3);
  if (flags !== undefined) throw new NotModelled(`svccfg addpg with flags ${flags}`);
  if (selectedEntity(session).groups.has(name)) throw new SemanticError('Property group already exists.');
  change(session, (groups) => withGroup(groups, name, { type, properties: new Map() }));
};

const delpg: Statement = (session, words) => {
  const [name = ''] = plainWords(words, 1, 1);
  groupOf(session, name);
  change(session, (groups) => withoutGroup(groups, name));
};

/** Deletes a property, or with a group's name alone the group. */
const delprop: Statement = (session, words) => {
  const [name = ''] = plainWords(words, 1, 1);
  if (!name.includes('/')) return delpg(session, words);
  const [group, property] = splitName(name);
  if (!groupOf(session, group).properties.has(property)) throw new SemanticError(`No such property "${name}".`);
  change(session, (groups) => withoutProperty(groups, group, property));
};

const quote = (value: string, always: boolean): string =>
  always || value === '' || /[\s"\\=()>#;]/.test(value) ? `"${value.replace(/["\\]/g, '\\$&')}"` : value;

/** What svccfg lists: the entity's own groups and, of an instance, the non-persistent ones. */
function listed(session: Session): Groups {
  const entity = selectedEntity(session);
  return isInstance(entity) ? new Map([...entity.groups, ...entity.volatile]) : entity.groups;
}

const isVolatile = (session: Session, name: string): boolean => {
  const entity = selectedEntity(session);
  return isInstance(entity) && entity.volatile.has(name);
};

/** Name, type, values in columns; a group has its type and whether it is NONPERSISTENT. */
const listprop: Statement = (session, words) => {
  const [wanted] = plainWords(words, 0, 1);
  if (wanted !== undefined && /[*?[]/.test(wanted)) throw new NotModelled(`svccfg listprop ${wanted}`);
  const rows = [...listed(session)].flatMap(([group, { type, properties }]): [string, string, string][] => [
    ...(wanted === undefined || wanted === group
      ? [[group, type, isVolatile(session, group) ? 'NONPERSISTENT' : ''] satisfies [string, string, string]]
      : []),
    ...[...properties]
      .filter(([name]) => wanted === undefined || wanted === group || wanted === `${group}/${name}`)
      .map(([name, property]): [string, string, string] => [
        `${group}/${name}`,
        property.type,
        property.values.map((value) => quote(value, property.values.length > 1)).join(' '),
      ]),
  ]);
  const [names, types] = [0, 1].map((column) => Math.max(0, ...rows.map((row) => row[column]?.length ?? 0)));
  for (const [name, type, value] of rows)
    session.call.out(`${`${name.padEnd(names ?? 0)}  ${type.padEnd(types ?? 0)}  ${value}`.trimEnd()}\n`);
};

const listpg: Statement = (session, words) => {
  const [wanted] = plainWords(words, 0, 1);
  if (wanted !== undefined && /[*?[]/.test(wanted)) throw new NotModelled(`svccfg listpg ${wanted}`);
  const groups = [...listed(session)].filter(([name]) => wanted === undefined || name === wanted);
  const width = Math.max(0, ...groups.map(([name]) => name.length));
  for (const [name, { type }] of groups)
    session.call.out(`${name.padEnd(width)}  ${type}${isVolatile(session, name) ? '  NONPERSISTENT' : ''}\n`);
};

export const PROPERTY_STATEMENTS: Readonly<Record<string, Statement>> = {
  setprop,
  addpropvalue,
  addpg,
  delpg,
  delprop,
  listprop,
  listpg,
};
