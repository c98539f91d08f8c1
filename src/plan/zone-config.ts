import { familyOf } from '../domain/address.ts';
import { OperatorError } from '../domain/errors.ts';
import { GLOBAL } from '../domain/names.ts';
import { formatInterfaceAddress } from '../domain/prefix.ts';
import { hasMethod, type ZoneNic, type ZoneRecord } from '../domain/zone-record.ts';
import { formatCommand } from '../illumos/command.ts';
import type { ZoneEntry } from '../illumos/zoneadm.ts';
import {
  applyConfig,
  type ConfigExtras,
  deleteConfig,
  formatAdditions,
  formatNewConfig,
  formatRemovals,
  type SharedAddress,
  type ZoneConfig,
  type ZoneFilesystem,
} from '../illumos/zonecfg.ts';
import { publishedDirectory, SEEN_IN_ZONE, SOFTWARE, VOLATILE, zonecfgFile } from './host-paths.ts';
import type { HostStep } from './host-step.ts';
import { run } from './step.ts';

/** The attribute that says which record a zone belongs to. No "_" in names of attributes (§4.4). */
const ID = 'zonenet-id';
const ROLE = 'zonenet-role';

/** A zone as zoneadm lists it, with its configuration. */
export interface ObservedZone extends ZoneEntry {
  readonly config: ZoneConfig;
}

/**
 * The configuration that a recorded zone should have. Metadata and software are for those that run our method; of a zone
 * that was only attached brand, zonepath and the like are its owner's, and as recorded then.
 */
export function desiredConfig(record: ZoneRecord): ZoneConfig {
  const { name, id, role, brand, zonepath, autoboot, ipType, nics } = record;
  return {
    brand,
    zonepath,
    autoboot,
    ipType,
    links: nics.map(({ link }) => link),
    filesystems: hasMethod(record) ? [lofs(SEEN_IN_ZONE, publishedDirectory(name)), lofs(SOFTWARE, SOFTWARE)] : [],
    attributes: { [ID]: id, [ROLE]: role },
  };
}

function lofs(dir: string, special: string): ZoneFilesystem {
  return { dir, special, type: 'lofs', options: ['ro', 'nodevices'] };
}

/** The addresses that zoneadmd gives a zone that shares the host's IP stack, with their routers. Missing for others. */
function sharedAddresses({ ipType, nics }: ZoneRecord): Pick<ConfigExtras, 'addresses'> {
  if (ipType === 'exclusive') return {};
  const entries = nics.map(({ link, addresses, routers }): [string, SharedAddress[]] => [
    link,
    addresses.map((one) => {
      const router = routers.find((other) => familyOf(other) === familyOf(one.address));
      return { address: formatInterfaceAddress(one), ...(router === undefined ? {} : { router }) };
    }),
  ]);
  return { addresses: Object.fromEntries(entries) };
}

/**
 * Makes the configuration of a zone, or adds what it lacks. Empty when it has all of ours.
 *
 * One that is being made and was never installed is configured anew where it differs, since zonecfg may have stored the half of a
 * file (§4.6). Of any other, and of one that somebody else made, only what is missing is added: the rest is its administrator's.
 *
 * @throws {OperatorError} NOT_OURS when the zone is there and not the one that was recorded, NOT_FOUND when one that was
 * attached is gone
 */
export function planZoneConfig(record: ZoneRecord, observed: ObservedZone | undefined): HostStep[] {
  // The host has no configuration of that kind.
  if (record.name === GLOBAL) return [];
  const want = desiredConfig(record);
  const extras = sharedAddresses(record);
  if (record.origin === 'attached') return planAttached(record, want, observed);
  const { template, extra } = record;
  const text = formatNewConfig(want, { ...extras, lines: extra, ...(template === undefined ? {} : { template }) });
  if (observed === undefined) return [configure(record, text, '+', '')];
  checkOurs(record, observed);
  const lacking = lackingIn(observed.config, want);
  if (observed.state === 'configured' && record.state === 'creating') {
    const complete = observed.config.attributes[ROLE] === record.role;
    if (lacking === undefined && complete && sameGlobals(observed.config, want)) return [];
    return [forgetConfig(record, 'only a part of it was stored'), configure(record, text, '+', '')];
  }
  return lacking === undefined ? [] : [configure(record, formatAdditions(lacking, extras), '~', FROM_NEXT_BOOT)];
}

