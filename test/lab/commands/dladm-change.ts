// dladm create-*, delete-* and rename-link (§1.3 to §1.6).
import { type Call, NotModelled } from '../daemon/call.ts';
import { takeSwitch } from '../daemon/faults.ts';
import type { Lab, Link } from '../daemon/state.ts';
import { ETHERSTUB_MTU } from '../kernel/links.ts';
import { type Assignment, checkProperty, isResourceProperty, parseAssignments } from './dladm-property.ts';
import { die, recordOf, STATUS, type Status } from './dladm-status.ts';
import { getopt, lastOf, type Options, operandsOf } from './getopt.ts';
import { isLinkName, LONGEST_LINK_NAME } from './names.ts';

export async function createEtherstub(call: Call, lab: Lab, args: readonly string[]): Promise<number> {
  const options = getopt('dladm create-etherstub', args, 't');
  const [name = ''] = operandsOf('dladm create-etherstub', options, 1);
  const refused = refuseName(name);
  if (refused !== undefined) return die(call, refused);
  if (isTaken(lab, name)) return die(call, 'etherstub creation failed', STATUS.exists);
  const persistent = !options.given.has('t');
  await lab.links.add({ name, class: 'etherstub', active: true, persistent, mtu: ETHERSTUB_MTU });
  return 0;
}

export async function createVnic(call: Call, lab: Lab, args: readonly string[]): Promise<number> {
  const options = getopt('dladm create-vnic', args, 'tl:m:v:p:');
  const over = lastOf(options, 'l');
  if (over === undefined) throw new NotModelled('dladm create-vnic without -l');
  const mac = macOf(options);
  if (mac === undefined) return die(call, 'invalid MAC address');
  const vlan = lastOf(options, 'v');
  if (vlan !== undefined && !isVlanId(vlan)) return die(call, `invalid VLAN identifier '${vlan}'`);
  const list = (options.given.get('p') ?? []).join(',');
  if (list.length > LONGEST_LIST) return die(call, `property list too long '${list}'`);
  const assignments = list === '' ? [] : parseAssignments(list);
  if (assignments === undefined) return die(call, 'invalid vnic property');
  const [name = ''] = operandsOf('dladm create-vnic', options, 1);
  const refused = refuseName(name);
  if (refused !== undefined) return die(call, refused);
  const carrier = recordOf(lab, over);
  if (carrier === undefined) return die(call, `invalid link name '${over}'`);
  const failed = (status: Status) => die(call, `vnic creation over ${over} failed`, status);
  if (carrier.class === 'vnic') return failed(STATUS.badArgument);
  if (carrier.zone !== undefined || !carrier.active) throw new NotModelled(`dladm create-vnic over ${over}, not here`);
  const persistent = !options.given.has('t');
  if (persistent && !carrier.persistent) return failed(STATUS.persistentOnTemporary);
  if (isTaken(lab, name)) return failed(STATUS.exists);
  if (mac !== '' && [carrier, ...lab.links.over(carrier)].some((link) => link.mac === mac)) {
    return failed(STATUS.macInUse);
  }
  const checked = assignments.map((assignment) => ({ assignment, result: checkProperty(lab, carrier, assignment) }));
  for (const { assignment, result } of checked) {
    if ('fault' in result) throw new NotModelled(`dladm create-vnic -p with a wrong ${assignment.name}`);
  }
  const link = await lab.links.add({
    name,
    class: 'vnic',
    over,
    ...(mac === '' ? {} : { mac, macType: 'fixed' as const }),
    ...(vlan === undefined ? {} : { vlan: Number(vlan) }),
    active: true,
    persistent,
    mtu: carrier.mtu,
  });
  for (const { assignment, result } of checked) {
    if ('value' in result) recordAtCreation(link, assignment, result.value);
  }
  return 0;
}

/** Bytes of all -p texts together. */
const LONGEST_LIST = 255;

/** Resource properties take effect; of the others a persistent VNIC keeps a record for the next boot of the host, a temporary one nothing (illumos 15695). */
function recordAtCreation(link: Link, { name }: Assignment, value: string): void {
  if (isResourceProperty(name)) {
    link.properties.set(name, { active: value, ...(link.persistent ? { persistent: value } : {}) });
  } else if (link.persistent) link.properties.set(name, { persistent: value });
}

export const deleteEtherstub = (call: Call, lab: Lab, args: readonly string[]) =>
  deleteLink(call, lab, args, 'etherstub');
export const deleteVnic = (call: Call, lab: Lab, args: readonly string[]) => deleteLink(call, lab, args, 'vnic');

async function deleteLink(call: Call, lab: Lab, args: readonly string[], wanted: Link['class']): Promise<number> {
  const command = `dladm delete-${wanted}`;
  const options = getopt(command, args, 't');
  const [name = ''] = operandsOf(command, options, 1);
  const link = recordOf(lab, name);
  if (link === undefined) return die(call, `invalid link name '${name}'`);
  if (link.class !== wanted) return die(call, `'${name}' is not a${wanted === 'vnic' ? '' : 'n'} ${wanted}`);
  // "vnic" for etherstubs too.
  const failed = (status: Status) => die(call, 'vnic deletion failed', status);
  if (isBusy(lab, link)) return failed(STATUS.busy);
  if (!options.given.has('t') || !link.persistent) await lab.links.remove(link);
  else if (link.active) await lab.links.deactivate(link);
  else return failed(STATUS.notFound);
  return 0;
}

export function renameLink(call: Call, lab: Lab, args: readonly string[]): number {
  const options = getopt('dladm rename-link', args, '');
  const [from = '', to = ''] = operandsOf('dladm rename-link', options, 2);
  const failed = (status: Status) => die(call, 'rename operation failed', status);
  const link = recordOf(lab, from);
  if (!isLinkName(to)) return failed(STATUS.badArgument);
  if (link === undefined) return failed(STATUS.notFound);
  if (isTaken(lab, to)) return failed(STATUS.exists);
  if (isBusy(lab, link)) return failed(STATUS.busy);
  lab.links.rename(link, to);
  return 0;
}

function refuseName(name: string): string | undefined {
  if (name.length > LONGEST_LINK_NAME) return `link name too long '${name}'`;
  return isLinkName(name) ? undefined : `invalid link name '${name}'`;
}

/** By another record of the global zone: the name of a lent link is free (§1.8). */
const isTaken = (lab: Lab, name: string) =>
  lab.links.all().some((link) => link.name === name && link.zone === undefined);

/** Lent, plumbed or otherwise held, or built over (§1.4, §1.5). The switch "link-busy:NAME" makes it busy as often as it says. */
export function isBusy(lab: Lab, link: Link): boolean {
  if (takeSwitch(lab.switches, `link-busy:${link.name}`)) return true;
  return link.zone !== undefined || link.holds.size > 0 || lab.links.over(link).length > 0;
}

/** The address asked for, as illumos prints it; "" for a chosen one; undefined when it is none. Keywords count by prefix (§1.5). */
function macOf(options: Options): string | undefined {
  const asked = lastOf(options, 'm');
  if (asked === undefined || asked.startsWith('auto') || asked.startsWith('random')) return '';
  if (asked.startsWith('factory')) throw new NotModelled('dladm create-vnic -m factory');
  const bytes = asked.split(':');
  if (bytes.length !== 6 || !bytes.every((byte) => /^[0-9A-Fa-f]{1,2}$/.test(byte))) return undefined;
  return bytes.map((byte) => Number.parseInt(byte, 16).toString(16)).join(':');
}

const isVlanId = (text: string) => /^[0-9]+$/.test(text) && Number(text) >= 1 && Number(text) <= 4094;
