// A set of loaded rules, and what the engine says to each rule that comes (engineErrno of conformance/ipf-grammar.json).
import type { Family, FilterRule } from './rule.ts';

/** errno values of illumos (§0.2). */
export const NO_SUCH_GROUP = 3;
export const EXISTS = 17;
export const INVALID = 22;

export interface RuleList {
  readonly rules: LoadedRule[];
}

export interface LoadedRule {
  readonly rule: FilterRule;
  /** skip as it stands after insertions before it. */
  skip: number;
  /** The group searched when the rule matches. */
  readonly members?: RuleList;
  hits: number;
  bytes: number;
}

interface Group extends RuleList {
  readonly direction: 'in' | 'out';
}

/** One of the two sets of a stack: its lists by family, direction and kind; groups are shared by both families. */
export interface RuleSet {
  readonly lists: Map<string, RuleList>;
  readonly groups: Map<string, Group>;
}

export function emptyRuleSet(): RuleSet {
  return { lists: new Map(), groups: new Map() };
}

/** The rules of one direction: those that decide, or those that count. */
export function listOf(set: RuleSet, family: Family, direction: 'in' | 'out', kind: 'filter' | 'count'): RuleList {
  const key = `${family} ${direction} ${kind}`;
  const list = set.lists.get(key) ?? { rules: [] };
  set.lists.set(key, list);
  return list;
}

const kindOf = (rule: FilterRule) => (rule.action === 'count' ? 'count' : 'filter');

/** "0" is no group at all. */
const groupName = (name: string) => (name === '0' ? '' : name);

/** Appends or inserts a rule. 0 when it is loaded, else the errno. */
export function addRule(set: RuleSet, read: FilterRule): number {
  const rule = { ...read, head: groupName(read.head), group: groupName(read.group) };
  const list = listFor(set, rule);
  if (list === undefined) return NO_SUCH_GROUP;
  if (rule.keepState !== undefined && rule.match?.properties.get('oow') === true) return INVALID;
  if (findRule(list, rule) !== undefined) return EXISTS;
  const members = rule.head === '' ? undefined : openGroup(set, rule);
  const loaded: LoadedRule = {
    rule,
    skip: rule.skip,
    hits: 0,
    bytes: 0,
    ...(members === undefined ? {} : { members }),
  };
  const place = placeOf(list, rule);
  list.rules.splice(place, 0, loaded);
  if (rule.insertAt !== undefined) fixSkips(list, place);
  return 0;
}

/** Takes a rule out. 0, or the errno. */
export function removeRule(set: RuleSet, read: FilterRule): number {
  const rule = { ...read, head: groupName(read.head), group: groupName(read.group) };
  const list = listFor(set, rule);
  const index = list?.rules.findIndex((loaded) => sameRule(loaded.rule, rule)) ?? -1;
  if (list === undefined || index < 0) return NO_SUCH_GROUP;
  list.rules.splice(index, 1);
  return 0;
}

/** Empties the lists of a family and directions, and forgets groups that no head opens any more. The number of rules removed. */
export function flushRules(set: RuleSet, family: Family, directions: readonly ('in' | 'out')[]): number {
  let removed = 0;
  const clear = (list: RuleList) => {
    for (const { members } of list.rules) if (members !== undefined && !cleared.has(members)) clearGroup(members);
    removed += list.rules.length;
    list.rules.length = 0;
  };
  const cleared = new Set<RuleList>();
  const clearGroup = (group: RuleList) => {
    cleared.add(group);
    clear(group);
    for (const [key, candidate] of set.groups) if (candidate === group) set.groups.delete(key);
  };
  for (const direction of directions) {
    clear(listOf(set, family, direction, 'filter'));
    clear(listOf(set, family, direction, 'count'));
  }
  return removed;
}

function listFor(set: RuleSet, rule: FilterRule): RuleList | undefined {
  if (rule.group === '') return listOf(set, rule.family, rule.direction, kindOf(rule));
  const group = set.groups.get(`${kindOf(rule)} ${rule.group}`);
  return group?.direction === rule.direction ? group : undefined;
}

/** The group a head opens; undefined when the number is taken by heads of the other direction. */
function openGroup(set: RuleSet, rule: FilterRule): RuleList | undefined {
  const key = `${kindOf(rule)} ${rule.head}`;
  const group = set.groups.get(key) ?? { rules: [], direction: rule.direction };
  set.groups.set(key, group);
  return group.direction === rule.direction ? group : undefined;
}

function findRule(list: RuleList, rule: FilterRule): LoadedRule | undefined {
  return list.rules.find((loaded) => sameRule(loaded.rule, rule));
}

/** Two rules are the same when all but their place is: interfaces, group and log options included. */
export function sameRule(a: FilterRule, b: FilterRule): boolean {
  return canonical(a) === canonical(b);
}

function canonical({ insertAt: _, ...rule }: FilterRule): string {
  return JSON.stringify(rule, (_key, value: unknown) => (value instanceof Map ? [...value].sort() : value));
}

function placeOf({ rules }: RuleList, rule: FilterRule): number {
  const first = rules.findIndex((loaded) => loaded.rule.collection >= rule.collection);
  const after = rules.findIndex((loaded) => loaded.rule.collection > rule.collection);
  const end = after < 0 ? rules.length : after;
  if (rule.insertAt === undefined) return end;
  return Math.min((first < 0 ? rules.length : first) + rule.insertAt, end);
}

/** Rules whose skip reaches over an inserted rule skip one more. */
function fixSkips({ rules }: RuleList, place: number): void {
  rules.slice(0, place).forEach((loaded, i) => {
    if (loaded.rule.action === 'skip' && i + loaded.skip >= place) loaded.skip += 1;
  });
}
