import type { ZoneRecord } from '../domain/zone-record.ts';
import type { Command } from '../illumos/command.ts';
import { formatCommand } from '../illumos/command.ts';
import { createInterface, deleteInterface } from '../illumos/ipadm.ts';
import type { HostStep } from './host-step.ts';
import { run } from './step.ts';

/**
 * Plumbs the links of a zone that shares the host's IP stack: zoneadmd adds the zone's addresses to interfaces of the
 * global zone, which have to be there. Empty for other zones, and when all are.
 */
export function planInterfaces({ name, ipType, nics }: ZoneRecord, interfaces: ReadonlySet<string>): HostStep[] {
  if (ipType === 'exclusive') return [];
  return nics
    .filter(({ link }) => !interfaces.has(link))
    .map(({ link }) => step('+', createInterface(link), `zone "${name}" has its addresses on it`));
}

/** Unplumbs them. */
export function planInterfaceRemoval({ name, ipType, nics }: ZoneRecord, interfaces: ReadonlySet<string>): HostStep[] {
  if (ipType === 'exclusive') return [];
  return nics
    .filter(({ link }) => interfaces.has(link))
    .map(({ link }) => step('-', deleteInterface(link), `${link} belongs to zone "${name}"`));
}

function step(sign: '+' | '-', command: Command, reason: string): HostStep {
  return { sign, about: 'link', what: formatCommand(command), note: reason, steps: [run(reason, command)] };
}
