// ipadm create-addr, delete-addr and what changes an address object (§2.3).
import { NotModelled } from '../daemon/call.ts';
import type { Lab, Zone } from '../daemon/state.ts';
import { bringUp, linkLocal, plumb, takeDown, unplumb } from '../kernel/addresses.ts';
import { acquireLease, addLeaseRoute, deleteLeaseRoute } from '../kernel/dhcp.ts';
import { allowedIps } from '../kernel/forwarding.ts';
import { givenInterfaces } from '../kernel/from-global-zone.ts';
import {
  bitsOf,
  classfulLength,
  contains,
  formatAddress,
  LINK_LOCAL,
  type Prefixed,
  parseAddress,
} from '../kernel/ip-address.ts';
import {
  type AddressObject,
  type AddressRequest,
  type IpInterface,
  netnsOf,
  recordingOf,
  stackOf,
} from '../kernel/ip-stack.ts';
import { getopt, lastOf, type Options } from './getopt.ts';
import type { Subcommand } from './ipadm.ts';
import { die, IpadmFailure, onlyOperand, STATUS } from './ipadm-failure.ts';
import { PLUMB_STATUS, temporaryOnly } from './ipadm-interface.ts';
import { parseAddressName } from './ipadm-name.ts';

const failedCreate = (status: string) => die(`Could not create address: ${status}`);

/** create-addr plumbs the interface when needed, and takes it away again when the address fails (§2.3). */
export const createAddress: Subcommand = async (call, lab, args) => {
  const { zone } = call;
  const options = getopt('ipadm', args, '1T:a:dh:i:p:w:t');
  const request = readRequest(options);
  const record = !options.given.has('t');
  const { interfaceName, name } = request;
  const { interfaces, addresses } = stackOf(zone);
  const recording = recordingOf(zone);
  if (addresses.has(name) || recording.addresses.has(name)) failedCreate(STATUS.addressExists);
  const before = interfaces.get(interfaceName);
  const recorded = recording.interfaces.has(interfaceName) || givenInterfaces(lab, zone).includes(interfaceName);
  if (before === undefined && recorded) failedCreate(STATUS.disabled);
  if (before !== undefined && record && !recorded) failedCreate(STATUS.temporary);
  const plumbed = before ?? (await plumb(lab, zone, interfaceName, record));
  if (typeof plumbed === 'string') return failedCreate(PLUMB_STATUS[plumbed]);
  try {
    const isProtected = zone !== lab.global && allowedIps(plumbed).length > 0;
    if (isProtected && record && request.type === 'static') failedCreate(STATUS.fromGlobalZone);
    const late = await activate(lab, zone, plumbed, request);
    if (record) recording.addresses.set(name, request);
    if (late) call.err(`ipadm: warning: ${STATUS.dhcpTimeout}\n`);
  } catch (error) {
    if (error instanceof IpadmFailure && before === undefined) {
      await unplumb(lab, zone, plumbed);
      if (record) recording.interfaces.delete(interfaceName);
    }
    throw error;
  }
};

function readRequest(options: Options): AddressRequest {
  const name = onlyOperand(options, 'create-addr');
  const type = lastOf(options, 'T');
  const slash = name.indexOf('/');
  if (type === undefined) throw new NotModelled('ipadm create-addr without -T: its usage text');
  if (slash < 0 || slash === name.length - 1) {
    throw new NotModelled(`the usage text after "invalid address object name: ${name}"`);
  }
  if (type !== 'static' && type !== 'dhcp' && type !== 'addrconf') return die(`Invalid address type ${type}`);
  const parsed = parseAddressName(name);
  if (parsed === undefined) return die(`Error in creating address object: ${STATUS.invalidArgument}`);
  const { interfaceName } = parsed;
  if (interfaceName.includes(':')) throw new NotModelled(`an address object on the logical interface ${interfaceName}`);
  const allowed = { static: 'Tadt', dhcp: 'Twt', addrconf: 'Tpt' }[type];
  const strange = [...options.given.keys()].find((letter) => !allowed.includes(letter));
  if (strange !== undefined) throw new NotModelled(`ipadm create-addr -T ${type} -${strange}`);
  const up = !options.given.has('d');
  const advertised = lastOf(options, 'p')?.split(',') ?? [];
  const unknown = advertised.find((text) => !/^(stateful|stateless)=(yes|no)$/.test(text));
  // Nobody advertises anything in the lab, so both choices come to the same: the link-local address.
  if (unknown !== undefined) throw new NotModelled(`ipadm create-addr -T addrconf -p ${unknown}`);
  if (type !== 'static') {
    return { name, interfaceName, type, family: type === 'dhcp' ? 'ipv4' : 'ipv6', up };
  }
  const text = lastOf(options, 'a');
  if (text === undefined) throw new NotModelled('ipadm create-addr -T static without -a: its usage text');
  const address = readAddress(text);
  return { name, interfaceName, type, family: address.family, address, up };
}

