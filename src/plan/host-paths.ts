import { GLOBAL, type NetworkName, type ZoneName } from '../domain/names.ts';

/** Where the host's files live (design.md §3). */
export const SETTINGS_FILE = '/etc/zonenet/zonenet.ini';
/** The /48 of this host. */
export const ULA_RECORD = '/etc/zonenet/ula.ini';
export const NETWORK_RECORDS = '/etc/zonenet/networks';
export const ZONE_RECORDS = '/etc/zonenet/zones';
/** The operator's templates, for all zones; below zones/NAME for one. */
export const SITE_TEMPLATES = '/etc/zonenet/templates';
export const PUBLISHED = '/var/zonenet/zones';
export const SOFTWARE = '/opt/zonenet';
/** On a tmpfs: what a reboot may clear. */
export const VOLATILE = '/var/run/zonenet';
/** Where a zone sees what the host published for it. */
export const SEEN_IN_ZONE = '/etc/zonenet/host';

export const networkRecordFile = (network: NetworkName) => `${NETWORK_RECORDS}/${network}.ini`;
export const zoneRecordFile = (zone: ZoneName) => `${ZONE_RECORDS}/${zone}.ini`;
export const publishedDirectory = (zone: ZoneName) => `${PUBLISHED}/${zone}`;
export const zoneTemplates = (zone: ZoneName) => `${SITE_TEMPLATES}/zones/${zone}`;
/** Where the shipped text is kept that an override began from, by the path of the override. */
export const templateBase = (path: string) => `/var/zonenet/template-bases${path}`;
export const publishedTemplates = (zone: ZoneName) => `${publishedDirectory(zone)}/templates`;
export const metadataFile = (zone: ZoneName) => `${publishedDirectory(zone)}/metadata.ini`;
/** The plan of its boot, made ahead. */
export const bootProgramFile = (zone: ZoneName) => `${publishedDirectory(zone)}/boot`;
export const zonecfgFile = (zone: ZoneName) => `${VOLATILE}/${zone}.zonecfg`;

/** Who changed what, when, by which command; a log, so it outlives the last record. */
export const HISTORY_FILE = '/var/log/zonenet/history';
/** Records that are written all or none: there until all of them are. */
export const TRANSACTION_FILE = '/etc/zonenet/transaction.ini';
/** What was in order at the last look (host/seen.ts). */
export const SEEN_FILE = `${VOLATILE}/seen`;
/** What zone records say, to be read fast (host/record-index.ts). */
export const INDEX_FILE = `${VOLATILE}/zone-index`;
/** Where zonecfg stores the configuration of a zone; only its stamp is looked at (§4.1). */
export const zoneConfigFile = (zone: ZoneName) => `/etc/zones/${zone}.xml`;

/** The manifests that a new zone gets, in the order of their import. */
const MANIFESTS = ['zonenet.xml', 'zonenet-ipv6.xml', 'zonenet-forwarding.xml', 'zonenet-names.xml'].map(
  (name) => `${SOFTWARE}/smf-manifests/${name}`,
);

/** The manifests of a zone by its role: web servers are a proxy's. */
export function manifestsOf({
  role,
  name,
}: {
  readonly role: 'proxy' | 'member';
  readonly name: string;
}): readonly string[] {
  return role === 'proxy' && name !== GLOBAL ? [...MANIFESTS, `${SOFTWARE}/smf-manifests/zonenet-web.xml`] : MANIFESTS;
}
