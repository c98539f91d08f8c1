import { OperatorError } from '../domain/errors.ts';
import { type NetworkName, parseAnyZoneName, parseNetworkName, type ZoneName } from '../domain/names.ts';
import type { Network } from '../domain/network.ts';
import type { Prefix } from '../domain/prefix.ts';
import { DEFAULT_SETTINGS, type Settings } from '../domain/settings.ts';
import type { ZoneRecord } from '../domain/zone-record.ts';
import { parseNetworkRecord } from '../ini/network-record.ts';
import { parseSettings } from '../ini/settings.ts';
import { parseUlaRecord } from '../ini/ula-record.ts';
import { parseZoneRecord } from '../ini/zone-record.ts';
import {
  NETWORK_RECORDS,
  SETTINGS_FILE,
  TRANSACTION_FILE,
  ULA_RECORD,
  ZONE_RECORDS,
  zoneRecordFile,
} from '../plan/host-paths.ts';
import type { System } from '../system/system.ts';
import { readIndexed } from './record-index.ts';

/** How the name of a record's file ends. */
const RECORD = '.ini';

/** From how many zones on an index is faster than reading each record. */
const MANY = 32;

/** All records of the host, in order of their names. */
export interface Records {
  readonly networks: readonly Network[];
  readonly zones: readonly ZoneRecord[];
  /** What is wrong with the records that cannot be read: damaged, empty, or of something else. */
  readonly damaged: readonly OperatorError[];
}

/** Reads every record. One that cannot be read does not keep the others from working. */
export async function readRecords(system: System): Promise<Records> {
  const [networks, zones] = await Promise.all([readNetworkRecords(system), readZoneRecords(system)]);
  const cutOff = (await system.kindOf(TRANSACTION_FILE)) === undefined ? [] : [transactionCutOff()];
  return { networks: networks.read, zones: zones.read, damaged: [...networks.damaged, ...zones.damaged, ...cutOff] };
}

/** The records of networks that can be read. */
export async function readNetworks(system: System): Promise<Network[]> {
  return (await readNetworkRecords(system)).read;
}

/**
 * The record of one zone, as it is now.
 *
 * @throws {OperatorError} NOT_FOUND, RECORD_INVALID
 */
export async function readZone(name: ZoneName, system: System): Promise<ZoneRecord> {
  const file = zoneRecordFile(name);
  const text = await system.readFile(file);
  return text === undefined ? findZone(name, { zones: [] }) : parseZoneRecord(text, file, name);
}

const readNetworkRecords = (system: System) =>
  readDirectory(NETWORK_RECORDS, system, (text, file, name) => parseNetworkRecord(text, file, parseNetworkName(name)));

type ReadRecords<T> = { readonly read: T[]; readonly damaged: OperatorError[] };

/** Of few, each is read; of many, those that changed since they were last read. */
async function readZoneRecords(system: System): Promise<ReadRecords<ZoneRecord>> {
  const stamped = (await system.listStamped(ZONE_RECORDS)).filter(([name]) => name.endsWith(RECORD));
  const parse = (text: string, file: string, name: string) => parseZoneRecord(text, file, parseAnyZoneName(name));
  const readFiles = (files: readonly string[]) => readThese(ZONE_RECORDS, files, system, parse);
  if (stamped.length < MANY) return await readFiles(stamped.map(([name]) => name));
  return await readIndexed(stamped, readFiles, system);
}

/** Some of its records may be missing, so what is taken is not known until it is finished. */
function transactionCutOff(): OperatorError {
  return new OperatorError('RECORD_INVALID', `${TRANSACTION_FILE}: a change of records is under way, or was cut off`, {
    hint: 'to finish it: znetadm repair',
  });
}

async function readDirectory<T>(
  directory: string,
  system: System,
  parse: (text: string, file: string, name: string) => T,
): Promise<ReadRecords<T>> {
  const files = (await system.list(directory)).filter((name) => name.endsWith(RECORD));
  return await readThese(directory, files, system, parse);
}