const FROM_NEXT_BOOT = 'holds from its next boot';

/** Our mark goes in with the first of ours, in one go: a zone with another one's mark is refused. */
function planAttached(record: ZoneRecord, want: ZoneConfig, observed: ObservedZone | undefined): HostStep[] {
  const { name } = record;
  if (observed === undefined) {
    throw new OperatorError('NOT_FOUND', `Cannot configure zone "${name}": it is attached, and gone`, {
      hint: `Make it again as its owner did, or forget it: znetadm detach-zone ${name}`,
    });
  }
  const marked = observed.config.attributes[ID] !== undefined;
  if (marked) checkOurs(record, observed);
  const lacking = lackingIn(observed.config, want);
  if (marked && lacking === undefined) return [];
  const additions = { ...lacking, ...(marked ? {} : { attributes: want.attributes }) };
  const note = observed.state === 'running' ? FROM_NEXT_BOOT : '';
  return [configure(record, formatAdditions(additions, sharedAddresses(record)), '~', note)];
}

/**
 * Takes what is ours out of the configuration of a zone, as far as it is there; nothing else of it is touched. Empty when
 * nothing is.
 *
 * @throws {OperatorError} NOT_OURS
 */
export function planUnconfigure(record: ZoneRecord, observed: ObservedZone | undefined): HostStep[] {
  if (observed === undefined) return [];
  const { config } = observed;
  if (config.attributes[ID] !== undefined) checkOurs(record, observed);
  const ours = desiredConfig(record);
  const links = ours.links.filter((link) => config.links.includes(link));
  const filesystems = ours.filesystems.filter((wanted) => config.filesystems.some((found) => sameMount(found, wanted)));
  const marks = Object.entries(ours.attributes).filter(([name, value]) => config.attributes[name] === value);
  if (links.length + filesystems.length + marks.length === 0) return [];
  const text = formatRemovals({ links, filesystems, attributes: Object.fromEntries(marks) });
  return [configure(record, text, '-', observed.state === 'running' ? FROM_NEXT_BOOT : '')];
}

/** The id of the record that a zone on the host belongs to, this one or another. Undefined: it belongs to none. */
export function markOf({ config }: Pick<ObservedZone, 'config'>): string | undefined {
  return config.attributes[ID];
}

/**
 * Takes some links out of the configuration of a zone. Empty when none of them is in it.
 *
 * @throws {OperatorError} NOT_OURS
 */
export function planUnlink(
  record: ZoneRecord,
  nics: readonly Pick<ZoneNic, 'link'>[],
  observed: ObservedZone | undefined,
): HostStep[] {
  if (observed === undefined) return [];
  checkOurs(record, observed);
  const links = nics.flatMap(({ link }) => (observed.config.links.includes(link) ? [link] : []));
  return links.length === 0 ? [] : [configure(record, formatRemovals({ links }), '-', '')];
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

const REASONS = {
  '+': 'is not configured',
  '~': 'lacks a part of its configuration',
  '-': 'gives up what was added to its configuration',
};

function configure({ name }: ZoneRecord, text: string, sign: '+' | '~' | '-', note: string): HostStep {
  const path = zonecfgFile(name);
  const command = applyConfig(name, path);
  const count = text.trimEnd().split('\n').length;
  const reason = `zone "${name}" ${REASONS[sign]}`;
  return {
    sign,
    about: 'zone',
    what: `${formatCommand({ ...command, args: command.args.slice(0, -1) })} (${count} lines, -v shows them)`,
    note,
    detail: text,
    steps: [
      { kind: 'directory', reason: 'for the file that zonecfg reads', path: VOLATILE, mode: 0o700 },
      { kind: 'write', reason, file: { path, content: text, mode: 0o600, scratch: true }, replaces: false },
      run(reason, command),
      { kind: 'remove', reason: 'zonecfg has read it', path, scratch: true },
    ],
  };
}

/** Forgets the configuration of a zone that is not installed. */
export function forgetConfig({ name }: ZoneRecord, reason: string): HostStep {
  const command = deleteConfig(name);
  return { sign: '-', about: 'zone', what: formatCommand(command), note: reason, steps: [run(reason, command)] };
}
