import { OperatorError } from '../domain/errors.ts';
import { GLOBAL, type ZoneName } from '../domain/names.ts';
import type { ZoneRecord } from '../domain/zone-record.ts';
import { formatCommand } from '../illumos/command.ts';
import {
  type AppliedStatus,
  explainService,
  FORWARDING_SERVICE,
  logOf,
  parseAppliedStatus,
  parseServiceStates,
  refreshZone,
  SETUP_SERVICE,
  showAppliedStatus,
  showServiceStates,
} from '../illumos/svc-host.ts';
import { listZones, parseZones } from '../illumos/zoneadm.ts';
import { manifestsOf } from '../plan/host-paths.ts';
import { ask } from '../system/ask.ts';
import type { System } from '../system/system.ts';

/** How far a running zone has come with its metadata. */
export interface Applied {
  /** State of the set-up service; missing while the zone's repository is not up. */
  readonly setup?: string;
  /** State of the forwarding service; missing where it is not known. */
  readonly forwarding?: string;
  /** The zone runs services, and ours is none of them. */
  readonly absent?: true;
  /** Missing while it cannot be asked. */
  readonly status?: AppliedStatus;
}

/** Asks a running zone. A zone that is still booting cannot answer: what is not known is missing (§5.5). */
export async function observeApplied(zone: ZoneName, system: System): Promise<Applied> {
  const states = await system.run(showServiceStates(zone, [SETUP_SERVICE, FORWARDING_SERVICE]));
  const found = parseServiceStates(states.stdout);
  const [setup, forwarding] = [found.get(SETUP_SERVICE), found.get(FORWARDING_SERVICE)];
  if (setup === undefined) return /doesn't match any instances/.test(states.stderr) ? { absent: true } : {};
  const status = await system.run(showAppliedStatus(zone));
  return {
    setup,
    ...(forwarding === undefined ? {} : { forwarding }),
    ...(status.status === 0 ? { status: parseAppliedStatus(status.stdout) } : {}),
  };
}

/** What a zone has brought up when its services can be asked, and changed. */
const UP = 'svc:/milestone/single-user:default';

/**
 * Waits until the services of a zone that boots can be asked (§5.5).
 *
 * @throws {OperatorError} COMMAND_TIMEOUT
 */
export async function waitForServices(zone: ZoneName, seconds: number, system: System): Promise<void> {
  const end = system.monotonic() + seconds * 1000;
  for (;;) {
    const states = parseServiceStates((await system.run(showServiceStates(zone, [UP]))).stdout);
    if (states.get(UP) === 'online') return;
    if (system.monotonic() >= end) {
      throw new OperatorError(
        'COMMAND_TIMEOUT',
        `Cannot go on: after ${seconds} s ${UP} of zone "${zone}" is not online`,
        {
          hint: `See: ${formatCommand(explainService(zone, UP))}`,
        },
      );
    }
    await system.sleep(LONGEST_PAUSE);
  }
}

/** Whether a zone has done what its metadata say, as far as its role asks. */
export function isApplied({ role }: Pick<ZoneRecord, 'role'>, generation: number, applied: Applied): boolean {
  const { setup, forwarding, status } = applied;
  const verified = setup === 'online' && status?.verified === true && status.generation >= generation;
  return verified && (role === 'member' || forwarding === 'online');
}

/** Milliseconds: pauses between two looks, and how long a failure must last before it is believed. */
const [FIRST_PAUSE, LONGEST_PAUSE, PATIENCE] = [40, 500, 5000];

/**
 * Waits until a running zone has applied a generation of its metadata and verified it.
 *
 * A refresh that came while the zone was booting is lost (§6.4), so it is repeated.
 *
 * @throws {OperatorError} NOT_APPLIED with where to look and what to type after mending
 */
export async function waitApplied(
  zone: Pick<ZoneRecord, 'name' | 'role'>,
  generation: number,
  seconds: number,
  system: System,
): Promise<void> {
  const end = system.monotonic() + seconds * 1000;
  let [pause, unwellSince] = [FIRST_PAUSE, undefined as number | undefined];
  let [refreshed, heard] = [system.monotonic(), system.monotonic()];
  for (;;) {
    const applied = await observeApplied(zone.name, system);
    if (isApplied(zone, generation, applied)) return;
    const now = system.monotonic();
    unwellSince = isUnwell(applied) ? (unwellSince ?? now) : undefined;
    if (
      applied.setup === 'maintenance' ||
      waitsForBoot(generation, applied) ||
      (unwellSince !== undefined && now - unwellSince > 2 * PATIENCE) ||
      now > end
    ) {
      throw notApplied(zone, generation, applied, seconds);
    }
    if (applied.setup === 'online' && (applied.status?.generation ?? 0) < generation && now - refreshed > PATIENCE) {
      refreshed = now;
      await system.run(refreshZone(zone.name));
    }
    if (applied.setup !== undefined) heard = now;
    if (now - heard > PATIENCE) {
      await checkRunning(zone.name, system);
      heard = now;
    }
    await system.sleep(pause);
    pause = Math.min(LONGEST_PAUSE, pause * 1.25);
  }
}

