import { GLOBAL, type ZoneName } from '../domain/names.ts';
import type { Command } from './command.ts';

const [SVCS, SVCPROP, SVCADM, SVCCFG] = ['/usr/bin/svcs', '/usr/bin/svcprop', '/usr/sbin/svcadm', '/usr/sbin/svccfg'];

/** The service that makes a zone so, and the one that turns forwarding on in a proxy. */
export const SETUP_SERVICE = 'svc:/network/zonenet:default';
export const FORWARDING_SERVICE = 'svc:/network/zonenet-forwarding:default';

/** The global zone is where these programs run; of others they are told. */
const inZone = (zone: ZoneName) => (zone === GLOBAL ? [] : ['-z', zone]);

/**
 * Asks for the states of services in a running zone. It fails while the zone's repository is not up yet: that means
 * "not yet", no more (§5.5).
 */
export function showServiceStates(zone: ZoneName, services: readonly string[]): Command {
  return { program: SVCS, args: [...inZone(zone), '-H', '-o', 'state,fmri', ...services] };
}

/** Reads what `showServiceStates` printed: FMRI → state, with a "*" at its end while it is changing (§6.7). */
export function parseServiceStates(stdout: string): Map<string, string> {
  return new Map(
    stdout.split('\n').flatMap((line) => {
      const [, state, fmri] = /^(\S+)\s+(\S+)\s*$/.exec(line) ?? [];
      return state === undefined || fmri === undefined ? [] : [[fmri, state] as const];
    }),
  );
}

/** Asks for the states of services in all running zones, in one command; a zone that cannot be asked is left out. */
export function showAllServiceStates(services: readonly string[]): Command {
  return { program: SVCS, args: ['-Z', '-H', '-o', 'state,fmri,zone', ...services] };
}

/** Reads what `showAllServiceStates` printed: zone → FMRI → state, with a "*" at its end while it is changing (§6.7). */
export function parseAllServiceStates(stdout: string): Map<string, Map<string, string>> {
  const zones = new Map<string, Map<string, string>>();
  for (const line of stdout.split('\n')) {
    const [, state, fmri, zone] = /^(\S+)\s+(\S+)\s+(\S+)\s*$/.exec(line) ?? [];
    if (state === undefined || fmri === undefined || zone === undefined) continue;
    const services = zones.get(zone) ?? new Map<string, string>();
    zones.set(zone, services.set(fmri, state));
  }
  return zones;
}

/** What a zone's method said last of its work: the property group "status" of its service. */
export interface AppliedStatus {
  /** Of the metadata; 0: none was ever applied. */
  readonly generation: number;
  readonly verified: boolean;
  /** What went wrong; missing when nothing did. */
  readonly message?: string;
}

/** Asks for the status as it is now (-c), not as it was when the running snapshot was taken (§6.7). */
export function showAppliedStatus(zone: ZoneName): Command {
  return { program: SVCPROP, args: [...inZone(zone), '-c', '-p', 'status', SETUP_SERVICE] };
}

/** Reads what `showAppliedStatus` printed: lines "status/generation count 7", values with "\" before blanks (§11.7). */
export function parseAppliedStatus(stdout: string): AppliedStatus {
  const values = new Map(
    stdout.split('\n').flatMap((line) => {
      const [, name, value] = /^status\/(\S+) \S+ (.*)$/.exec(line) ?? [];
      return name === undefined || value === undefined ? [] : [[name, unescapeValue(value)] as const];
    }),
  );
  const message = values.get('message') ?? '';
  return {
    generation: Number(values.get('generation') ?? 0),
    verified: values.get('verified') === 'true',
    ...(message === '' ? {} : { message }),
  };
}

function unescapeValue(text: string): string {
  return text === '""' ? '' : text.replace(/\\(.)/gs, '$1');
}

/** Asks a running zone to read its metadata again. Returns at once; poll the status (§6.8). */
export function refreshZone(zone: ZoneName): Command {
  return { program: SVCADM, args: [...inZone(zone), 'refresh', SETUP_SERVICE] };
}

/** Puts a manifest into the repository of a halted zone. One file a call: of several, failures exit 0 (§6.6). */
export function importManifest(repository: string, manifest: string): Command {
  return { program: SVCCFG, args: ['import', manifest], env: { SVCCFG_REPOSITORY: repository } };
}

/** Puts a manifest into the repository of a running zone, through the zone's own server (§6.6). */
export function importIntoZone(zone: ZoneName, manifest: string): Command {
  return { program: SVCCFG, args: [...inZone(zone), 'import', manifest] };
}

/** What a person types to see why a zone's service is not well. */
export function explainService(zone: ZoneName, service: string): Command {
  return { program: SVCS, args: [...inZone(zone), '-xv', service] };
}

/** Where a service logs, in its zone (§6.3). */
export function logOf(service: string): string {
  return `/var/svc/log/${service.replace(/^svc:\//, '').replaceAll('/', '-')}.log`;
}

/** Takes a service and its instances out of the host's repository; they must be disabled (§6.6). */
export function deleteService(fmri: string): Command {
  return { program: SVCCFG, args: ['delete', fmri.replace(/:default$/, '')] };
}
