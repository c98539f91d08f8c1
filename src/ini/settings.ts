import { parseAddress } from '../domain/address.ts';
import { OperatorError } from '../domain/errors.ts';
import type { Fault } from '../domain/fault.ts';
import { parseDomainName, parseLinkName } from '../domain/names.ts';
import { parsePrefix } from '../domain/prefix.ts';
import { DEFAULT_SETTINGS, parseHostPort, type Settings } from '../domain/settings.ts';
import { parseBrand, parseZonePath } from '../domain/zone-record.ts';
import { parseIni } from './document.ts';
import { placedError, topOf } from './record.ts';
import { sortSections } from './sections.ts';
import { list, one, optional, readSection, wholeNumber, yesOrNo } from './shape.ts';
import { readVars } from './vars.ts';

const TOP = {
  format: one(wholeNumber(1, 1)),
  pool: list(parsePrefix),
  'pool-prefix-length': optional(wholeNumber(8, 30)),
  reserved: list(parsePrefix),
  uplink: optional(parseLinkName),
  'etherstub-name': optional(parseLinkBase),
  'inside-name': optional(parseLinkBase),
  'outside-name': optional(parseLinkBase),
  mtu: optional(wholeNumber(576, 9000)),
  brand: optional(parseBrand),
  zones: optional(parseZonePath),
  nameserver: list(parseAddress),
  domain: optional(parseDomainName),
  search: list(parseDomainName),
  'boot-seconds': optional(wholeNumber(1, 86400)),
  protection: optional(yesOrNo),
  'watch-seconds': optional(wholeNumber(1, 3600)),
  'watch-pass-seconds': optional(wholeNumber(1, 86400)),
  'host-port': list(parseHostPort),
};

/**
 * Reads zonenet.ini. What it does not say is as in DEFAULT_SETTINGS.
 *
 * @throws {OperatorError} INI_INVALID naming every fault with its place
 */
export function parseSettings(text: string, file: string): Settings {
  const document = parseIni(text, file);
  const faults: Fault[] = [];
  const sections = sortSections(document, ['vars'], faults);
  const vars = readVars(sections.vars, faults);
  const values = readSection(topOf(document), TOP, faults);
  if (faults.length > 0 || values === undefined)
    throw placedError('INI_INVALID', document, faults, 'Nothing was changed');
  const d = DEFAULT_SETTINGS;
  return {
    pools: values.pool.length > 0 ? values.pool : d.pools,
    poolPrefixLength: values['pool-prefix-length'] ?? d.poolPrefixLength,
    reserved: values.reserved,
    ...(values.uplink === undefined ? {} : { uplink: values.uplink }),
    etherstubBase: values['etherstub-name'] ?? d.etherstubBase,
    insideBase: values['inside-name'] ?? d.insideBase,
    outsideBase: values['outside-name'] ?? d.outsideBase,
    mtu: values.mtu ?? d.mtu,
    brand: values.brand ?? d.brand,
    zonesPath: values.zones ?? d.zonesPath,
    resolver: {
      nameservers: values.nameserver,
      ...(values.domain === undefined ? {} : { domain: values.domain }),
      search: values.search,
    },
    bootSeconds: values['boot-seconds'] ?? d.bootSeconds,
    vars,
    protection: values.protection ?? d.protection,
    watchSeconds: values['watch-seconds'] ?? d.watchSeconds,
    watchPassSeconds: values['watch-pass-seconds'] ?? d.watchPassSeconds,
    hostPorts: values['host-port'].length > 0 ? values['host-port'] : d.hostPorts,
  };
}

/**
 * Reads the name of a link without its number: "znic". No digit at the end, so that a number can follow.
 *
 * @throws {OperatorError} NAME_INVALID
 */
function parseLinkBase(text: string): string {
  if (/^[A-Za-z]([A-Za-z0-9_.]{0,14}[A-Za-z_.])?$/.test(text)) return text;
  throw new OperatorError('NAME_INVALID', `Cannot use "${text}" as the beginning of links' names`, {
    hint: 'Write 1 to 16 letters, digits, "_" or ".", a letter first and no digit last, like znic',
  });
}
