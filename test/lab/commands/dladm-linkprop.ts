// dladm show-linkprop, set-linkprop, reset-linkprop (§1.8, §1.9).
import { type Call, NotModelled } from '../daemon/call.ts';
import type { Lab, Link } from '../daemon/state.ts';
import { isBusy } from './dladm-change.ts';
import {
  type Assignment,
  type Checked,
  checkProperty,
  findProperty,
  type Property,
  parseAssignments,
} from './dladm-property.ts';
import { die, recordOf, STATUS, showTable, warn } from './dladm-status.ts';
import { getopt, lastOf, type Options, operandsOf } from './getopt.ts';
import { type Field, formatTable } from './ofmt.ts';

interface Row {
  readonly lab: Lab;
  readonly link: Link;
  readonly property: Property;
  readonly parsable: boolean;
  readonly recorded: boolean;
}

const FIELDS: readonly Field<Row>[] = [
  { name: 'link', width: 13, value: ({ link }) => link.name },
  { name: 'property', width: 16, value: ({ property }) => property.name },
  { name: 'perm', width: 5, value: () => 'rw' },
  { name: 'value', width: 15, value: currentValue },
  { name: 'default', width: 15, value: ({ lab, link, property }) => property.default(lab, link) },
  { name: 'possible', width: 20, value: possibleValues },
];

function currentValue({ link, property, recorded }: Row): string {
  const { active, persistent } = link.properties.get(property.name) ?? {};
  if (recorded) return persistent ?? '';
  if (property.name === 'mtu') return String(link.mtu);
  if (property.name === 'zone') return link.zone ?? '';
  return active ?? (property.name === 'priority' ? 'high' : '');
}

function possibleValues({ lab, link, property, parsable }: Row): string {
  const values = property.possible(lab, link);
  if (!parsable) return `${values?.join(',') ?? '--'} `;
  if (values === undefined) throw new NotModelled(`dladm show-linkprop -c -o possible -p ${property.name}`);
  return values.join(',');
}

export function showLinkprop(call: Call, lab: Lab, args: readonly string[]): number {
  const options = getopt('dladm show-linkprop', args, 'Pco:p:');
  const [name] = operandsOf('dladm show-linkprop', options, 0, 1);
  const asked = lastOf(options, 'p');
  if (asked === undefined) throw new NotModelled('dladm show-linkprop without -p');
  const properties = asked.split(',').map((word) => {
    const property = findProperty(word);
    if (property === undefined) throw new NotModelled(`dladm show-linkprop -p ${word}`);
    return property;
  });
  const inGlobal = call.zone === lab.global;
  const seen = inGlobal ? lab.links.all() : lab.links.lentTo(call.zone);
  const found = name === undefined ? seen : seen.filter((link) => link === seenBy(call, lab, name));
  if (name !== undefined && found.length === 0) return die(call, `link ${name} is not valid`, STATUS.notFound);
  const [recorded, parsable] = [options.given.has('P'), options.given.has('c')];
  const rows = found
    .filter((link) => (recorded ? link.persistent : link.active))
    .flatMap((link) => properties.map((property): Row => ({ lab, link, property, parsable, recorded })));
  const select = lastOf(options, 'o');
  return showTable(
    call,
    formatTable(FIELDS, rows, { parsable, wrap: !parsable, ...(select === undefined ? {} : { select }) }),
  );
}

const seenBy = (call: Call, lab: Lab, name: string) =>
  call.zone === lab.global ? recordOf(lab, name) : lab.links.find(call.zone, name);

export async function setLinkprop(call: Call, lab: Lab, args: readonly string[]): Promise<number> {
  const options = getopt('dladm set-linkprop', args, 'tp:');
  const [name = ''] = operandsOf('dladm set-linkprop', options, 1);
  const link = recordOf(lab, name);
  const list = (options.given.get('p') ?? []).join(',');
  if (list.length > LONGEST_LIST) return die(call, `property list too long '${list}'`);
  const assignments = list === '' ? [] : parseAssignments(list);
  if (assignments === undefined) return die(call, 'invalid link properties specified');
  if (link === undefined) return die(call, `link ${name} is not valid`, STATUS.notFound);
  if (assignments.length === 0) return die(call, 'link property must be specified');
  const temporary = options.given.has('t');
  let status = 0;
  // One after the other, and only the last one counts.
  for (const assignment of assignments) status = await setOne(call, lab, { link, temporary, assignment });
  return status;
}

const LONGEST_LIST = 255;

interface Setting {
  readonly link: Link;
  readonly temporary: boolean;
  readonly assignment: Assignment;
}