/** "[local=]ADDR[/PLEN]". Without a length IPv4 is classful; IPv6 is /64, /10 when link-local (§2.3). */
function readAddress(text: string): Prefixed {
  if (text.includes(',') || text.startsWith('remote=')) throw new NotModelled(`a point-to-point address, -a ${text}`);
  const [host = '', length, more] = text.replace(/^local=/, '').split('/');
  const address = parseAddress(host);
  if (address === undefined) throw new NotModelled(`ipadm create-addr -a ${text}: a host name, or no address`);
  const { family } = address;
  if (length === undefined) {
    if (family === 'ipv4') return { ...address, length: classfulLength(address) };
    return { ...address, length: contains(LINK_LOCAL, address) ? LINK_LOCAL.length : 64 };
  }
  const bits = Number(length);
  if (more !== undefined || !/^\d+$/.test(length) || bits === 0 || bits > bitsOf(family)) {
    return die(`Error in setting local address: ${STATUS.invalidArgument}`);
  }
  return { ...address, length: bits };
}

/** Makes an address object of the running system. True: a DHCP lease has not come in time, which is no failure. */
async function activate(lab: Lab, zone: Zone, ipInterface: IpInterface, request: AddressRequest): Promise<boolean> {
  const { addresses } = stackOf(zone);
  const object: AddressObject = { ...request, duplicate: false };
  if (request.type === 'addrconf') object.address = await addrconfAddress(lab, zone, ipInterface);
  const { address } = object;
  if (request.type === 'static' && address !== undefined) checkStatic(zone, ipInterface, address);
  addresses.set(object.name, object);
  if (request.type === 'dhcp') {
    const lease = await acquireLease(lab, zone, ipInterface);
    if (lease === undefined) return true;
    object.address = lease.address;
    if (ipInterface.link !== undefined) await lab.links.learn(ipInterface.link, formatAddress(lease.address));
    if (lease.router !== undefined) object.router = lease.router;
  }
  if (object.up && (await bringUp(lab, zone, object)) === 'unavailable') {
    addresses.delete(object.name);
    return failedCreate(STATUS.unavailable);
  }
  if (object.router !== undefined) await addLeaseRoute(lab, zone, object.router);
  return false;
}

/**
 * The kernel's refusals: on a link with allowed-ips all but its literal entries (§2.6), and IPv6 before the interface
 * has a link-local address (§2.3).
 */
function checkStatic(zone: Zone, ipInterface: IpInterface, address: Prefixed): void {
  const allowed = allowedIps(ipInterface);
  if (allowed.length > 0 && !allowed.some((entry) => entry.split('/')[0] === formatAddress(address))) {
    failedCreate(STATUS.permission);
  }
  if (address.family === 'ipv4' || ipInterface.name === 'lo0' || contains(LINK_LOCAL, address)) return;
  const hasLinkLocal = [...stackOf(zone).addresses.values()].some(
    (other) =>
      other.interfaceName === ipInterface.name && other.address !== undefined && contains(LINK_LOCAL, other.address),
  );
  if (!hasLinkLocal) failedCreate(STATUS.unavailable);
}

/** in.ndpd makes the link-local address from the MAC; it runs only after routing-setup (§2.3). */
async function addrconfAddress(lab: Lab, zone: Zone, { name, link }: IpInterface): Promise<Prefixed> {
  const others = [...stackOf(zone).addresses.values()];
  if (others.some((other) => other.interfaceName === name && other.type === 'addrconf')) {
    return failedCreate(STATUS.addrconfExists);
  }
  if (link?.mac === undefined) throw new NotModelled(`addrconf on ${name}`);
  const ndp = await lab.call(zone, ['/usr/bin/svcs', '-H', '-o', 'state', 'svc:/network/routing/ndp:default']);
  if (ndp.status !== 0) throw new NotModelled(`addrconf on ${name}: the lab's SMF does not tell whether in.ndpd runs`);
  if (ndp.stdout.trim() !== 'online') return failedCreate(STATUS.noNdpd);
  return linkLocal(link.mac);
}

/** Brings a recorded address back: enable-if and enable-addr. */
export async function restoreAddress(lab: Lab, zone: Zone, request: AddressRequest): Promise<void> {
  const ipInterface = stackOf(zone).interfaces.get(request.interfaceName);
  if (ipInterface === undefined) return;
  try {
    await activate(lab, zone, ipInterface, request);
  } catch (error) {
    if (error instanceof IpadmFailure) throw new NotModelled(`${request.name} cannot come back: ${error.message}`);
    throw error;
  }
}

