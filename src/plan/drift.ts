import { OperatorError } from '../domain/errors.ts';
import type { Network } from '../domain/network.ts';
import { ownNics } from '../domain/nic.ts';
import { parseZonePath, type ZoneNic, type ZoneRecord } from '../domain/zone-record.ts';
import type { Link, LinkProtection } from '../illumos/dladm.ts';
import { metadataFile } from './host-paths.ts';
import type { HostPlan } from './host-step.ts';
import { type Links, planEtherstub, planLending, planVnics } from './links.ts';
import { desiredProtection, type ObservedProtection, planProtection } from './protection.ts';
import type { Publication } from './publish.ts';
import { recordZone } from './records.ts';
import { planInterfaces } from './shared-stack.ts';
import { desiredConfig, isOurs, lackingIn, markOf, type ObservedZone, planZoneConfig } from './zone-config.ts';

/** One thing that is not as recorded. */
export interface Drift {
  /** Whose it is: 'zone "web1"', 'network "back"', "host". */
  readonly of: string;
  /** What of it: "link znic1", "configuration", a path. */
  readonly item: string;
  readonly expected: string;
  readonly found: string;
  /** What mends it. Empty: a person has to, as `fault` says. */
  readonly plan: HostPlan;
  readonly fault?: OperatorError;
}

/** A drift when `plan` has something to do, or finds what only a person can mend. Empty when all is well. */
export function driftWhere(what: Omit<Drift, 'plan' | 'fault'>, plan: () => HostPlan): Drift[] {
  try {
    const steps = plan();
    return steps.length === 0 ? [] : [{ ...what, plan: steps }];
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    return [{ ...what, plan: [], fault: error }];
  }
}

/** The etherstub of a network, where it is not as recorded. */
export function findEtherstubDrift(network: Network, links: Links): Drift[] {
  const { name, etherstub } = network;
  const found = describeLink(links.get(etherstub));
  return driftWhere({ of: `network "${name}"`, item: `link ${etherstub}`, expected: 'etherstub', found }, () =>
    planEtherstub(network, links),
  );
}

/** The links of a zone that are not as recorded, one by one. */
export function findLinkDrift(zone: ZoneRecord, links: Links): Drift[] {
  return ownNics(zone).flatMap((nic) =>
    driftWhere(
      {
        of: `zone "${zone.name}"`,
        item: `link ${nic.link}`,
        expected: describeNic(nic),
        found: describeLink(links.get(nic.link)),
      },
      () => planVnics({ ...zone, nics: [nic] }, links),
    ),
  );
}

/** The links of a zone with the host's IP stack that are no interfaces of the host. */
export function findInterfaceDrift(zone: ZoneRecord, interfaces: ReadonlySet<string>): Drift[] {
  return zone.nics.flatMap((nic) =>
    driftWhere(
      { of: `zone "${zone.name}"`, item: `interface ${nic.link}`, expected: 'plumbed', found: 'missing' },
      () => planInterfaces({ ...zone, nics: [nic] }, interfaces),
    ),
  );
}

/** The links of a running zone that may send other things than its role allows. Links that are missing are left out. */
export function findProtectionDrift(
  zone: ZoneRecord,
  networks: readonly Network[],
  observed: ObservedProtection,
): Drift[] {
  return zone.nics.flatMap((nic) => {
    const have = observed.links.get(nic.link);
    if (have === undefined) return [];
    const want = desiredProtection(zone.role, nic, networks, observed.macs);
    return driftWhere(
      {
        of: `zone "${zone.name}"`,
        item: `protection of ${nic.link}`,
        expected: describeProtection(want),
        found: describeProtection(have),
      },
      () => planProtection({ ...zone, nics: [nic] }, networks, observed),
    );
  });
}

/**
 * The links that a running zone has not got: whoever gave it them was killed before. One that somebody else made is not given
 * links while it runs.
 */
export function findLoanDrift(
  { name, origin, ipType, nics }: ZoneRecord,
  holders: ReadonlyMap<string, string>,
): Drift[] {
  if (origin !== 'made' || ipType !== 'exclusive') return [];
  return nics
    .filter(({ link }) => holders.get(link) === '')
    .map((nic) => ({
      of: `zone "${name}"`,
      item: `link ${nic.link}`,
      expected: 'in the zone',
      found: 'in the global zone',
      plan: planLending(name, [nic]),
    }));
}

function describeProtection({ types, allowedIps }: LinkProtection): string {
  return types.length === 0 ? 'none' : [types.join(','), ...allowedIps].join(' ');
}

function describeNic({ over, mtu }: ZoneNic): string {
  return `vnic over ${over}, mtu ${mtu}`;
}

function describeLink(link: Link | undefined): string {
  if (link === undefined) return 'missing';
  const { class: kind, over, mtu } = link;
  return over === undefined ? kind : `${kind} over ${over}, mtu ${mtu}`;
}

/** The configuration of a zone that is installed, where it lacks what is recorded, and its path, where it was moved. */
export function findConfigDrift(zone: ZoneRecord, observed: ObservedZone): Drift[] {
  const { links, filesystems } = lackingIn(observed.config, desiredConfig(zone)) ?? { links: [], filesystems: [] };
  const unmarked = zone.origin === 'attached' && markOf(observed) === undefined;
  const ours = unmarked || isOurs(zone, observed);
  const lacks = [
    ...(unmarked ? [`zonenet-id ${zone.id}`] : []),
    ...links.map((link) => `net ${link}`),
    ...filesystems.map(({ dir }) => `fs ${dir}`),
  ];
  const lacking = driftWhere(
    {
      of: `zone "${zone.name}"`,
      item: 'configuration',
      expected: ours ? lacks.join(', ') : `zonenet-id ${zone.id}`,
      found: ours ? 'missing' : 'another zone of that name',
    },
    () => planZoneConfig(zone, observed),
  );
  return [...lacking, ...(isOurs(zone, observed) && zone.state === 'ready' ? findMove(zone, observed) : [])];
}

/** Where a zone is, its administrator decides: the record follows (`zoneadm move`). */
function findMove(zone: ZoneRecord, { zonepath: found }: ObservedZone): Drift[] {
  const { name, zonepath: expected } = zone;
  return driftWhere({ of: `zone "${name}"`, item: 'zonepath', expected, found }, () =>
    found === expected ? [] : [recordZone({ ...zone, zonepath: parseZonePath(found) }, '~', `moved to ${found}`)],
  );
}

/** The published metadata of a zone, where they are not what the records say. */
export function findPublicationDrift({
  zone,
  generation,
  plan,
}: Pick<Publication, 'zone' | 'generation' | 'plan'>): Drift[] {
  const [first] = plan;
  const isBoot = first?.about === 'boot';
  return driftWhere(
    {
      of: `zone "${zone}"`,
      item: isBoot ? `boot ${first.what}` : `metadata ${metadataFile(zone)}`,
      expected: isBoot ? 'its boot, planned ahead' : `generation ${generation}`,
      found: first?.sign === '+' ? 'missing' : (first?.note ?? ''),
    },
    () => plan,
  );
}
