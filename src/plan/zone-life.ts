import { GLOBAL, type ZoneName } from '../domain/names.ts';
import { hasMethod, type ZoneRecord } from '../domain/zone-record.ts';
import { type Command, formatCommand } from '../illumos/command.ts';
import { importIntoZone, importManifest } from '../illumos/svc-host.ts';
import {
  bootZone,
  cloneZone,
  haltZone,
  installZone,
  rebootZone,
  uninstallZone,
  type ZoneState,
} from '../illumos/zoneadm.ts';
import { planHostServices } from './global-zone.ts';
import { manifestsOf } from './host-paths.ts';
import type { HostStep } from './host-step.ts';
import { run } from './step.ts';
import { checkOurs, forgetConfig, type ObservedZone, planUnconfigure } from './zone-config.ts';

/** Of the zone's repository below its root (§6.5). */
const REPOSITORY = 'etc/svc/repository.db';

/**
 * Installs a zone and gives it our services, which have to be known before its first boot (§6.5). Empty once the record
 * is ready: from then on the zone may have run, and what is below its root is not ours to write (§8.5).
 *
 * A copy has the services of the zone it is copied from, and may have run as that: its root is not written either.
 */
export function planInstall(record: ZoneRecord, observed: ObservedZone | undefined): HostStep[] {
  if (record.name === GLOBAL) return record.state === 'creating' ? planHostServices() : [];
  const { name, state: phase, install, cloneOf } = record;
  const state = observed?.state ?? 'configured';
  if (phase !== 'creating' || !install || !['configured', 'incomplete', 'installed'].includes(state)) return [];
  const command = cloneOf === undefined ? installZone(name) : cloneZone(name, cloneOf);
  return [
    ...(state === 'incomplete'
      ? [zoneStep('-', 'zone', uninstallZone(name), 'an earlier installation was cut off')]
      : []),
    ...(state === 'installed' ? [] : [zoneStep('+', 'zone', command, '')]),
    ...(hasMethod(record) && cloneOf === undefined
      ? manifestsOf(record).map((manifest) => importStep(record, manifest))
      : []),
  ];
}

function importStep({ zonepath }: ZoneRecord, manifest: string): HostStep {
  const command = importManifest(`${zonepath}/root/${REPOSITORY}`, manifest);
  const reason = 'before the first boot';
  const [below, path] = [zonepath, `root/${REPOSITORY}`];
  return {
    sign: '+',
    about: 'service',
    what: formatCommand(command),
    note: reason,
    steps: [{ kind: 'guard', reason: 'nothing may lead out of the zone', below, path }, run(reason, command)],
  };
}

/** Boots a zone, anew when it runs: it reads its configuration then. */
export function planBoot(zone: ZoneName, state: ZoneState | undefined): HostStep[] {
  const command = state === 'running' ? rebootZone(zone) : bootZone(zone);
  return [{ ...zoneStep('+', 'boot', command, ''), sign: state === 'running' ? '~' : '+' }];
}

/** Gives a running zone our services, through its own repository server. */
export function planLiveImport(record: Pick<ZoneRecord, 'name' | 'role'>, service: string): HostStep[] {
  const { name: zone } = record;
  return manifestsOf(record).map((manifest): HostStep => {
    const command = importIntoZone(zone, manifest);
    const reason = `zone "${zone}" has no ${service}`;
    return { sign: '+', about: 'service', what: formatCommand(command), note: reason, steps: [run(reason, command)] };
  });
}

/** Boots a zone for the first time. Empty when it has been, or is not to be. */
export function planFirstBoot({ name, bootPending }: ZoneRecord, observed: ObservedZone | undefined): HostStep[] {
  if (!bootPending || observed?.state === 'running') return [];
  return [zoneStep('+', 'boot', bootZone(name), '')];
}

/**
 * Halts, uninstalls and forgets a zone, as far as it is there. One that was attached only loses what is ours.
 *
 * @throws {OperatorError} NOT_OURS when the zone is not the one that was recorded
 */
export function planZoneRemoval(record: ZoneRecord, observed: ObservedZone | undefined): HostStep[] {
  if (record.name === GLOBAL) return [];
  if (record.origin === 'attached') return planUnconfigure(record, observed);
  if (observed === undefined) return [];
  checkOurs(record, observed);
  const { name } = record;
  const { state } = observed;
  const down = state === 'configured' || state === 'incomplete' || state === 'installed';
  return [
    ...(down ? [] : [haltStep(record, `it is ${state}`)]),
    ...(state === 'configured' ? [] : [zoneStep('-', 'zone', uninstallZone(name), '', holding(record))]),
    forgetConfig(record, ''),
  ];
}

/** Seconds to go on halting a zone that sticks on its way down; most that stick come down at the second try (§5.1). */
const HALT_SECONDS = 15;

function haltStep(record: ZoneRecord, note: string): HostStep {
  const command = haltZone(record.name);
  const how = { retrySeconds: HALT_SECONDS, retryAlways: true, hint: holding(record) } as const;
  return { sign: '-', about: 'zone', what: formatCommand(command), note, steps: [run(note, command, how)] };
}

/** What to do when a zone cannot be halted or uninstalled: something of it is still in use. */
function holding({ name, zonepath }: ZoneRecord): string {
  return [
    'something holds its files or links; its record says "deleting", so nothing is lost',
    `see its state:   /usr/sbin/zoneadm -z ${name} list -v`,
    `who holds it:    /usr/sbin/fuser -cu ${zonepath}/root`,
    `then again:      znetadm delete-zone ${name}`,
  ].join('\n');
}

function zoneStep(sign: '+' | '-', about: 'zone' | 'boot', command: Command, note: string, hint?: string): HostStep {
  const reason = note === '' ? 'the zone is wanted so' : note;
  const how = hint === undefined ? {} : { hint };
  return { sign, about, what: formatCommand(command), note, steps: [run(reason, command, how)] };
}