/** Always from what is active and what is recorded: there is no -t (§2.3). */
export const deleteAddress: Subcommand = async (call, lab, args) => {
  const options = getopt('ipadm', args, 'r');
  const name = onlyOperand(options, 'delete-addr');
  const { addresses } = stackOf(call.zone);
  const recording = recordingOf(call.zone);
  const active = addresses.get(name);
  if (active === undefined && !recording.addresses.has(name)) die(`could not delete address: ${STATUS.notFound}`);
  if (options.given.has('r') && active?.type !== 'dhcp')
    throw new NotModelled('ipadm delete-addr -r of other than DHCP');
  const link = stackOf(call.zone).interfaces.get(active?.interfaceName ?? '')?.link;
  if (active !== undefined) await remove(lab, call.zone, active);
  // Only a release tells link protection that the lease is over.
  if (options.given.has('r') && link !== undefined) await lab.links.learn(link, undefined);
  recording.addresses.delete(name);
};

async function remove(lab: Lab, zone: Zone, object: AddressObject): Promise<void> {
  if (object.router !== undefined) await deleteLeaseRoute(lab, zone, object.router);
  await takeDown(lab, zone, object);
  stackOf(zone).addresses.delete(object.name);
}

/** The active object, or how ipadm says that there is none. */
function activeObject(zone: Zone, name: string, words: string): AddressObject {
  const active = stackOf(zone).addresses.get(name);
  if (active !== undefined) return active;
  return die(`${words}${recordingOf(zone).addresses.has(name) ? STATUS.disabled : STATUS.notFound}`);
}

const setUp =
  (up: boolean): Subcommand =>
  async (call, lab, args) => {
    const options = getopt('ipadm', args, 't');
    const name = onlyOperand(options, up ? 'up-addr' : 'down-addr');
    const words = `Could not mark the address ${up ? 'up' : 'down'}: `;
    const object = activeObject(call.zone, name, words);
    const recording = recordingOf(call.zone);
    const recorded = recording.addresses.get(name);
    const record = !options.given.has('t');
    if (record && recorded === undefined) die(`${words}${STATUS.temporary}`);
    if (object.type !== 'static') throw new NotModelled(`ipadm ${up ? 'up' : 'down'}-addr of type ${object.type}`);
    if (up && object.duplicate) die(`${words}${STATUS.duplicate}`);
    if (!up) await takeDown(lab, call.zone, object);
    else if (!object.up) {
      const outcome = await bringUp(lab, call.zone, object);
      if (outcome === 'unavailable') die(`${words}${STATUS.unavailable}`);
      if (outcome === 'duplicate') die(`${words}${STATUS.duplicate}`);
    }
    if (record && recorded !== undefined) recording.addresses.set(name, { ...recorded, up });
  };

export const upAddress = setUp(true);
export const downAddress = setUp(false);

export const enableAddress: Subcommand = async (call, lab, args) => {
  const name = temporaryOnly(getopt('ipadm', args, 't'), 'enable-addr');
  const words = 'could not enable address: ';
  if (stackOf(call.zone).addresses.has(name)) die(`${words}${STATUS.addressExists}`);
  const recorded = recordingOf(call.zone).addresses.get(name);
  if (recorded === undefined) return die(`${words}${STATUS.notFound}`);
  if (!stackOf(call.zone).interfaces.has(recorded.interfaceName)) die(`${words}${STATUS.disabled}`);
  await restoreAddress(lab, call.zone, recorded);
};

export const disableAddress: Subcommand = async (call, lab, args) => {
  const name = temporaryOnly(getopt('ipadm', args, 't'), 'disable-addr');
  const object = activeObject(call.zone, name, 'could not disable address: ');
  if (!recordingOf(call.zone).addresses.has(name)) die(`could not disable address: ${STATUS.temporary}`);
  await remove(lab, call.zone, object);
};

/** Looks again for others who have the address, when it was found a duplicate. */
export const refreshAddress: Subcommand = async (call, lab, args) => {
  const name = onlyOperand(getopt('ipadm', args, ''), 'refresh-addr');
  const object = activeObject(call.zone, name, 'could not refresh address ');
  if (object.type !== 'static') throw new NotModelled(`ipadm refresh-addr of type ${object.type}`);
  if (object.family === 'ipv6') throw new NotModelled(`ipadm refresh-addr of an IPv6 address in ${netnsOf(call.zone)}`);
  if (object.duplicate && (await bringUp(lab, call.zone, object)) === 'duplicate') {
    die(`could not refresh address ${STATUS.duplicate}`);
  }
};
