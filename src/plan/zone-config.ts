import { OperatorError } from '../domain/errors.ts';
import type { ZoneRecord } from '../domain/zone-record.ts';
import { formatCommand } from '../illumos/command.ts';
import type { ZoneEntry } from '../illumos/zoneadm.ts';
import {
  applyConfig,
  deleteConfig,
  formatAdditions,
  formatNewConfig,
  type ZoneConfig,
  type ZoneFilesystem,
} from '../illumos/zonecfg.ts';
import { publishedDirectory, SEEN_IN_ZONE, SOFTWARE, VOLATILE, zonecfgFile } from './host-paths.ts';
import type { HostStep } from './host-step.ts';
import { run } from './step.ts';

/** The attribute that says which record a zone belongs to. No "_" in names of attributes (§4.4). */
const ID = 'zonenet-id';

/** A zone as zoneadm lists it, with its configuration. */
export interface ObservedZone extends ZoneEntry {
  readonly config: ZoneConfig;
}

/** The configuration that a recorded zone should have. */
export function desiredConfig({ name, id, role, brand, zonepath, autoboot, nics }: ZoneRecord): ZoneConfig {
  return {
    brand,
    zonepath,
    autoboot,
    ipType: 'exclusive',
    links: nics.map(({ link }) => link),
    filesystems: [lofs(SEEN_IN_ZONE, publishedDirectory(name)), lofs(SOFTWARE, SOFTWARE)],
    attributes: { [ID]: id, 'zonenet-role': role },
  };
}

function lofs(dir: string, special: string): ZoneFilesystem {
  return { dir, special, type: 'lofs', options: ['ro', 'nodevices'] };
}

/**
 * Makes the configuration of a zone, or adds what it lacks. Empty when it has all of ours.
 *
 * A zone that was never installed is configured anew where it differs, since zonecfg may have stored the half of a file
 * (§4.6). Of an installed one only links and file systems are added: the rest is its administrator's.
 *
 * @throws {OperatorError} NOT_OURS when the zone is there and not the one that was recorded
 */
export function planZoneConfig(record: ZoneRecord, observed: ObservedZone | undefined): HostStep[] {
  const want = desiredConfig(record);
  if (observed === undefined) return [configure(record, formatNewConfig(want), '+', '')];
  checkOurs(record, observed);
  const lacking = lackingIn(observed.config, want);
  if (observed.state === 'configured') {
    if (lacking === undefined && sameGlobals(observed.config, want)) return [];
    return [forgetConfig(record, 'only a part of it was stored'), configure(record, formatNewConfig(want), '+', '')];
  }
  return lacking === undefined ? [] : [configure(record, formatAdditions(lacking), '~', 'holds from its next boot')];
}

/** Whether a zone on the host is the recorded one. */
export function isOurs({ id }: ZoneRecord, observed: ObservedZone): boolean {
  return observed.config.attributes[ID] === id;
}

/** @throws {OperatorError} NOT_OURS */
export function checkOurs(record: ZoneRecord, observed: ObservedZone): void {
  if (isOurs(record, observed)) return;
  const found = observed.config.attributes[ID];
  const why = found === undefined ? `it has no attribute ${ID}` : `its ${ID} is ${found}, not ${record.id}`;
  throw new OperatorError('NOT_OURS', `Cannot touch zone "${record.name}": it is not the one znetadm made; ${why}`, {
    hint: `See: /usr/sbin/zonecfg -z ${record.name} info attr`,
  });
}

/** The links and file systems that a configuration has not. Undefined when it has all. */
export function lackingIn(have: ZoneConfig, want: ZoneConfig): Pick<ZoneConfig, 'links' | 'filesystems'> | undefined {
  const links = want.links.filter((link) => !have.links.includes(link));
  const filesystems = want.filesystems.filter((wanted) => !have.filesystems.some((found) => sameMount(found, wanted)));
  return links.length + filesystems.length === 0 ? undefined : { links, filesystems };
}

function sameMount(a: ZoneFilesystem, b: ZoneFilesystem): boolean {
  const options = (filesystem: ZoneFilesystem) => [...filesystem.options].sort().join();
  return a.dir === b.dir && a.special === b.special && a.type === b.type && options(a) === options(b);
}

function sameGlobals(have: ZoneConfig, want: ZoneConfig): boolean {
  return (
    have.brand === want.brand &&
    have.zonepath === want.zonepath &&
    have.autoboot === want.autoboot &&
    have.ipType === want.ipType
  );
}

function configure({ name }: ZoneRecord, text: string, sign: '+' | '~', note: string): HostStep {
  const path = zonecfgFile(name);
  const command = applyConfig(name, path);
  const count = text.trimEnd().split('\n').length;
  const reason = sign === '+' ? `zone "${name}" is not configured` : `the configuration of zone "${name}" lacks a part`;
  return {
    sign,
    about: 'zone',
    what: `${formatCommand({ ...command, args: command.args.slice(0, -1) })} (${count} lines, -v shows them)`,
    note,
    detail: text,
    steps: [
      { kind: 'directory', reason: 'for the file that zonecfg reads', path: VOLATILE, mode: 0o700 },
      { kind: 'write', reason, file: { path, content: text, mode: 0o600 }, replaces: false },
      run(reason, command),
      { kind: 'remove', reason: 'zonecfg has read it', path },
    ],
  };
}

/** Forgets the configuration of a zone that is not installed. */
export function forgetConfig({ name }: ZoneRecord, reason: string): HostStep {
  const command = deleteConfig(name);
  return { sign: '-', about: 'zone', what: formatCommand(command), note: reason, steps: [run(reason, command)] };
}