async function setOne(call: Call, lab: Lab, { link, temporary, assignment }: Setting): Promise<0 | 1> {
  const property = findProperty(assignment.name);
  if (property === undefined) return warned(call, `invalid link property '${assignment.name}'`);
  if (assignment.values.length === 0) return warned(call, `no value specified for '${assignment.name}'`);
  if (property.temporaryOnly === true && !temporary) return cannotSet(call, property, link, STATUS.temporaryOnly);
  if (link.class === 'phys' || (link.class === 'etherstub' && property.name !== 'mtu')) {
    throw new NotModelled(`dladm set-linkprop -p ${property.name} on a link of class ${link.class}`);
  }
  const checked = checkProperty(lab, link, assignment);
  if (!('value' in checked)) return refuse(call, property, link, checked);
  if (property.name === 'zone') {
    return link.holds.size > 0 ? cannotSet(call, property, link, STATUS.busy) : setZone(lab, link, checked.value);
  }
  if (property.name === 'mtu' && link.holds.size > 0) return cannotSet(call, property, link, STATUS.busy);
  await apply(lab, { link, temporary, property, value: checked.value });
  return 0;
}

async function apply(
  lab: Lab,
  { link, temporary, property, value }: { link: Link; temporary: boolean; property: Property; value?: string },
): Promise<void> {
  const { name } = property;
  const before = link.properties.get(name) ?? {};
  // A persistent setting of a temporary link is an active one without a word.
  const persistent = temporary || !link.persistent ? before.persistent : value;
  const after = {
    ...(value === undefined || !link.active ? {} : { active: value }),
    ...(persistent === undefined ? {} : { persistent }),
  };
  link.properties.set(name, after);
  if (Object.keys(after).length === 0) link.properties.delete(name);
  if (!link.active) return;
  if (name === 'mtu') await lab.links.setMtu(link, Number(value ?? property.default(lab, link)));
  if (name === 'protection' || name === 'allowed-ips') await lab.links.applyProtection();
}

function refuse(call: Call, property: Property, link: Link, checked: Exclude<Checked, { value: string }>): 1 {
  if ('oneOf' in checked) {
    return warned(call, `link property '${property.name}' must be one of: ${checked.oneOf.join(',')}`);
  }
  return cannotSet(call, property, link, checked.fault);
}

const cannotSet = (call: Call, { name }: Property, link: Link, status: string) =>
  warned(call, `cannot set link property '${name}' on '${link.name}': ${status}`);

function warned(call: Call, text: string): 1 {
  warn(call, text);
  return 1;
}

/** Moves a link into a running zone with an IP stack of its own, or back (§1.8). */
async function setZone(lab: Lab, link: Link, zoneName: string): Promise<0> {
  if (zoneName === 'global') {
    await lab.links.takeOneBack(link);
    return 0;
  }
  const zone = lab.zones.get(zoneName);
  if (zone?.state !== 'running' || zone.config.ipType !== 'exclusive' || isBusy(lab, link)) {
    throw new NotModelled(`dladm set-linkprop -p zone=${zoneName} for a zone that is not running or a link in use`);
  }
  await lab.links.lend(link, zone);
  return 0;
}

export async function resetLinkprop(call: Call, lab: Lab, args: readonly string[]): Promise<number> {
  const options = getopt('dladm reset-linkprop', args, 'tp:');
  const [name = ''] = operandsOf('dladm reset-linkprop', options, 1);
  const link = recordOf(lab, name);
  if (link === undefined) return die(call, `link ${name} is not valid`, STATUS.notFound);
  let status = 0;
  for (const word of namesToReset(options, link)) status = await resetOne(call, lab, link, word, options);
  return status;
}

const namesToReset = (options: Options, link: Link): readonly string[] =>
  options.given.get('p')?.flatMap((list) => list.split(',')) ?? [...link.properties.keys()];

async function resetOne(call: Call, lab: Lab, link: Link, name: string, options: Options): Promise<0 | 1> {
  const property = findProperty(name);
  if (property === undefined) return warned(call, `invalid link property '${name}'`);
  const temporary = options.given.has('t');
  if (property.name === 'zone') {
    if (!temporary) throw new NotModelled('dladm reset-linkprop -p zone without -t');
    if (link.holds.size > 0) return cannotSet(call, property, link, STATUS.busy);
    await lab.links.takeOneBack(link);
    return 0;
  }
  if (property.name === 'mtu' && link.holds.size > 0) return cannotSet(call, property, link, STATUS.busy);
  await apply(lab, { link, temporary, property });
  return 0;
}
