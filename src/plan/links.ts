import { OperatorError } from '../domain/errors.ts';
import type { LinkName } from '../domain/names.ts';
import type { Network } from '../domain/network.ts';
import type { ZoneRecord } from '../domain/zone-record.ts';
import type { Command } from '../illumos/command.ts';
import { formatCommand } from '../illumos/command.ts';
import { createEtherstub, createVnic, deleteEtherstub, deleteVnic, type Link, setMtu } from '../illumos/dladm.ts';
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
 * Makes the links of a zone, and sets the MTU where it is another. Empty when they are as recorded.
 *
 * @throws {OperatorError} NOT_OURS when another link has a recorded name
 */
export function planVnics(zone: ZoneRecord, links: Links): HostStep[] {
  return zone.nics.flatMap(({ link, over, mtu }) => {
    const have = links.get(link);
    if (have !== undefined && (have.class !== 'vnic' || have.over !== over)) {
      throw notOurs(have, `is recorded as a VNIC over ${over} of zone "${zone.name}"`);
    }
    const made = have === undefined ? [linkStep('+', createVnic({ name: link, over }), `${link} is missing`)] : [];
    const startsAt = have?.mtu ?? mtuOver(links.get(over));
    if (startsAt === mtu) return made;
    const why = have === undefined ? `a VNIC over ${over} starts at ${startsAt}` : `${link} has an MTU of ${startsAt}`;
    return [...made, linkStep(have === undefined ? '+' : '~', setMtu(link, mtu), why)];
  });
}

/** The etherstub may not be there yet: the plan that makes it comes first. */
function mtuOver(lower: Link | undefined): number {
  return lower?.mtu ?? ETHERSTUB_MTU;
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
  const nics = zone.nics.filter(({ link, over }) => {
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

function notOurs({ name, class: kind, over }: Link, recorded: string): OperatorError {
  const found = over === undefined ? `a link of class ${kind}` : `a ${kind} over ${over}`;
  return new OperatorError('NOT_OURS', `Cannot use link ${name}: it ${recorded}, but is ${found}`, {
    hint: `Somebody else made it. Give it another name: /usr/sbin/dladm rename-link ${name} NEW`,
  });
}
