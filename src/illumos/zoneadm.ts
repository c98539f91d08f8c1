import { OperatorError } from '../domain/errors.ts';
import type { ZoneName } from '../domain/names.ts';
import type { Command } from './command.ts';

const ZONEADM = '/usr/sbin/zoneadm';

const STATES = [
  'configured',
  'incomplete',
  'installed',
  'ready',
  'mounted',
  'running',
  'shutting_down',
  'down',
] as const;

/** States of a zone (§5.1). */
export type ZoneState = (typeof STATES)[number];

/** A zone as the host lists it. */
export interface ZoneEntry {
  /** Not every zone of a host has a name that we would give one: "global". */
  readonly name: string;
  /** New at every boot; missing unless the zone is ready or running. */
  readonly id?: number;
  readonly state: ZoneState;
  readonly zonepath: string;
  readonly brand: string;
}

/** Every zone of the host, in any state, the global zone included. */
export function listZones(): Command {
  return { program: ZONEADM, args: ['list', '-cp'] };
}

/**
 * Reads `zoneadm list -cp`: id:name:state:zonepath:uuid:brand:ip-type.
 *
 * Only a ":" in the zonepath has a "\" before it; further fields may follow (§5.2). Those zones are read that are `wanted`;
 * missing: all of them.
 *
 * @throws {OperatorError} OUTPUT_UNEXPECTED
 */
export function parseZones(stdout: string, wanted?: ReadonlySet<string>): ZoneEntry[] {
  return stdout
    .split('\n')
    .filter((line) => line !== '' && (wanted === undefined || wanted.has(line.split(':', 2)[1] ?? '')))
    .map((line) => {
      const fields = line.includes('\\') ? line.split(/(?<!\\):/) : line.split(':');
      const [id = '', name = '', word, zonepath = '', , brand = ''] = fields;
      const state = STATES.find((candidate) => candidate === word);
      if (fields.length < 7 || state === undefined || !/^(-|\d+)$/.test(id)) {
        throw new OperatorError('OUTPUT_UNEXPECTED', `Cannot read "${line}" as a zone`, {
          hint: `It is a line of "${ZONEADM} list -cp"; is this the zoneadm of illumos?`,
        });
      }
      return {
        name,
        ...(id === '-' ? {} : { id: Number(id) }),
        state,
        zonepath: zonepath.replaceAll('\\:', ':'),
        brand,
      };
    });
}

/** Installing may fetch packages: an hour. */
export function installZone(zone: ZoneName): Command {
  return { program: ZONEADM, args: ['-z', zone, 'install'], timeoutSeconds: 3600 };
}

/** Copies an installed, halted zone: in ZFS at once, elsewhere file by file (§5.3). */
export function cloneZone(zone: ZoneName, source: ZoneName): Command {
  return { program: ZONEADM, args: ['-z', zone, 'clone', source], timeoutSeconds: 3600 };
}

/** Ends when init was started, long before the services are up (§5.5). Booted already is success. */
export function bootZone(zone: ZoneName): Command {
  return { program: ZONEADM, args: ['-z', zone, 'boot'], timeoutSeconds: 600 };
}

/** Down and up again at once, with a fresh look at its configuration (§5.4). */
export function rebootZone(zone: ZoneName): Command {
  return { program: ZONEADM, args: ['-z', zone, 'reboot'], timeoutSeconds: 600 };
}

/** Ends when the zone is down and its links are back in the global zone (§1.12). Halted already is success. */
export function haltZone(zone: ZoneName): Command {
  return { program: ZONEADM, args: ['-z', zone, 'halt'], timeoutSeconds: 300 };
}

/** -F: there is nobody to ask (§5.3). */
export function uninstallZone(zone: ZoneName): Command {
  return { program: ZONEADM, args: ['-z', zone, 'uninstall', '-F'], timeoutSeconds: 1800 };
}
