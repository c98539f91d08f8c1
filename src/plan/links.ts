import { OperatorError } from '../domain/errors.ts';
import { formatBandwidth } from '../domain/link-wishes.ts';
import { GLOBAL, type LinkName, type ZoneName } from '../domain/names.ts';
import type { Network } from '../domain/network.ts';
import { ownNics } from '../domain/nic.ts';
import type { ZoneNic, ZoneRecord } from '../domain/zone-record.ts';
import type { Command } from '../illumos/command.ts';
import { formatCommand } from '../illumos/command.ts';
import {
  createEtherstub,
  createVnic,
  deleteEtherstub,
  deleteVnic,
  type Link,
  lendLink,
  setMtu,
} from '../illumos/dladm.ts';
import { type LinkDetails, setBandwidth, setPriority } from '../illumos/dladm-shares.ts';
import type { HostStep } from './host-step.ts';
import { run } from './step.ts';

/** The host's links by name. */
export type Links = ReadonlyMap<string, Link>;

/** Seconds to go on trying while a link is busy: somebody else may just be looking at it (§1.9). */
const BUSY_SECONDS = 5;

/** What an etherstub and the links over it start with, in bytes (§1.4). */
const ETHERSTUB_MTU = 9000;

/**
 * Makes the etherstub of a network. Empty when it is there.
 *
 * @throws {OperatorError} NOT_OURS when another kind of link has its name
 */
export function planEtherstub({ name, etherstub }: Network, links: Links): HostStep[] {
  const have = links.get(etherstub);
  if (have === undefined) return [linkStep('+', createEtherstub(etherstub), `${etherstub} is missing`)];
  if (have.class === 'etherstub') return [];
  throw notOurs(have, `is recorded as the etherstub of network "${name}"`);
}

/**
 * Makes the links of a zone, and sets what is another: MTU, bandwidth, priority. Empty when they are as recorded. Details
 * of a link that were not observed are taken to be right.
 *
 * @throws {OperatorError} NOT_OURS when another link has a recorded name
 */
export function planVnics(zone: ZoneRecord, links: Links): HostStep[] {
  return ownNics(zone).flatMap((nic) => {
    const { link, over, vlan, mac, mtu } = nic;
    const have = links.get(link);
    const tag = have?.details === undefined ? vlan : have.details.vlan === 0 ? undefined : have.details.vlan;
    if (have !== undefined && (have.class !== 'vnic' || have.over !== over || tag !== vlan)) {
      const wanted = `a VNIC over ${over}${vlan === undefined ? '' : ` in VLAN ${vlan}`}`;
      throw notOurs(have, `is recorded as ${wanted} of zone "${zone.name}"`);
    }
    const made =
      have === undefined ? [linkStep('+', createVnic({ name: link, over, vlan, mac }), `${link} is missing`)] : [];
    const startsAt = have?.mtu ?? mtuOver(links.get(over));
    const why = have === undefined ? `a VNIC over ${over} starts at ${startsAt}` : `${link} has an MTU of ${startsAt}`;
    const sized = startsAt === mtu ? [] : [linkStep(have === undefined ? '+' : '~', setMtu(link, mtu), why)];
    return [...made, ...sized, ...planShares(nic, have)];
  });
}

/**
 * Sets bandwidth and priority of links of a zone that are there and have others. Details that were not observed are taken to
 * be right.
 */
export function planLinkShares(zone: ZoneRecord, links: Links): HostStep[] {
  return ownNics(zone).flatMap((nic) => {
    const have = links.get(nic.link);
    return have === undefined ? [] : planShares(nic, have);
  });
}

/** One property a call: with several the status is that of the last one (§1.9). */
function planShares({ link, bandwidth, priority }: ZoneNic, have: Link | undefined): HostStep[] {
  const seen: Omit<LinkDetails, 'vlan'> | undefined = have === undefined ? { priority: 'high' } : have.details;
  if (seen === undefined) return [];
  const sign = have === undefined ? '+' : '~';
  const limit = seen.bandwidth ?? 'none';
  const of = limit === 'none' ? 'no limit' : formatBandwidth(limit);
  return [
    ...(bandwidth === undefined || bandwidth === limit
      ? []
      : [linkStep(sign, setBandwidth(link, bandwidth), `${link} has ${of}`)]),
    ...(priority === undefined || priority === seen.priority
      ? []
      : [linkStep(sign, setPriority(link, priority), `${link} has priority ${seen.priority}`)]),
  ];
}

/** The etherstub may not be there yet: the plan that makes it comes first. */
function mtuOver(lower: Link | undefined): number {
  return lower?.mtu ?? ETHERSTUB_MTU;
}

/** Lends links to a running zone with an IP stack of its own; until it halts, when its configuration takes over (§1.8). */
export function planLending(zone: ZoneName, nics: readonly Pick<ZoneNic, 'link'>[]): HostStep[] {
  // What the host has needs no lending.
  if (zone === GLOBAL) return [];
  return nics.map(({ link }) => linkStep('~', lendLink(link, zone), `zone "${zone}" runs, and gets it at once`));
}

/**
 * Takes away the links of a zone that are there and ours: by exact name and the link they are over. What has a recorded
 * name and is another link is left alone.
 */
export function planVnicRemoval(zone: ZoneRecord, links: Links): HostStep[] {
  return withOwnLinks(zone, links).nics.map(({ link }) =>
    removal(link, deleteVnic(link), `${link} belongs to zone "${zone.name}"`, `delete-zone ${zone.name}`),
  );
}

/** A zone with those of its links only that are there and ours: by exact name and the link they are over. */
export function withOwnLinks(zone: ZoneRecord, links: Links): ZoneRecord {
  const nics = ownNics(zone).filter(({ link, over }) => {
    const have = links.get(link);
    return have?.class === 'vnic' && have.over === over;
  });
  return { ...zone, nics };
}

/** Takes away the etherstub of a network, if it is there and is one. */
export function planEtherstubRemoval({ name, etherstub }: Network, links: Links): HostStep[] {
  if (links.get(etherstub)?.class !== 'etherstub') return [];
  return [
    removal(
      etherstub,
      deleteEtherstub(etherstub),
      `${etherstub} belongs to network "${name}"`,
      `delete-network ${name}`,
    ),
  ];
}

/** The links over another one, in the order dladm lists them. */
export function linksOver(name: LinkName, links: Links): Link[] {
  return [...links.values()].filter(({ over }) => over === name);
}

function linkStep(sign: '+' | '~', command: Command, reason: string): HostStep {
  return { sign, about: 'link', what: formatCommand(command), note: reason, steps: [run(reason, command)] };
}

function removal(name: LinkName, command: Command, reason: string, again: string): HostStep {
  const hint = [
    `who has ${name} open:   /usr/sbin/ipadm show-if; /usr/sbin/flowadm show-flow -l ${name}; pgrep -fl snoop`,
    `then again:   znetadm ${again}`,
  ].join('\n');
  const steps = [run(reason, command, { retrySeconds: BUSY_SECONDS, hint })];
  return { sign: '-', about: 'link', what: formatCommand(command), note: reason, steps };
}

function notOurs({ name, class: kind, over, details }: Link, recorded: string): OperatorError {
  const tag = details === undefined || details.vlan === 0 ? '' : ` in VLAN ${details.vlan}`;
  const found = over === undefined ? `a link of class ${kind}` : `a ${kind} over ${over}${tag}`;
  return new OperatorError('NOT_OURS', `Cannot use link ${name}: it ${recorded}, but is ${found}`, {
    hint: `Somebody else made it. Give it another name: /usr/sbin/dladm rename-link ${name} NEW`,
  });
}
