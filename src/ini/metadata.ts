import { parseAddress } from '../domain/address.ts';
import { OperatorError } from '../domain/errors.ts';
import { type Fault, faultsError } from '../domain/fault.ts';
import { formatRedirect, parseRedirect } from '../domain/forward.ts';
import { formatLease, parseLease } from '../domain/lease.ts';
import { METADATA_FORMAT, type ZoneMetadata } from '../domain/metadata.ts';
import { parseAnyZoneName, parseDomainName, parseLinkName, parseNetworkName, parseZoneName } from '../domain/names.ts';
import { formatPrefix, parsePrefix } from '../domain/prefix.ts';
import { formatResolvedRule, parseResolvedRule } from '../domain/resolved-rule.ts';
import { formatServedSite, parseServedSite } from '../domain/site.ts';
import { formatIni, type IniDocument, type IniSection, parseIni } from './document.ts';
import { NIC, nicEntries, toNic } from './nic.ts';
import { checkEnd, readEach, sortSections } from './sections.ts';
import { list, one, oneOf, optional, readSection, wholeNumber } from './shape.ts';
import { readVars, varsSections } from './vars.ts';

const HEAD = {
  format: one(wholeNumber(1, Number.MAX_SAFE_INTEGER)),
  generation: one(wholeNumber(1, Number.MAX_SAFE_INTEGER)),
  zone: one(parseAnyZoneName),
  role: one(oneOf('proxy', 'member')),
  templates: optional(parseDigest),
  rule: list(parseResolvedRule),
};
const RESOLVER = { nameserver: list(parseAddress), domain: optional(parseDomainName), search: list(parseDomainName) };
const NETWORK = { prefix: list(parsePrefix), domain: optional(parseDomainName) };
const SIBLING = { address: list(parseAddress) };
const FORWARD = { rdr: list(parseRedirect) };
const SITES = { site: list(parseServedSite) };
const MEMBER = { ...SIBLING, lease: list(parseLease) };

/**
 * Reads the metadata of a zone. The last line of every file is `[end]`: a file cut short has none.
 *
 * @throws {OperatorError} INI_INVALID when it is no ini, METADATA_NEWER for a format this software does not know,
 * METADATA_INVALID naming every fault with its place
 */
export function parseMetadata(text: string, file: string): ZoneMetadata {
  const document = parseIni(text, file);
  const faults: Fault[] = [];
  const [top] = document.sections;
  if (top === undefined) throw new Error('parseIni gives the section "" always');
  refuseNewer(document, top);
  const head = readSection(top, HEAD, faults);
  const sections = sortSections(
    document,
    ['nic.', 'resolver', 'network.', 'member.', 'forward.', 'site.', 'sibling.', 'vars'],
    faults,
  );
  const nics = readEach(sections['nic.'], parseLinkName, NIC, faults);
  const networks = readEach(sections['network.'], parseNetworkName, NETWORK, faults);
  const members = readEach(sections['member.'], parseZoneName, MEMBER, faults);
  const forwards = readEach(sections['forward.'], parseZoneName, FORWARD, faults);
  const sites = readEach(sections['site.'], parseZoneName, SITES, faults);
  const siblings = readEach(sections['sibling.'], parseAnyZoneName, SIBLING, faults);
  const [resolverSection] = sections.resolver;
  const resolver = resolverSection === undefined ? undefined : readSection(resolverSection, RESOLVER, faults);
  const vars = readVars(sections.vars, faults);
  checkEnd(document, faults);
  if (faults.length > 0 || head === undefined) throw metadataError(document, faults);
  const { format: _, rule: rules, ...facts } = head;
  return {
    ...facts,
    nics: nics.map(([link, values]) => toNic(link, values)),
    resolver: {
      nameservers: resolver?.nameserver ?? [],
      ...(resolver?.domain === undefined ? {} : { domain: resolver.domain }),
      search: resolver?.search ?? [],
    },
    networks: networks.map(([name, { prefix, domain }]) => ({
      name,
      prefixes: prefix,
      ...(domain === undefined ? {} : { domain }),
    })),
    members: members.map(([zone, { address, lease }]) => ({ zone, addresses: address, leases: lease })),
    forwards: forwards.map(([zone, { rdr }]) => ({ zone, redirects: rdr })),
    sites: sites.map(([zone, { site }]) => ({ zone, sites: site })),
    rules,
    siblings: siblings.map(([zone, { address }]) => ({ zone, addresses: address })),
    vars,
  };
}

