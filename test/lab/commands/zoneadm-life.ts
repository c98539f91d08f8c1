// A zone going up and down, as zoneadmd does it (§5.4, §8.2).

import { NotModelled } from '../daemon/call.ts';
import { takeSwitch } from '../daemon/faults.ts';
import { withLock } from '../daemon/locks.ts';
import type { Lab, Link, NetResource, Zone } from '../daemon/state.ts';
import { startIpf, stopIpf } from '../ipfilter/stack.ts';
import { MountRefused } from '../kernel/file-systems.ts';
import { startStack, stopStack } from '../kernel/ip-stack.ts';
import { startZone } from '../kernel/zone-process.ts';

/** The parts of the lab that a zone is made of; tests without namespaces bring their own. */
export interface ZoneParts {
  startZone: typeof startZone;
  startStack: typeof startStack;
  stopStack: typeof stopStack;
  startIpf: typeof startIpf;
  stopIpf: typeof stopIpf;
}

export const ZONE_PARTS: ZoneParts = { startZone, startStack, stopStack, startIpf, stopIpf };

/** What zoneadmd says about a transition that failed, one text a line. Empty: done. */
export type Messages = readonly string[];

/** Keeps whatever else is asked of a zone waiting, as zoneadmd's lock does (§5.3). */
export const withZone = <T>(zone: Pick<Zone, 'name'>, work: () => Promise<T>): Promise<T> =>
  withLock(`zone ${zone.name}`, work);

/** Thrown while a zone is being made ready: it goes back to installed. */
class BootFailed extends Error {
  readonly messages: Messages;
  constructor(messages: Messages) {
    super(messages.join('; '));
    this.messages = messages;
  }
}

/** From installed to ready: processes, file systems, IP stack, links. The switch "boot-fails:NAME" holds a message to fail with. */
export async function makeReady(lab: Lab, zone: Zone, parts: ZoneParts): Promise<Messages> {
  if (zone.config.ipType !== 'exclusive') throw new NotModelled(`zone ${zone.name} with a shared IP stack`);
  try {
    const text = lab.switches.get(`boot-fails:${zone.name}`);
    if (text !== undefined) throw new BootFailed([text]);
    await parts.startZone(lab, zone);
    await parts.startStack(lab, zone);
    await parts.startIpf(lab, zone);
    await bringLinks(lab, zone);
  } catch (error) {
    await teardown(lab, zone, parts);
    zone.state = 'installed';
    if (error instanceof BootFailed) return [...error.messages, CALL_FAILED];
    if (error instanceof MountRefused) return [mountMessage(error), CALL_FAILED];
    throw error;
  }
  zone.state = 'ready';
  return [];
}

const CALL_FAILED = 'call to zoneadmd failed';

function mountMessage({ reason, path }: MountRefused): string {
  switch (reason) {
    case 'is-a-symlink':
      return `${path} is a symlink`;
    case 'special-missing':
      return `${path}: No such file or directory`;
    case 'not-a-directory':
      return `${path} is not a directory`;
  }
}

/** Lends the links of the net resources, each once, and sets what allowed-address asks for (§2.6). */
async function bringLinks(lab: Lab, zone: Zone): Promise<void> {
  const byLink = new Map<string, NetResource[]>();
  for (const net of zone.config.nets) byLink.set(net.physical, [...(byLink.get(net.physical) ?? []), net]);
  for (const [name, nets] of byLink) {
    const link = lab.links.all().find((other) => other.name === name && other.zone === undefined && other.active);
    if (link?.holds.has('ip') === true) {
      const warning = `WARNING: skipping network interface '${name}' which is used in the global zone`;
      throw new BootFailed([warning, 'failed to add network device']);
    }
    if (link === undefined || link.class === 'etherstub' || lab.links.over(link).length > 0) {
      throw new BootFailed(['failed to add network device']);
    }
    allowAddresses(link, nets);
    await lab.links.lend(link, zone);
  }
}

function allowAddresses(link: Link, nets: readonly NetResource[]): void {
  const addresses = nets.flatMap(({ allowedAddress }) => (allowedAddress === undefined ? [] : [allowedAddress]));
  if (addresses.length === 0) return;
  const set = (name: string) => link.properties.get(name)?.active !== undefined;
  if (set('protection')) throw new BootFailed(['Protection is already set', 'failed to add address']);
  if (set('allowed-ips')) throw new BootFailed(['allowed-ips is already set', 'failed to add address']);
  const hosts = addresses.map((text) => {
    const [address = ''] = text.split('/');
    return `${address}/${address.includes(':') ? 128 : 32}`;
  });
  const put = (name: string, active: string) => link.properties.set(name, { ...link.properties.get(name), active });
  put('protection', 'ip-nospoof');
  put('allowed-ips', hosts.join(','));
}

/** From ready to running: init has been started, the services settle later (§5.5). */
export async function bootReady(lab: Lab, zone: Zone): Promise<void> {
  zone.state = 'running';
  await lab.smf.boot(zone);
}

/** The order of §8.2: protection first, then the processes, then the links. */
async function teardown(lab: Lab, zone: Zone, parts: ZoneParts): Promise<void> {
  await endProcesses(lab, zone);
  parts.stopIpf(zone);
  parts.stopStack(zone);
  await lab.links.takeBack(zone);
}

/** Protection goes first (§8.2); what the zone had of a network goes with its last process. */
async function endProcesses(lab: Lab, zone: Zone): Promise<void> {
  await lab.links.clearProtection(zone);
  await lab.smf.halt(zone);
  if (zone.process === undefined) return;
  await lab.links.unplug(zone);
  await zone.process.halt();
}

/**
 * From ready, running or down to installed. No stop method runs.
 * The switch "zone-stuck-down:NAME" lets the zone stick in "down" as often as it says, with its links (§5.1).
 */
export async function takeDown(lab: Lab, zone: Zone, parts: ZoneParts): Promise<Messages> {
  zone.state = 'shutting_down';
  if (takeSwitch(lab.switches, `zone-stuck-down:${zone.name}`)) {
    const { id } = zone;
    await endProcesses(lab, zone);
    // The kernel still has the zone, so it keeps its id.
    if (id !== undefined) zone.id = id;
    zone.state = 'down';
    return [CALL_FAILED];
  }
  await teardown(lab, zone, parts);
  delete zone.id;
  zone.state = 'installed';
  return [];
}

/** Full teardown and full bring-up with a fresh reading of the configuration (§5.4): that is all a reboot is. */
export async function restart(lab: Lab, zone: Zone, parts: ZoneParts): Promise<Messages> {
  const down = await takeDown(lab, zone, parts);
  if (down.length > 0) return down;
  const ready = await makeReady(lab, zone, parts);
  if (ready.length === 0) await bootReady(lab, zone);
  return ready;
}

/** `reboot` inside a zone. Gives what zoneadmd would log; the caller has long been killed. */
export const rebootZone = (lab: Lab, zone: Zone): Promise<Messages> =>
  withZone(zone, async () => (zone.state === 'running' ? restart(lab, zone, ZONE_PARTS) : []));

/** `halt` or `poweroff` inside a zone. */
export const haltZone = (lab: Lab, zone: Zone): Promise<Messages> =>
  withZone(zone, async () => (zone.state === 'running' ? takeDown(lab, zone, ZONE_PARTS) : []));
