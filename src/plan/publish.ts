import { dirname } from 'node:path';
import { familyOf } from '../domain/address.ts';
import { OperatorError } from '../domain/errors.ts';
import { wayOf } from '../domain/forward-way.ts';
import type { Lease } from '../domain/lease.ts';
import type {
  HiddenNetwork,
  Nic,
  Resolver,
  Sibling,
  ZoneForwards,
  ZoneMetadata,
  ZoneSites,
} from '../domain/metadata.ts';
import type { NetworkName, ZoneName } from '../domain/names.ts';
import type { Network } from '../domain/network.ts';
import { resolveRule } from '../domain/rule-ends.ts';
import { isUp, siteAddress } from '../domain/site-way.ts';
import { mergeVars, type Vars } from '../domain/vars.ts';
import {
  addressesOn,
  isBehind,
  networksOf,
  routedNetworks,
  type ZoneNic,
  type ZoneRecord,
} from '../domain/zone-record.ts';
import { formatCommand } from '../illumos/command.ts';
import { refreshZone } from '../illumos/svc-host.ts';
import { formatMetadata, parseMetadata } from '../ini/metadata.ts';
import { bootProgramFile, metadataFile, PUBLISHED, publishedDirectory } from './host-paths.ts';
import type { HostPlan, HostStep } from './host-step.ts';
import { changesOfMetadata } from './metadata-changes.ts';
import { removeEmptied } from './records.ts';
import { run } from './step.ts';

/** The facts of a zone without the number of their edition. */
export type ZoneFacts = Omit<ZoneMetadata, 'generation'>;

/** What is recorded, as far as the facts of a zone depend on it. Zones that are being deleted are no members. */
export interface Recorded {
  readonly networks: readonly Network[];
  readonly zones: readonly ZoneRecord[];
  readonly resolver: Resolver;
  /** Values of the host for the templates of all zones. */
  readonly vars: Vars;
  /** Names of the zones that run. */
  readonly running: ReadonlySet<string>;
}

/** The facts that a zone should be told. */
export function factsOf(zone: ZoneRecord, { networks, zones, resolver, vars, running }: Recorded): ZoneFacts {
  const routed = routedNetworks(zone);
  const served = routed.filter((name) => networks.some((one) => one.name === name && one.names?.by === 'dns'));
  // Most zones are told of no other; so a thousand of them do not each look at all others.
  const named = namedInHosts(zone, networks);
  const others =
    routed.length + named.length === 0
      ? []
      : zones.filter(({ name, state }) => name !== zone.name && state !== 'deleting');
  return {
    zone: zone.name,
    role: zone.role,
    nics: zone.nics.map(nicFacts),
    resolver: resolverOf(zone, networks, resolver),
    networks: networks.filter(({ name }) => routed.includes(name)).map(hiddenNetwork),
    members: others
      .filter((member) => routed.some((network) => isBehind(member, network)))
      .map((member) => ({
        zone: member.name,
        addresses: routed.flatMap((network) => addressesOn(member, network)),
        leases: leasesOf(member, served),
      })),
    forwards: routed.length === 0 ? [] : forwardsThrough(zone, zones, others),
    sites: routed.length === 0 ? [] : sitesBehind(zone, others, running),
    rules: zone.rules.map((rule) => resolveRule(rule, zone, { networks, zones })),
    siblings: siblingsOf(named, others),
    vars: varsOf(zone, networks, vars),
  };
}

/** What a zone is told of a link: not what only the host needs to know. */
function nicFacts({ link, side, network, mtu, dhcp, addrconf, addresses, routers, routes, host }: ZoneNic): Nic {
  const on = network === undefined ? {} : { network };
  return {
    link,
    side,
    ...on,
    mtu,
    dhcp,
    addrconf,
    addresses,
    routers,
    routes,
    ...(host === undefined ? {} : { host }),
  };
}

function hiddenNetwork({ name, prefixes, names }: Network): HiddenNetwork {
  return { name, prefixes, ...(names?.by === 'dns' ? { domain: names.domain } : {}) };
}

