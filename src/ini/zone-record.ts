import type { Fault } from '../domain/fault.ts';
import { parseLinkName, parseZoneName, type ZoneName } from '../domain/names.ts';
import { parseBrand, parseRecordId, parseZonePath, type ZoneRecord } from '../domain/zone-record.ts';
import { formatIni, parseIni } from './document.ts';
import { NIC, nicEntries, toNic } from './nic.ts';
import { nameFault, RECORD_FORMAT, RECORD_HEAD, recordError, topOf } from './record.ts';
import { checkEnd, readEach, sortSections } from './sections.ts';
import { one, oneOf, readSection, yesOrNo } from './shape.ts';
import { readVars, varsSections } from './vars.ts';

const ZONE = {
  ...RECORD_HEAD,
  zone: one(parseZoneName),
  id: one(parseRecordId),
  role: one(oneOf('proxy', 'member')),
  brand: one(parseBrand),
  zonepath: one(parseZonePath),
  autoboot: one(yesOrNo),
  'boot-pending': one(yesOrNo),
};

const ZONE_NIC = { ...NIC, over: one(parseLinkName) };

/**
 * Reads the record of a zone from the file that is named for it.
 *
 * @throws {OperatorError} INI_INVALID, RECORD_INVALID naming every fault with its place
 */
export function parseZoneRecord(text: string, file: string, name: ZoneName): ZoneRecord {
  const document = parseIni(text, file);
  const top = topOf(document);
  const faults: Fault[] = [];
  const sections = sortSections(document, ['nic.', 'vars'], faults);
  const head = readSection(top, ZONE, faults);
  const nics = readEach(sections['nic.'], parseLinkName, ZONE_NIC, faults);
  const vars = readVars(sections.vars, faults);
  checkEnd(document, faults);
  if (head !== undefined) faults.push(...nameFault(top, 'zone', head.zone, name));
  if (faults.length > 0 || head === undefined) throw recordError(document, faults);
  return {
    name: head.zone,
    id: head.id,
    state: head.state,
    role: head.role,
    brand: head.brand,
    zonepath: head.zonepath,
    autoboot: head.autoboot,
    bootPending: head['boot-pending'],
    nics: nics.map(([link, { over, ...values }]) => ({ ...toNic(link, values), over })),
    vars,
  };
}

/** Writes the record of a zone. `parseZoneRecord` reads back the same. */
export function formatZoneRecord({
  name,
  id,
  state,
  role,
  brand,
  zonepath,
  autoboot,
  bootPending,
  nics,
  vars,
}: ZoneRecord): string {
  return formatIni(
    [`zonenet: record of zone ${name}. Written by znetadm; change it with znetadm.`],
    [
      {
        name: '',
        entries: [
          ['format', `${RECORD_FORMAT}`],
          ['state', state],
          ['zone', name],
          ['id', id],
          ['role', role],
          ['brand', brand],
          ['zonepath', zonepath],
          ['autoboot', autoboot ? 'yes' : 'no'],
          ['boot-pending', bootPending ? 'yes' : 'no'],
        ],
      },
      ...nics.map((nic) => ({
        name: `nic.${nic.link}`,
        entries: [['over', nic.over] as const, ...nicEntries(nic)],
      })),
      ...varsSections(vars),
      { name: 'end', entries: [] },
    ],
  );
}