async function readThese<T>(
  directory: string,
  files: readonly string[],
  system: System,
  parse: (text: string, file: string, name: string) => T,
): Promise<ReadRecords<T>> {
  const read: T[] = [];
  const damaged: OperatorError[] = [];
  const texts = await Promise.all(
    files.map(async (file) => {
      const path = `${directory}/${file}`;
      try {
        const text = await system.readFile(path);
        // Else it is gone since the directory was listed: deleted meanwhile.
        if (text === undefined && (await system.kindOf(path)) === 'link') damaged.push(leadsNowhere(path));
        return text;
      } catch (error) {
        if (!(error instanceof OperatorError)) throw error;
        damaged.push(unreadable(path, error.message));
        return undefined;
      }
    }),
  );
  files.forEach((file, index) => {
    const text = texts[index];
    if (text === undefined) return;
    try {
      read.push(parse(text, `${directory}/${file}`, file.slice(0, -RECORD.length)));
    } catch (error) {
      if (!(error instanceof OperatorError)) throw error;
      const path = `${directory}/${file}`;
      const named = error.message.startsWith('/');
      damaged.push(named ? error : unreadable(path, `${path}: the name of the file: ${error.message}`));
    }
  });
  return { read, damaged };
}

function unreadable(path: string, message: string): OperatorError {
  return new OperatorError('RECORD_INVALID', message, { hint: `It is left as it is. Mend ${path}, or move it away` });
}

const leadsNowhere = (path: string) =>
  unreadable(path, `${path}: cannot be read: it is a symbolic link that leads nowhere`);

/**
 * Refuses to allocate while a record cannot be read: what it holds might be given away twice. `purpose` follows
 * "Cannot".
 *
 * @throws {OperatorError} RECORD_INVALID
 */
export function refuseDamaged({ damaged }: Records, purpose: string): void {
  const [first] = damaged;
  if (first === undefined) return;
  const count = damaged.length === 1 ? 'a record' : `${damaged.length} records`;
  const message = `Cannot ${purpose}: ${count} cannot be read, so what is taken is not known`;
  throw new OperatorError('RECORD_INVALID', message, {
    cause: first,
    ...(first.hint === undefined ? {} : { hint: first.hint }),
  });
}

/**
 * The settings of the host; all defaults where there is no file.
 *
 * @throws {OperatorError} INI_INVALID
 */
export async function readSettings(system: System): Promise<Settings> {
  const text = await system.readFile(SETTINGS_FILE);
  return text === undefined ? DEFAULT_SETTINGS : parseSettings(text, SETTINGS_FILE);
}

/** @throws {OperatorError} NOT_FOUND */
export function findZone(name: ZoneName, { zones }: Pick<Records, 'zones'>): ZoneRecord {
  const zone = zones.find((candidate) => candidate.name === name);
  if (zone !== undefined) return zone;
  throw new OperatorError('NOT_FOUND', `Cannot find zone "${name}": znetadm has no record of it`, {
    hint: 'The zones it has: znetadm show-zone',
  });
}

/** @throws {OperatorError} NOT_FOUND */
export function findNetwork(name: NetworkName, { networks }: Pick<Records, 'networks'>): Network {
  const network = networks.find((candidate) => candidate.name === name);
  if (network !== undefined) return network;
  const known = networks.map((candidate) => candidate.name).join(', ');
  throw new OperatorError('NOT_FOUND', `Cannot find network "${name}"`, {
    hint: known === '' ? 'There is none. To make one:   znetadm create-network NAME' : `There are: ${known}`,
  });
}

/**
 * The /48 that IPv6 networks of this host are taken from. Undefined: none was needed so far.
 *
 * @throws {OperatorError} INI_INVALID, RECORD_INVALID
 */
export async function readUla(system: System): Promise<Prefix | undefined> {
  const text = await system.readFile(ULA_RECORD);
  return text === undefined ? undefined : parseUlaRecord(text, ULA_RECORD);
}
