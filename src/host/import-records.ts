import { OperatorError } from '../domain/errors.ts';
import { describeForward, type Forward, forwardsMeet } from '../domain/forward.ts';
import type { ZoneName } from '../domain/names.ts';
import { formatPrefix, prefixesOverlap } from '../domain/prefix.ts';
import { type Bundle, formatBundle } from '../ini/bundle.ts';
import type { HostPlan } from '../plan/host-step.ts';
import { forgetNetwork, forgetZone, planTransactionEnd } from '../plan/records.ts';
import { claimsOf } from './claims.ts';
import { decideSite } from './decide-site.ts';
import { carryOut, type Host, locked } from './host.ts';
import { observeHostNetworks } from './observe.ts';
import { type Records, readRecords, readSettings, refuseDamaged } from './store.ts';
import { planTransaction } from './transaction.ts';
import { undoing } from './undo.ts';

/** What records are brought in for, in messages. */
export type Verb = 'import' | 'adopt';

/** All records of this host as one text. */
export async function exportRecords({ system }: Host): Promise<string> {
  const records = await readRecords(system);
  refuseDamaged(records, 'export the records');
  return formatBundle(records);
}

/**
 * Plans the import of records. Changes nothing. What the host reaches by links that it is `left` is no conflict.
 *
 * @throws {OperatorError} EXISTS naming everything that is there already or overlaps, RECORD_INVALID, NOT_FOUND
 */
export async function planImport(
  bundle: Bundle,
  { system }: Host,
  verb: Verb = 'import',
  left: readonly string[] = [],
): Promise<HostPlan> {
  const [records, settings] = await Promise.all([readRecords(system), readSettings(system)]);
  refuseDamaged(records, `${verb} records`);
  const claims = claimsOf(records, settings, await observeHostNetworks(system), left);
  const conflicts = [
    ...bundle.networks.flatMap((network) =>
      network.prefixes.flatMap((prefix) =>
        claims
          .filter((claim) => prefixesOverlap(prefix, claim.prefix))
          .map((claim) => `network "${network.name}": ${formatPrefix(prefix)} meets the ${claim.what}`),
      ),
    ),
    ...findTaken(bundle, records),
    ...findUnknown(bundle, records),
    ...findMeeting(bundle, records),
    ...findClashing(bundle, records),
  ];
  if (conflicts.length > 0) {
    throw new OperatorError('EXISTS', `Cannot ${verb} the records:\n  ${conflicts.join('\n  ')}`, {
      hint:
        verb === 'import'
          ? 'Nothing was imported. What is not wanted can be left out of the file: its record, and its line in the head'
          : 'Nothing was recorded',
    });
  }
  const { networks, zones } = bundle;
  return planTransaction({ networks, zones }, records, `${verb}ed`);
}

/** What may be there once: each with who has it. */
function holdings({ networks, zones }: Bundle): (readonly [what: string, who: string])[] {
  return [
    ...networks.flatMap(({ name, etherstub, prefixes }) => {
      const who = `network "${name}"`;
      const own = prefixes.map((prefix) => [`prefix ${formatPrefix(prefix)}`, who] as const);
      return [[`the name of network ${name}`, who] as const, [`link ${etherstub}`, who] as const, ...own];
    }),
    ...zones.flatMap(({ name, id, zonepath, nics }) => {
      const addresses = nics.flatMap((nic) => nic.addresses.map(({ address }) => `address ${address}`));
      const links = nics.map(({ link }) => `link ${link}`);
      const own = [`the name of zone ${name}`, `id ${id}`, `zonepath ${zonepath}`, ...links, ...addresses];
      return own.map((what) => [what, `zone "${name}"`] as const);
    }),
  ];
}

function findTaken(bundle: Bundle, records: Records): string[] {
  const taken = new Map(holdings(records).map(([what, who]) => [what, `${who} of this host`]));
  return holdings(bundle).flatMap(([what, who]) => {
    const other = taken.get(what);
    taken.set(what, who);
    return other === undefined ? [] : [`${who}: ${other} has ${what}`];
  });
}

/** Zones on networks that are neither in the file nor here, or on another etherstub than theirs. */
function findUnknown(bundle: Bundle, records: Records): string[] {
  const networks = new Map([...records.networks, ...bundle.networks].map((network) => [network.name, network]));
  return bundle.zones.flatMap(({ name, nics }) =>
    nics.flatMap(({ link, network, over }) => {
      if (network === undefined || networks.get(network)?.etherstub === over) return [];
      const known = networks.get(network);
      return [
        known === undefined
          ? `zone "${name}": there is no network "${network}"`
          : `zone "${name}": ${link} is over ${over}, and network "${network}" on ${known.etherstub}`,
      ];
    }),
  );
}

/** Forwards that want a port which another leads elsewhere. */
function findMeeting(bundle: Bundle, records: Records): string[] {
  const before: { zone: ZoneName; forward: Forward }[] = records.zones.flatMap(({ name, forwards }) =>
    forwards.map((forward) => ({ zone: name, forward })),
  );
  return bundle.zones.flatMap(({ name, forwards }) =>
    forwards.flatMap((forward) => {
      const met = before.find((other) => forwardsMeet(other.forward, forward));
      before.push({ zone: name, forward });
      return met === undefined ? [] : [`zone "${name}": ${describeForward(met.forward)} leads to zone "${met.zone}"`];
    }),
  );
}

/** Sites that cannot be beside others: whose port is of another program or kind, or that another zone serves otherwise. */
function findClashing(bundle: Bundle, records: Records): string[] {
  const zones = [...records.zones, ...bundle.zones];
  return bundle.zones.flatMap((zone) =>
    zone.sites.flatMap((site) => {
      try {
        decideSite({ ...site, zone: zone.name }, zone, zones);
        return [];
      } catch (error) {
        // What no proxy serves yet is told by show-site.
        if (error instanceof OperatorError) return error.code === 'IN_USE' ? [error.message] : [];
        throw error;
      }
    }),
  );
}

/**
 * Imports records, all or none. Nothing live is changed: `znetadm check` tells what is not so, `znetadm repair` mends it.
 */
export async function importRecords(
  bundle: Bundle,
  host: Host,
  verb: Verb = 'import',
  left: readonly string[] = [],
): Promise<void> {
  await locked(host, 'host', async () => {
    const plan = await planImport(bundle, host, verb, left);
    const undo = [
      ...bundle.zones.map(({ name }) => forgetZone(name)),
      ...bundle.networks.map(({ name }) => forgetNetwork(name)),
      planTransactionEnd(),
    ];
    await undoing(
      () => carryOut(plan, host),
      () => carryOut(undo, host),
      'repair',
      host,
    );
  });
}
