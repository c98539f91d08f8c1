// ipadm(8): interfaces, addresses and properties of a zone's IP stack (§2).
import type { Call, Program } from '../daemon/call.ts';
import { NotModelled } from '../daemon/call.ts';
import { registerDump } from '../daemon/dump.ts';
import { takeSwitch } from '../daemon/faults.ts';
import type { Lab } from '../daemon/state.ts';
import { dumpIp } from '../kernel/ip-dump.ts';
import { inTurn } from '../kernel/ip-stack.ts';
import {
  createAddress,
  deleteAddress,
  disableAddress,
  downAddress,
  enableAddress,
  refreshAddress,
  upAddress,
} from './ipadm-address.ts';
import { die, IpadmFailure, STATUS } from './ipadm-failure.ts';
import { createInterface, deleteInterface, disableInterface, enableInterface } from './ipadm-interface.ts';
import {
  resetInterfaceProperty,
  resetProperty,
  setInterfaceProperty,
  setProperty,
  showInterfaceProperties,
  showProperties,
} from './ipadm-property.ts';
import { showAddresses, showInterfaces } from './ipadm-show.ts';

export type Subcommand = (call: Call, lab: Lab, args: readonly string[]) => Promise<void>;

const CHANGES: Readonly<Record<string, Subcommand>> = {
  'create-if': createInterface,
  'create-ip': createInterface,
  'delete-if': deleteInterface,
  'delete-ip': deleteInterface,
  'enable-if': enableInterface,
  'disable-if': disableInterface,
  'create-addr': createAddress,
  'delete-addr': deleteAddress,
  'up-addr': upAddress,
  'down-addr': downAddress,
  'enable-addr': enableAddress,
  'disable-addr': disableAddress,
  'refresh-addr': refreshAddress,
  'set-ifprop': setInterfaceProperty,
  'reset-ifprop': resetInterfaceProperty,
  'set-prop': setProperty,
  'reset-prop': resetProperty,
};

const QUESTIONS: Readonly<Record<string, Subcommand>> = {
  'show-if': showInterfaces,
  'show-addr': showAddresses,
  'show-ifprop': showInterfaceProperties,
  'show-prop': showProperties,
};

registerDump('ip', dumpIp);

const USAGE = 'usage:  ipadm <subcommand> <args> ...\n';

export const ipadm: Program = async (call, lab) => {
  const [name = 'show-addr', ...args] = call.args;
  if (name === 'help') {
    call.err(USAGE);
    return 0;
  }
  const change = Object.hasOwn(CHANGES, name) ? CHANGES[name] : undefined;
  const run = Object.hasOwn(QUESTIONS, name) ? QUESTIONS[name] : change;
  if (run === undefined) {
    if (/^(set|reset|show)-addrprop$/.test(name) || /-(ipmp|vni)$/.test(name)) throw new NotModelled(`ipadm ${name}`);
    call.err(`ipadm: unknown subcommand '${name}'\n${USAGE}`);
    return 1;
  }
  try {
    await inTurn(call.zone, async () => {
      if (change !== undefined && call.uid !== 0) throw new NotModelled(`ipadm ${name} without privileges`);
      if (change !== undefined && takeSwitch(lab.switches, 'ipmgmtd-down'))
        die(`${dyingWords(name, args)}${STATUS.noDaemon}`);
      await run(call, lab, args);
    });
    return 0;
  } catch (error) {
    if (!(error instanceof IpadmFailure)) throw error;
    call.err(`ipadm: ${error.message}`);
    call.out('\n');
    return 1;
  }
};

/** What stands before the status when ipmgmtd does not answer. */
function dyingWords(name: string, args: readonly string[]): string {
  const object = args.at(-1) ?? '';
  if (name === 'create-addr') return 'Could not create address: ';
  if (name === 'delete-addr') return 'could not delete address: ';
  if (name === 'create-if' || name === 'create-ip') return `Could not create ${object} : `;
  if (name === 'delete-if' || name === 'delete-ip') return `Could not delete ${object}: `;
  throw new NotModelled(`ipadm ${name} without ipmgmtd`);
}
