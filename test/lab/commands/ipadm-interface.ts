// ipadm create-if, delete-if, enable-if, disable-if (§2.2).
import { NotModelled } from '../daemon/call.ts';
import type { Lab, Zone } from '../daemon/state.ts';
import { type PlumbFailure, plumb, unplumb } from '../kernel/addresses.ts';
import { setForwarding } from '../kernel/forwarding.ts';
import { enableGiven, givenInterfaces } from '../kernel/from-global-zone.ts';
import { recordingOf, stackOf } from '../kernel/ip-stack.ts';
import { getopt, type Options } from './getopt.ts';
import type { Subcommand } from './ipadm.ts';
import { restoreAddress } from './ipadm-address.ts';
import { die, onlyOperand, STATUS } from './ipadm-failure.ts';
import { isInterfaceName } from './ipadm-name.ts';

/** libipadm's words for a link that cannot be plumbed. */
export const PLUMB_STATUS: Readonly<Record<PlumbFailure, string>> = {
  'no link': STATUS.noLink,
  'in use': STATUS.interfaceInUse,
  temporary: STATUS.temporary,
};

export const createInterface: Subcommand = async (call, lab, args) => {
  const options = getopt('ipadm', args, 't');
  const name = onlyOperand(options, 'create-if');
  const failed = (status: string) => die(`Could not create ${name} : ${status}`);
  if (!isInterfaceName(name) || name.includes(':')) failed(STATUS.invalidArgument);
  if (stackOf(call.zone).interfaces.has(name) || recordingOf(call.zone).interfaces.has(name)) {
    failed(STATUS.interfaceExists);
  }
  const plumbed = await plumb(lab, call.zone, name, !options.given.has('t'));
  if (typeof plumbed === 'string') failed(PLUMB_STATUS[plumbed]);
};

/** Removes what is active and what is recorded, all addresses with it. */
export const deleteInterface: Subcommand = async (call, lab, args) => {
  const name = onlyOperand(getopt('ipadm', args, ''), 'delete-if');
  const active = stackOf(call.zone).interfaces.get(name);
  const recording = recordingOf(call.zone);
  if (active === undefined && !recording.interfaces.has(name)) die(`Could not delete ${name}: ${STATUS.noInterface}`);
  if (active !== undefined) await unplumb(lab, call.zone, active);
  recording.interfaces.delete(name);
  for (const [key, { interfaceName }] of recording.addresses) {
    if (interfaceName === name) recording.addresses.delete(key);
  }
  for (const key of recording.properties.keys()) if (key.startsWith(`${name} `)) recording.properties.delete(key);
};

/** The persistent form is refused by name (§2.2). */
export function temporaryOnly(options: Options, subcommand: string): string {
  const name = onlyOperand(options, subcommand);
  if (!options.given.has('t')) die(`persistent operation not supported for ${subcommand}`);
  return name;
}

/** Restores what is recorded of an interface: what network/physical does at boot. */
export const enableInterface: Subcommand = async (call, lab, args) => {
  const name = temporaryOnly(getopt('ipadm', args, 't'), 'enable-if');
  const failed = (status: string) => die(`Could not enable ${name} : ${status}`);
  if (stackOf(call.zone).interfaces.has(name)) failed(STATUS.interfaceExists);
  if (givenInterfaces(lab, call.zone).includes(name)) return enableGiven(lab, call.zone, name);
  if (!recordingOf(call.zone).interfaces.has(name)) failed(STATUS.noInterface);
  const plumbed = await plumb(lab, call.zone, name, false);
  if (typeof plumbed === 'string') failed(PLUMB_STATUS[plumbed]);
  await restore(lab, call.zone, name);
};

async function restore(lab: Lab, zone: Zone, name: string): Promise<void> {
  const { addresses, properties } = recordingOf(zone);
  const ipInterface = stackOf(zone).interfaces.get(name);
  if (ipInterface === undefined) return;
  for (const family of ['ipv4', 'ipv6'] as const) {
    const forwarding = properties.get(`${name} forwarding ${family}`);
    if (forwarding !== undefined) await setForwarding(lab, zone, family, [ipInterface], forwarding === 'on');
  }
  for (const request of addresses.values()) {
    if (request.interfaceName === name) await restoreAddress(lab, zone, request);
  }
}

/** Unplumbs and keeps the record. */
export const disableInterface: Subcommand = async (call, lab, args) => {
  const name = temporaryOnly(getopt('ipadm', args, 't'), 'disable-if');
  const active = stackOf(call.zone).interfaces.get(name);
  const recorded = recordingOf(call.zone).interfaces.has(name);
  if (active === undefined && !recorded) die(`Could not disable ${name}: ${STATUS.noInterface}`);
  if (active === undefined || !recorded) {
    throw new NotModelled(`ipadm disable-if of a ${recorded ? 'disabled' : 'temporary'} interface`);
  }
  await unplumb(lab, call.zone, active);
};