/** What leads from a proxy's outside to zones behind it. One whose way is gone is left out: `check` tells of it. */
function forwardsThrough(
  proxy: ZoneRecord,
  zones: readonly ZoneRecord[],
  others: readonly ZoneRecord[],
): ZoneForwards[] {
  const led = others.filter(({ forwards }) => forwards.length > 0);
  return led.flatMap((zone) => {
    const redirects = zone.forwards.flatMap((forward) => {
      const way = wayOf(forward, zone, zones);
      return typeof way === 'string' || way.proxy.name !== proxy.name ? [] : [way.redirect];
    });
    return redirects.length === 0 ? [] : [{ zone: zone.name, redirects }];
  });
}

/** What zones behind a proxy serve by name. One that is not up is named all the same, so that its site answers for it. */
function sitesBehind(proxy: ZoneRecord, others: readonly ZoneRecord[], running: ReadonlySet<string>): ZoneSites[] {
  const serving = others.filter(({ sites }) => sites.length > 0);
  return serving.flatMap((zone) => {
    const to = siteAddress(zone, proxy);
    if (to === undefined) return [];
    const up = isUp(zone, running.has(zone.name));
    return [{ zone: zone.name, sites: zone.sites.map((site) => ({ ...site, to, up })) }];
  });
}

/** What a zone behind a proxy that serves names asks is that proxy; the search list stays the site's. */
function resolverOf(zone: ZoneRecord, networks: readonly Network[], ofHost: Resolver): Resolver {
  const own = routedNetworks(zone);
  for (const name of networksOf(zone).filter((candidate) => !own.includes(candidate))) {
    const network = networks.find((one) => one.name === name);
    if (network?.names?.by !== 'dns') continue;
    const { domain } = network.names;
    return { nameservers: network.routers, domain, search: ofHost.search };
  }
  return ofHost;
}

/** The addresses of a zone on networks, for those of its links whose Ethernet address was chosen for that. */
function leasesOf({ nics }: ZoneRecord, networks: readonly NetworkName[]): Lease[] {
  return nics.flatMap(({ mac, network, addresses }) => {
    const [first] = addresses.filter(({ address }) => familyOf(address) === 'inet');
    const isServed = network !== undefined && networks.includes(network);
    return mac === undefined || first === undefined || !isServed ? [] : [{ mac, address: first.address }];
  });
}

/** The networks of a zone, not those it routes, whose zones are named in /etc/hosts. */
function namedInHosts(zone: ZoneRecord, networks: readonly Network[]): NetworkName[] {
  const own = routedNetworks(zone);
  return networksOf(zone).filter(
    (name) => !own.includes(name) && networks.some((one) => one.name === name && one.names?.by === 'hosts'),
  );
}

/** The other zones on networks, with their routers. */
function siblingsOf(named: readonly NetworkName[], others: readonly ZoneRecord[]): Sibling[] {
  return others.flatMap((other) => {
    const addresses = named.flatMap((network) => addressesOn(other, network));
    return addresses.length === 0 ? [] : [{ zone: other.name, addresses }];
  });
}

/** The zone's own values over those of its networks, of which the first wins, over those of the host. */
function varsOf({ nics, vars }: ZoneRecord, networks: readonly Network[], ofHost: Vars): Vars {
  const on = nics.flatMap(({ network }) => networks.filter(({ name }) => name === network));
  return mergeVars(ofHost, ...on.reverse().map((network) => network.vars), vars);
}

/** The metadata of a zone as it is on disk. */
export interface Published {
  /** Undefined: there is none. */
  readonly text: string | undefined;
  /** The generation that the zone said it applied; what is published is never below it. */
  readonly applied?: number;
}

/** What was planned for the metadata of a zone, and the generation that is then published. */
export interface Publication {
  readonly zone: ZoneName;
  readonly generation: number;
  /** The metadata as they are, or will be: what is written, and what is read from that. */
  readonly text: string;
  readonly metadata: ZoneMetadata;
  readonly plan: HostPlan;
}

/**
 * Publishes the facts of a zone. The generation grows when their content is another or the zone has applied a later one,
 * and not otherwise; the plan is then empty. A file that cannot be read is replaced.
 */