/** A zone that was told of a generation of its metadata. */
interface Told {
  readonly record: Pick<ZoneRecord, 'name' | 'role'>;
  readonly generation: number;
  readonly running: boolean;
}

/**
 * Waits, one after the other, until those zones that run have applied what is published for them.
 *
 * @throws {OperatorError} as `waitApplied`
 */
export async function waitForRunning(publications: readonly Told[], seconds: number, system: System): Promise<void> {
  for (const { record, generation, running } of publications) {
    if (running) await waitApplied(record, generation, seconds, system);
  }
}

/** A zone that is down will never answer. @throws {OperatorError} NOT_APPLIED */
async function checkRunning(name: ZoneName, system: System): Promise<void> {
  const entry = parseZones(await ask(listZones(), system)).find((candidate) => candidate.name === name);
  if (entry?.state === 'running') return;
  const message = `Cannot vouch for the network of zone "${name}": the zone is ${entry?.state ?? 'gone'}, not running`;
  throw new OperatorError('NOT_APPLIED', message, { hint: `to boot it:   /usr/sbin/zoneadm -z ${name} boot` });
}

/** A zone without Node says so of metadata that come while it runs (src/zone/zonenet-boot.sh). */
function waitsForBoot(generation: number, { status }: Applied): boolean {
  return status?.message?.startsWith(`generation ${generation} waits for the next boot`) === true;
}

/** It stands still and says that something went wrong. */
function isUnwell({ setup, forwarding, status, absent }: Applied): boolean {
  const runs = setup === 'online' || setup === 'degraded';
  return absent === true || (runs && status?.message !== undefined) || forwarding === 'maintenance';
}

function notApplied(
  record: Pick<ZoneRecord, 'name' | 'role'>,
  generation: number,
  applied: Applied,
  seconds: number,
): OperatorError {
  const { name } = record;
  const { setup, forwarding, status } = applied;
  if (applied.absent === true) {
    const message = `Cannot vouch for the network of zone "${name}": it has no ${SETUP_SERVICE}`;
    return new OperatorError('NOT_APPLIED', message, { hint: howToGiveServices(record) });
  }
  const service = setup === 'online' && forwarding === 'maintenance' ? FORWARDING_SERVICE : SETUP_SERVICE;
  const state = service === SETUP_SERVICE ? setup : forwarding;
  const found =
    state === undefined
      ? `after ${seconds} s its services cannot be asked`
      : `${service} is ${state}${status === undefined ? '' : `, applied is generation ${status.generation} of ${generation}`}`;
  const said = status?.message === undefined ? '' : `\n  it says: ${status.message}`;
  return new OperatorError('NOT_APPLIED', `Cannot vouch for the network of zone "${name}": ${found}${said}`, {
    hint: waitsForBoot(generation, applied)
      ? `to have it now:  /usr/sbin/zoneadm -z ${name} reboot`
      : howToGoOn(name, service, state),
  });
}

/** What a person types to give our services to a zone that somebody else made: it is not ours to write into (§8.5). */
export function howToGiveServices(record: Pick<ZoneRecord, 'name' | 'role'>): string {
  const imports = manifestsOf(record).map(
    (manifest) => `/usr/sbin/zlogin ${record.name} /usr/sbin/svccfg import ${manifest}`,
  );
  return ['to give it the services, when it has been booted since it was configured:', ...imports].join('\n');
}

/** What a person types to see why a service of a zone is not well, being in that state, and to go on after mending. */
export function howToGoOn(zone: ZoneName, service: string, state: string | undefined): string {
  const again = state === 'maintenance' ? `clear ${service}` : `refresh ${SETUP_SERVICE}`;
  return [
    `look at:         ${formatCommand(explainService(zone, service))}`,
    `its log:         ${zone === GLOBAL ? '' : `/usr/sbin/zlogin ${zone} `}tail -50 ${logOf(service)}`,
    // Set-up starts what waits for it.
    `after mending:   /usr/sbin/svcadm ${zone === GLOBAL ? '' : `-z ${zone} `}${again}`,
  ].join('\n');
}
