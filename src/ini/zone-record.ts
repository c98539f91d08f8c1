import type { Fault } from '../domain/fault.ts';
import { formatForward, parseForward } from '../domain/forward.ts';
import { formatBandwidth, PRIORITIES, parseBandwidth } from '../domain/link-wishes.ts';
import { parseMac } from '../domain/mac.ts';
import { parseAnyZoneName, parseGroupName, parseLinkName, parseZoneName, type ZoneName } from '../domain/names.ts';
import { formatRule, parseRule } from '../domain/rule.ts';
import { formatSite, parseSite } from '../domain/site.ts';
import { parseConfigLine } from '../domain/zone-config-lines.ts';
import {
  parseBrand,
  parseRecordId,
  parseTemplate,
  parseZonePath,
  type ZoneNic,
  type ZoneRecord,
} from '../domain/zone-record.ts';
import { formatIni, parseIni } from './document.ts';
import { NIC, nicEntries, toNic } from './nic.ts';
import { nameFault, RECORD_FORMAT, RECORD_HEAD, recordError, topOf } from './record.ts';
import { checkEnd, readEach, sortSections } from './sections.ts';
import { list, one, oneOf, optional, readSection, wholeNumber, yesOrNo } from './shape.ts';
import { readVars, varsSections } from './vars.ts';

const ZONE = {
  ...RECORD_HEAD,
  zone: one(parseAnyZoneName),
  id: one(parseRecordId),
  role: one(oneOf('proxy', 'member')),
  brand: one(parseBrand),
  zonepath: one((text) => (text === '/' ? text : parseZonePath(text))),
  autoboot: one(yesOrNo),
  'boot-pending': one(yesOrNo),
  origin: optional(oneOf('made', 'attached')),
  'ip-type': optional(oneOf('exclusive', 'shared')),
  install: optional(yesOrNo),
  template: optional(parseTemplate),
  clone: optional(parseZoneName),
  config: list(parseConfigLine),
  group: list(parseGroupName),
  rule: list(parseRule),
  forward: list(parseForward),
  site: list(parseSite),
};

const ZONE_NIC = {
  ...NIC,
  over: one(parseLinkName),
  vlan: optional(wholeNumber(1, 4094)),
  mac: optional(parseMac),
  bandwidth: optional(parseBandwidth),
  priority: optional(oneOf(...PRIORITIES)),
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
    origin: head.origin ?? 'made',
    ipType: head['ip-type'] ?? 'exclusive',
    install: head.install ?? true,
    ...(head.template === undefined ? {} : { template: head.template }),
    ...(head.clone === undefined ? {} : { cloneOf: head.clone }),
    extra: head.config,
    nics: nics.map(([link, { over, vlan, mac, bandwidth, priority, ...values }]) => ({
      ...toNic(link, values),
      over,
      ...(vlan === undefined ? {} : { vlan }),
      ...(mac === undefined ? {} : { mac }),
      ...(bandwidth === undefined ? {} : { bandwidth }),
      ...(priority === undefined ? {} : { priority }),
    })),
    forwards: head.forward,
    sites: head.site,
    rules: head.rule,
    groups: head.group,
    vars,
  };
}

/** Writes the record of a zone. `parseZoneRecord` reads back the same. */
export function formatZoneRecord(record: ZoneRecord): string {
  const { name, id, state, role, brand, zonepath, autoboot, bootPending, nics, vars } = record;
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
          ['origin', record.origin === 'made' ? [] : record.origin],
          ['ip-type', record.ipType === 'exclusive' ? [] : record.ipType],
          ['install', record.install ? [] : 'no'],
          ['template', record.template ?? []],
          ['clone', record.cloneOf ?? []],
          ['config', record.extra],
          ['forward', record.forwards.map(formatForward)],
          ['site', record.sites.map(formatSite)],
          ['group', record.groups],
          ['rule', record.rules.map(formatRule)],
        ],
      },
      ...nics.map((nic) => ({
        name: `nic.${nic.link}`,
        entries: [...overEntries(nic), ...nicEntries(nic)],
      })),
      ...varsSections(vars),
      { name: 'end', entries: [] },
    ],
  );
}

function overEntries({
  over,
  vlan,
  mac,
  bandwidth,
  priority,
}: ZoneNic): (readonly [string, string | readonly string[]])[] {
  return [
    ['over', over],
    ['vlan', vlan === undefined ? [] : `${vlan}`],
    ['mac', mac ?? []],
    ['bandwidth', bandwidth === undefined ? [] : formatBandwidth(bandwidth)],
    ['priority', priority ?? []],
  ];
}
