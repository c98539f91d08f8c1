// zoneadm(8): zones and their states (§5). clone, move, attach, detach and mark are not modelled.
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { type Call, NotModelled, type Program } from '../daemon/call.ts';
import type { Lab, Zone } from '../daemon/state.ts';
import { forgetStack } from '../kernel/ip-stack.ts';
import { createRoot, removeRoot } from '../kernel/roots.ts';
import { zonePath } from '../kernel/zone-files.ts';
import { getopt, lastOf } from './getopt.ts';
import {
  bootReady,
  type Messages,
  makeReady,
  restart,
  takeDown,
  withZone,
  ZONE_PARTS,
  type ZoneParts,
} from './zoneadm-life.ts';
import { list } from './zoneadm-list.ts';

/** The parts that zoneadm itself asks, beside those of a zone's life. */
export interface ZoneadmParts extends ZoneParts {
  createRoot: typeof createRoot;
  removeRoot: typeof removeRoot;
  /** Whether there is a file of that name in the global zone. */
  exists(lab: Lab, path: string): boolean;
}

const PARTS: ZoneadmParts = {
  ...ZONE_PARTS,
  createRoot,
  removeRoot,
  exists: (lab, path) => existsSync(zonePath(lab.global, path)),
};

interface Task {
  readonly call: Call;
  readonly lab: Lab;
  readonly zone: Zone;
  readonly parts: ZoneadmParts;
  readonly args: readonly string[];
}

type Transition = (task: Task) => Promise<number>;

const TRANSITIONS: Readonly<Record<string, Transition>> = {
  verify: async (task) => (verified(task) ? 0 : 1),
  ready,
  boot,
  halt,
  shutdown,
  reboot,
  uninstall,
};

export const zoneadmWith =
  (parts: ZoneadmParts): Program =>
  async (call, lab) => {
    const options = getopt('zoneadm', call.args, 'z:');
    const zoneName = lastOf(options, 'z');
    const [name = '', ...args] = options.operands;
    if (call.zone !== lab.global) throw new NotModelled('zoneadm in a zone');
    const zone = zoneName === undefined ? undefined : lab.zones.get(zoneName);
    if (zoneName !== undefined && zone === undefined) {
      call.err(`zoneadm: ${zoneName}: No such zone configured\n`);
      return 1;
    }
    if (name === 'list') return list(call, lab, args, zone);
    const transition = name === 'install' ? install : Object.hasOwn(TRANSITIONS, name) ? TRANSITIONS[name] : undefined;
    if (transition === undefined || zone === undefined || zone === lab.global || call.uid !== 0) {
      throw new NotModelled(`zoneadm ${call.args.join(' ')} by user ${call.uid}`);
    }
    const task = { call, lab, zone, parts, args };
    return transition === install ? install(task) : withZone(zone, () => transition(task));
  };

export const zoneadm: Program = zoneadmWith(PARTS);

/** Prints what zoneadmd or zoneadm itself has to say about a zone. */
const say = ({ call, zone }: Task, text: string) => call.err(`zoneadm: zone '${zone.name}': ${text}\n`);

function refuse(task: Task, text: string): 1 {
  say(task, text);
  return 1;
}

function outcome(task: Task, messages: Messages): 0 | 1 {
  for (const text of messages) say(task, text);
  return messages.length === 0 ? 0 : 1;
}

function noArguments({ call, args }: Task): void {
  if (args.length > 0) throw new NotModelled(`zoneadm ${call.args.join(' ')}`);
}

/** What can be seen to be wrong before zoneadmd is asked (§4.4, §5.3). */
function verified({ call, lab, zone, parts }: Task): boolean {
  const missing = zone.config.filesystems.filter(({ special }) => !parts.exists(lab, special));
  for (const { dir, special } of missing) {
    call.err(`could not verify fs ${dir}: could not access ${special}: No such file or directory\n`);
  }
  if (missing.length > 0) call.err(`zoneadm: zone ${zone.name} failed to verify\n`);
  return missing.length === 0;
}

const installing = new WeakSet<Zone>();

