import { parseAddress } from '../domain/address.ts';
import type { Fault } from '../domain/fault.ts';
import { parseLinkName, parseNetworkName, parseZoneName, type ZoneName } from '../domain/names.ts';
import { formatInterfaceAddress, parseInterfaceAddress } from '../domain/prefix.ts';
import { parseBrand, parseRecordId, parseZonePath, type ZoneRecord } from '../domain/zone-record.ts';
import { formatIni, parseIni } from './document.ts';
import { nameFault, RECORD_FORMAT, RECORD_HEAD, recordError, topOf } from './record.ts';
import { checkEnd, readEach, sortSections } from './sections.ts';
import { list, one, oneOf, optional, readSection, wholeNumber } from './shape.ts';

const yesOrNo = oneOf('yes', 'no');

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

const NIC = {
  over: one(parseLinkName),
  side: one(oneOf('inside', 'outside')),
  network: optional(parseNetworkName),
  mtu: one(wholeNumber(576, 65535)),
  address: list(parseInterfaceAddress),
  router: list(parseAddress),
};

/**
 * Reads the record of a zone from the file that is named for it.
 *
 * @throws {OperatorError} INI_INVALID, RECORD_INVALID naming every fault with its place
 */
export function parseZoneRecord(text: string, file: string, name: ZoneName): ZoneRecord {
  const document = parseIni(text, file);
  const top = topOf(document);
  const faults: Fault[] = [];
  const sections = sortSections(document, ['nic.'], faults);
  const head = readSection(top, ZONE, faults);
  const nics = readEach(sections['nic.'], parseLinkName, NIC, faults);
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
    autoboot: head.autoboot === 'yes',
    bootPending: head['boot-pending'] === 'yes',
    nics: nics.map(([link, { address, router, ...nic }]) => ({ link, ...nic, addresses: address, routers: router })),
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
        entries: [
          ['over', nic.over],
          ['side', nic.side],
          ['network', nic.network === undefined ? [] : nic.network],
          ['mtu', `${nic.mtu}`],
          ['address', nic.addresses.map(formatInterfaceAddress)],
          ['router', nic.routers],
        ] as const,
      })),
      { name: 'end', entries: [] },
    ],
  );
}