export function planPublication(facts: ZoneFacts, { text, applied = 0 }: Published): Publication {
  const path = metadataFile(facts.zone);
  const current = generationAtHead(text);
  // What is as it would be written needs no reading. A zone refuses metadata older than what it has applied, so those
  // are published anew.
  const same = formatMetadata({ ...facts, generation: current ?? 1 });
  if (current !== undefined && current >= applied && same === text) {
    return { zone: facts.zone, generation: current, text, metadata: editionOf(facts, current), plan: [] };
  }
  const before = text === undefined ? undefined : earlierOf(text, current, path);
  const generation = Math.max(before?.generation ?? 0, applied) + 1;
  const content = same.replace(GENERATION, `generation = ${generation}`);
  const note = text === undefined ? `generation ${generation}` : changeNote(before, content, generation);
  return {
    zone: facts.zone,
    generation,
    text: content,
    metadata: editionOf(facts, generation),
    plan: [
      {
        sign: text === undefined ? '+' : '~',
        about: 'metadata',
        what: path,
        note,
        steps: [
          { kind: 'directory', reason: 'the zone mounts it', path: publishedDirectory(facts.zone), mode: 0o755 },
          { kind: 'write', reason: note, file: { path, content, mode: 0o644 }, replaces: text !== undefined },
        ],
      },
    ],
  };
}

/** Facts as a zone reads them, in that order too: boot programs hold them as text. */
function editionOf({ zone, role, templates, ...facts }: ZoneFacts, generation: number): ZoneMetadata {
  return { generation, zone, role, ...(templates === undefined ? {} : { templates }), ...facts };
}

/** The digest of templates in metadata that were published. Undefined: none, or they cannot be read. */
export function publishedDigest(text: string | undefined, zone: ZoneName): string | undefined {
  return text === undefined ? undefined : readMetadata(text, metadataFile(zone))?.templates;
}

/** The generation as we write it, near the top. */
const GENERATION = /^generation = (\d{1,15})$/m;

/** Undefined: not written by us. */
function generationAtHead(text = ''): number | undefined {
  const digits = GENERATION.exec(text.slice(0, 500))?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** Metadata that were published, as `formatMetadata` writes them. */
interface Earlier {
  readonly text: string;
  readonly generation: number;
}

/** Undefined: they cannot be read. Those that are whole, as we write them, need not be. */
function earlierOf(text: string, generation: number | undefined, path: string): Earlier | undefined {
  if (generation !== undefined && text.endsWith('\n\n[end]\n')) return { text, generation };
  const read = readMetadata(text, path);
  return read === undefined ? undefined : { text: formatMetadata(read), generation: read.generation };
}

function readMetadata(text: string, path: string): ZoneMetadata | undefined {
  try {
    return parseMetadata(text, path);
  } catch (error) {
    if (error instanceof OperatorError) return undefined;
    throw error;
  }
}

/** "generation 7 → 8: member db1": what is new, for the plan. */
function changeNote(before: Earlier | undefined, content: string, generation: number): string {
  if (before === undefined) return `generation ${generation}: the file there cannot be read`;
  const changes = changesOfMetadata(before.text, content);
  return `generation ${before.generation} → ${generation}: ${changes.length === 0 ? 'other facts' : changes.join(', ')}`;
}

/**
 * Lets a running zone read its metadata again. While the zone is still booting svcadm fails with 1: it will read them
 * then by itself.
 */
export function refreshStep(zone: ZoneName, generation: number): HostStep {
  const command = refreshZone(zone);
  const reason = `it applies generation ${generation}`;
  const steps = [run(reason, command, { tolerates: [1] })];
  return { sign: '~', about: 'refresh', what: formatCommand(command), note: '', steps };
}

/** Takes back what was published for a zone. */
export function planWithdrawal(zone: ZoneName, published: readonly string[] | undefined): HostStep[] {
  if (published === undefined) return [];
  const directory = publishedDirectory(zone);
  const reason = `zone "${zone}" goes`;
  const files = new Set([
    ...published.map((name) => `${directory}/${name}`),
    metadataFile(zone),
    bootProgramFile(zone),
  ]);
  const steps = [...files].map((path) => ({ kind: 'remove', reason, path }) as const);
  const emptied = [directory, PUBLISHED, dirname(PUBLISHED)].map((path) => removeEmptied(path));
  return [{ sign: '-', about: 'metadata', what: directory, note: reason, steps: [...steps, ...emptied] }];
}