/** Does not wait for another one (§5.3). */
async function install(task: Task): Promise<number> {
  const { lab, zone, parts } = task;
  noArguments(task);
  if (installing.has(zone)) return refuse(task, 'another zoneadm may have an operation in progress.');
  if (zone.state === 'incomplete') return refuse(task, 'zone is incomplete; uninstall required.');
  if (zone.state !== 'configured') return refuse(task, 'is already installed.');
  if (zone.name.startsWith('SUNW')) throw new NotModelled(`a zone called ${zone.name}`);
  installing.add(zone);
  try {
    zone.state = 'incomplete';
    await parts.createRoot(lab, zone);
    await lab.smf.install(zone);
    zone.uuid = randomUUID();
    zone.state = 'installed';
  } finally {
    installing.delete(zone);
  }
  return 0;
}

/** Why a zone that is not installed cannot be brought up. */
function refuseToStart(task: Task, command: string): 1 | undefined {
  const { state } = task.zone;
  if (state === 'configured') return refuse(task, `must be installed before ${command}.`);
  if (state === 'incomplete') return refuse(task, 'zone is incomplete; uninstall required.');
  if (state === 'shutting_down' || state === 'down') {
    return refuse(task, `${command} operation is invalid for ${state} zones.`);
  }
  return undefined;
}

async function ready(task: Task): Promise<number> {
  const { lab, zone, parts } = task;
  noArguments(task);
  const refused = refuseToStart(task, 'ready');
  if (refused !== undefined) return refused;
  if (zone.state === 'ready') {
    say(task, 'zone is already ready');
    return 0;
  }
  if (zone.state !== 'installed') throw new NotModelled(`zoneadm ready of a zone that is ${zone.state}`);
  return verified(task) ? outcome(task, await makeReady(lab, zone, parts)) : 1;
}

async function boot(task: Task): Promise<number> {
  const { lab, zone, parts } = task;
  noArguments(task);
  const refused = refuseToStart(task, 'boot');
  if (refused !== undefined) return refused;
  if (zone.state === 'running') {
    say(task, 'zone is already booted');
    return 0;
  }
  if (zone.state === 'installed') {
    if (!verified(task)) return 1;
    const messages = await makeReady(lab, zone, parts);
    if (messages.length > 0) return outcome(task, messages);
  }
  await bootReady(lab, zone);
  return 0;
}

async function halt(task: Task): Promise<number> {
  const { lab, zone, parts } = task;
  noArguments(task);
  if (zone.state === 'configured') return refuse(task, 'must be installed before halt.');
  if (zone.state === 'incomplete') return refuse(task, 'zone is incomplete; uninstall required.');
  if (zone.state === 'installed') {
    say(task, 'zone is already halted');
    return 0;
  }
  return outcome(task, await takeDown(lab, zone, parts));
}

/** Runs the stop methods first, then goes down, and with -r up again. */
async function shutdown(task: Task): Promise<number> {
  const { lab, zone, parts, args } = task;
  const { given, operands } = getopt('zoneadm shutdown', args, 'r');
  if (operands.length > 0) throw new NotModelled('zoneadm shutdown with boot arguments');
  if (zone.state !== 'running') return refuse(task, 'not running');
  await lab.smf.shutdown(zone);
  return outcome(task, await (given.has('r') ? restart : takeDown)(lab, zone, parts));
}

async function reboot(task: Task): Promise<number> {
  const { lab, zone, parts } = task;
  noArguments(task);
  if (zone.state !== 'running') return refuse(task, 'not running');
  return outcome(task, await restart(lab, zone, parts));
}

async function uninstall(task: Task): Promise<number> {
  const { lab, zone, parts, args } = task;
  const { given, operands } = getopt('zoneadm uninstall', args, 'F');
  if (operands.length > 0) throw new NotModelled('zoneadm uninstall with operands');
  if (zone.state === 'configured') return refuse(task, "is already in state 'configured'.");
  if (zone.state !== 'installed' && zone.state !== 'incomplete') {
    return refuse(task, `uninstall operation is invalid for ${zone.state} zones.`);
  }
  if (!given.has('F')) {
    return refuse(task, 'Input not from terminal and -F not specified:\nuninstall command ignored, exiting.');
  }
  await lab.smf.uninstall(zone);
  forgetStack(zone);
  await parts.removeRoot(lab, zone);
  delete zone.uuid;
  zone.state = 'configured';
  return 0;
}