/** Writes the metadata of a zone; the same facts give the same bytes. `parseMetadata` reads back the same facts. */
export function formatMetadata(metadata: ZoneMetadata): string {
  const {
    generation,
    zone,
    role,
    templates,
    rules,
    nics,
    resolver,
    networks,
    members,
    forwards,
    sites,
    siblings,
    vars,
  } = metadata;
  return formatIni(
    [`zonenet: metadata of zone ${zone}, written by the host. Regenerated; do not edit.`],
    [
      {
        name: '',
        entries: [
          ['format', `${METADATA_FORMAT}`],
          ['generation', `${generation}`],
          ['zone', zone],
          ['role', role],
          ['templates', templates ?? []],
          ['rule', rules.map(formatResolvedRule)],
        ],
      },
      ...nics.map((nic) => ({
        name: `nic.${nic.link}`,
        entries: nicEntries(nic),
      })),
      {
        name: 'resolver',
        entries: [
          ['nameserver', resolver.nameservers],
          ['domain', resolver.domain ?? []],
          ['search', resolver.search],
        ],
      },
      ...networks.map(({ name, prefixes, domain }) => ({
        name: `network.${name}`,
        entries: [
          ['prefix', prefixes.map(formatPrefix)],
          ['domain', domain ?? []],
        ] as const,
      })),
      ...members.map(({ zone: member, addresses, leases }) => ({
        name: `member.${member}`,
        entries: [
          ['address', addresses],
          ['lease', leases.map(formatLease)],
        ] as const,
      })),
      ...forwards.map(({ zone: target, redirects }) => ({
        name: `forward.${target}`,
        entries: [['rdr', redirects.map(formatRedirect)]] as const,
      })),
      ...sites.map(({ zone: server, sites: served }) => ({
        name: `site.${server}`,
        entries: [['site', served.map(formatServedSite)]] as const,
      })),
      ...siblings.map(({ zone: sibling, addresses }) => ({
        name: `sibling.${sibling}`,
        entries: [['address', addresses]] as const,
      })),
      ...varsSections(vars),
      { name: 'end', entries: [] },
    ],
  );
}

/**
 * Reads a SHA-256 in hexadecimal.
 *
 * @throws {OperatorError} VALUE_INVALID
 */
function parseDigest(text: string): string {
  if (/^[0-9a-f]{64}$/.test(text)) return text;
  throw new OperatorError('VALUE_INVALID', `Cannot read "${text}" as a digest`);
}

/** A newer format may differ in everything, so it is told from its number alone. */
function refuseNewer(document: IniDocument, top: IniSection): void {
  const entry = top.entries.find(({ key }) => key === 'format');
  if (entry === undefined || !/^\d+$/.test(entry.value) || Number(entry.value) <= METADATA_FORMAT) return;
  const fault = {
    line: entry.line,
    column: entry.column,
    length: entry.value.length,
    message: `format ${entry.value} is newer than ${METADATA_FORMAT}, the newest this software reads`,
    hint: 'Upgrade /opt/zonenet in this zone to the version of the host',
  };
  throw faultsError('METADATA_NEWER', { ...document, faults: [fault] });
}

function metadataError(document: IniDocument, faults: readonly Fault[]): OperatorError {
  return faultsError('METADATA_INVALID', {
    ...document,
    faults: [...faults].sort((a, b) => a.line - b.line || a.column - b.column),
  });
}
