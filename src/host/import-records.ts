import { OperatorError } from '../domain/errors.ts';
import type { ZoneName } from '../domain/names.ts';
import { formatPrefix, prefixesOverlap } from '../domain/prefix.ts';
import { type Bundle, formatBundle, parseBundle } from '../ini/bundle.ts';
import { IMPORT_FILE } from '../plan/host-paths.ts';
import type { HostPlan } from '../plan/host-step.ts';
import {
  forgetNetwork,
  forgetZone,
  planImportBegin,
  planImportEnd,
  recordNetwork,
  recordZone,
} from '../plan/records.ts';
import { claimsOf } from './claims.ts';
import { carryOut, type Host, locked } from './host.ts';
import { observeHostNetworks } from './observe.ts';
import { type Records, readRecords, readSettings, refuseDamaged } from './store.ts';
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
 * Plans the import of records. Changes nothing.
 *
 * @throws {OperatorError} EXISTS naming everything that is there already or overlaps, RECORD_INVALID, NOT_FOUND
 */
export async function planImport(bundle: Bundle, { system }: Host, verb: Verb = 'import'): Promise<HostPlan> {
  const [records, settings] = await Promise.all([readRecords(system), readSettings(system)]);
  refuseDamaged(records, `${verb} records`);
  const claims = claimsOf(records, settings, await observeHostNetworks(system));
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
  ];
  if (conflicts.length > 0) {
    throw new OperatorError('EXISTS', `Cannot ${verb} the records:\n  ${conflicts.join('\n  ')}`, {
      hint:
        verb === 'import'
          ? 'Nothing was imported. What is not wanted can be left out of the file: its record, and its line in the head'
          : 'Nothing was recorded',
    });
  }
  return [...planImportBegin(formatBundle(bundle)), ...planRecords(bundle, `${verb}ed`), planImportEnd()];
}

function planRecords({ networks, zones }: Bundle, note: string): HostPlan {
  return [
    ...networks.map((network) => recordNetwork(network, '+', note)),
    ...zones.map((zone) => recordZone(zone, '+', note)),
  ];
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

/**
 * Imports records, all or none. Nothing live is changed: `znetadm check` tells what is not so, `znetadm repair` mends it.
 *
 * What is to be imported is kept until all of it is: a run that is killed leaves that, and repair finishes it.
 */
export async function importRecords(bundle: Bundle, host: Host, verb: Verb = 'import'): Promise<void> {
  await locked(host, 'host', async () => {
    const plan = await planImport(bundle, host, verb);
    const undo = [
      ...bundle.zones.map(({ name }) => forgetZone(name)),
      ...bundle.networks.map(({ name }) => forgetNetwork(name)),
      planImportEnd(),
    ];
    await undoing(
      () => carryOut(plan, host),
      () => carryOut(undo, host),
      'repair',
      host,
    );
  });
}

/** Finishes an import that was cut off: its records that are not there yet. */
export async function finishImport(host: Host): Promise<void> {
  if ((await host.system.readFile(IMPORT_FILE)) === undefined) return;
  await locked(host, 'host', async () => {
    const text = await host.system.readFile(IMPORT_FILE);
    if (text === undefined) return;
    const bundle = parseBundle(text, IMPORT_FILE);
    const { networks, zones } = await readRecords(host.system);
    const has = new Set<string>([...networks.map(({ name }) => `n ${name}`), ...zones.map(({ name }) => `z ${name}`)]);
    const left: Bundle = {
      networks: bundle.networks.filter(({ name }) => !has.has(`n ${name}`)),
      zones: bundle.zones.filter(({ name }: { name: ZoneName }) => !has.has(`z ${name}`)),
    };
    await carryOut([...planRecords(left, 'its import was cut off'), planImportEnd()], host);
  });
}
