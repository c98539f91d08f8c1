import { dirname } from 'node:path';
import type { NetworkName, ZoneName } from '../domain/names.ts';
import type { Network, RecordState } from '../domain/network.ts';
import { formatPrefix, type Prefix } from '../domain/prefix.ts';
import { formatReservation } from '../domain/reservation.ts';
import { hasMethod, type ZoneRecord } from '../domain/zone-record.ts';
import { formatNetworkRecord } from '../ini/network-record.ts';
import { formatUlaRecord } from '../ini/ula-record.ts';
import { formatZoneRecord } from '../ini/zone-record.ts';
import {
  NETWORK_RECORDS,
  networkRecordFile,
  PUBLISHED,
  TRANSACTION_FILE,
  ULA_RECORD,
  ZONE_RECORDS,
  zonecfgFile,
  zoneRecordFile,
} from './host-paths.ts';
import type { HostStep, RecordChange } from './host-step.ts';
import type { RemoveStep } from './step.ts';

const RECORD_MODE = 0o644;

/** Writes the record of a zone, new or with another state. `note` says what it takes or why it changes. */
export function recordZone(record: ZoneRecord, sign: '+' | '~', note: string): HostStep {
  const step = writeRecord(ZONE_RECORDS, zoneRecordFile(record.name), formatZoneRecord(record), sign, note);
  return { ...step, changes: [zoneChange(record, sign)] };
}

/** Writes the records of many zones, one right after the other. Empty for none. */
export function recordZones(
  zones: readonly { readonly record: ZoneRecord; readonly note: string }[],
  replaces: boolean,
): HostStep[] {
  const [first] = zones;
  if (first === undefined) return [];
  const sign = replaces ? '~' : '+';
  if (zones.length === 1) return [recordZone(first.record, sign, first.note)];
  const files = zones.map(({ record }) => ({
    path: zoneRecordFile(record.name),
    content: formatZoneRecord(record),
    mode: RECORD_MODE,
  }));
  return [
    {
      sign,
      about: 'record',
      what: `${ZONE_RECORDS} (${zones.length} records, -v shows them)`,
      note: `${first.note} …`,
      detail: zones.map(({ note }) => `${note}\n`).join(''),
      steps: [
        { kind: 'directory', reason: 'records live there', path: ZONE_RECORDS, mode: 0o755 },
        { kind: 'write-all', reason: 'all of them or none', files },
      ],
      changes: zones.map(({ record }) => zoneChange(record, sign)),
    },
  ];
}

/** Writes the record of a network, new or with another state. */
export function recordNetwork(record: Network, sign: '+' | '~', note: string): HostStep {
  const step = writeRecord(NETWORK_RECORDS, networkRecordFile(record.name), formatNetworkRecord(record), sign, note);
  const what = changeOf(record.state, sign);
  const has =
    what === 'deleted' ? [] : [record.etherstub, ...record.routers, ...record.reservations.map(formatReservation)];
  return { ...step, changes: [{ what, subject: `network ${record.name}`, has }] };
}

function zoneChange({ name, state, nics }: ZoneRecord, sign: '+' | '~'): RecordChange {
  const what = changeOf(state, sign);
  const own = nics.flatMap(({ link, addresses }) => [link, ...addresses.map(({ address }) => address)]);
  return { what, subject: `zone ${name}`, has: what === 'deleted' ? [] : own };
}

function changeOf(state: RecordState, sign: '+' | '~'): 'created' | 'changed' | 'deleted' {
  return state === 'deleting' ? 'deleted' : sign === '+' ? 'created' : 'changed';
}

/** Keeps the random prefix of this host for good. */
export function recordUla(prefix: Prefix): HostStep {
  const note = `IPv6 networks of this host are taken from ${formatPrefix(prefix)}`;
  return writeRecord(dirname(ULA_RECORD), ULA_RECORD, formatUlaRecord(prefix), '+', note);
}

function writeRecord(directory: string, path: string, content: string, sign: '+' | '~', note: string): HostStep {
  return {
    sign,
    about: 'record',
    what: path,
    note,
    steps: [
      { kind: 'directory', reason: 'records live there', path: directory, mode: 0o755 },
      { kind: 'write', reason: note, file: { path, content, mode: RECORD_MODE }, replaces: sign === '~' },
    ],
  };
}

/** Keeps records until all of them are written. */
export function planTransactionBegin(bundle: string): HostStep[] {
  return [writeRecord(dirname(TRANSACTION_FILE), TRANSACTION_FILE, bundle, '+', 'until all of it is recorded')];
}

export function planTransactionEnd(): HostStep {
  return forget(dirname(TRANSACTION_FILE), TRANSACTION_FILE, 'all of it is recorded');
}

/** What is written of a zone when nothing of it is left to do, and it has verified its network where it was to be booted. */
export function recordFinished(zone: ZoneRecord): HostStep {
  const booted = hasMethod(zone) ? 'its network is verified' : 'it is booted';
  const note = zone.bootPending ? booted : 'everything is there';
  return recordZone({ ...zone, state: 'ready', bootPending: false }, '~', note);
}

/** Writes that zones are made, and clears away what a run that was cut off had ready for zonecfg. Empty for none. */
export function recordReady(zones: readonly ZoneRecord[]): HostStep[] {
  const ready = zones.map((record) => ({
    record: { ...record, state: 'ready' as const },
    note: 'everything is there',
  }));
  return recordZones(ready, true).map((step) =>
    clearingDrafts(
      step,
      zones.map(({ name }) => name),
    ),
  );
}

export function forgetZone(zone: ZoneName): HostStep {
  const step = forget(ZONE_RECORDS, zoneRecordFile(zone), `zone "${zone}" has nothing left`);
  return { ...clearingDrafts(step, [zone]), changes: [{ what: 'deleted', subject: `zone ${zone}`, has: [] }] };
}

function clearingDrafts(step: HostStep, zones: readonly ZoneName[]): HostStep {
  const drafts = zones.map(
    (zone) => ({ kind: 'remove', reason: step.note, path: zonecfgFile(zone), scratch: true }) as const,
  );
  return { ...step, steps: [...drafts, ...step.steps] };
}

export function forgetNetwork(network: NetworkName): HostStep {
  const step = forget(NETWORK_RECORDS, networkRecordFile(network), `network "${network}" has nothing left`);
  return { ...step, changes: [{ what: 'deleted', subject: `network ${network}`, has: [] }] };
}

function forget(directory: string, path: string, reason: string): HostStep {
  const emptied = [directory, dirname(directory)].map((above) => removeEmptied(above));
  // Of what was published somebody may have left the directories above.
  const published = [PUBLISHED, dirname(PUBLISHED)].map((above) => removeEmptied(above));
  return {
    sign: '-',
    about: 'record',
    what: path,
    note: reason,
    steps: [...published, { kind: 'remove', reason, path }, ...emptied],
  };
}

/** A directory of ours goes with the last thing in it, so that nothing is left behind. */
export function removeEmptied(path: string): RemoveStep {
  return { kind: 'remove', reason: 'nothing may be in it now', path, ifEmpty: true };
}
