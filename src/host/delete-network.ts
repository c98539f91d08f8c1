import { OperatorError } from '../domain/errors.ts';
import type { NetworkName, ZoneName } from '../domain/names.ts';
import type { Network } from '../domain/network.ts';
import { networksOf, routedNetworks, type ZoneRecord } from '../domain/zone-record.ts';
import type { HostPlan } from '../plan/host-step.ts';
import { linksOver, planEtherstubRemoval } from '../plan/links.ts';
import { forgetNetwork, recordNetwork } from '../plan/records.ts';
import { waitForRunning } from './applied.ts';
import {
  afterOthers,
  deleteZone,
  deletionOrder,
  planRemoval,
  refuseAttached,
  type ZoneRemoval,
} from './delete-zone.ts';
import { commandsFreeing, describeCommands, isAttached } from './freeing.ts';
import { FINISH, type Host, locked } from './host.ts';
import { clearingEmptied } from './leftovers.ts';
import { observeHost } from './observe.ts';
import { planLate, planPublications, plansOf, type ZonePublication, zonesNaming } from './publications.ts';
import { carryOutTelling } from './started-meanwhile.ts';
import { findNetwork, type Records, readRecords, readSettings, refuseDamaged } from './store.ts';

/** What takes a network away, and tells zones whose rules name it. */
export interface NetworkDeletion {
  readonly plan: HostPlan;
  readonly publications: readonly ZonePublication[];
  readonly bootSeconds: number;
}

/**
 * Plans the removal of a network. Changes nothing. What is gone already is no fault. Zones in `gone` are looked at as
 * deleted.
 *
 * @throws {OperatorError} NOT_FOUND, IN_USE naming the zones or links on it, RECORD_INVALID
 */
export async function planDeleteNetwork(
  name: NetworkName,
  { system }: Host,
  gone: readonly ZoneRecord[] = [],
): Promise<NetworkDeletion> {
  const [records, settings, observed] = await Promise.all([
    readRecords(system),
    readSettings(system),
    observeHost(system),
  ]);
  const { links } = observed;
  refuseDamaged(records, `delete network "${name}"`);
  const network = findNetwork(name, records);
  const users = usersOf(network, records).filter((zone) => !gone.some((other) => other.name === zone.name));
  if (users.length > 0) throw inUse(network, users, records);
  const going = gone.flatMap(({ nics }) => nics.map(({ link }): string => link));
  const others = linksOver(network.etherstub, links)
    .map((link) => link.name)
    .filter((link) => !going.includes(link));
  if (others.length > 0) {
    const what = `${others.join(', ')} over ${network.etherstub}, which znetadm did not make`;
    throw new OperatorError('IN_USE', `Cannot delete network "${name}": used by ${what}`, {
      hint: others.map((link) => `to free it:   /usr/sbin/dladm delete-vnic ${link}`).join('\n'),
    });
  }
  const isBegun = network.state === 'deleting';
  const left = {
    networks: records.networks.filter((other) => other !== network),
    zones: records.zones.filter((zone) => !gone.some((other) => other.name === zone.name)),
  };
  const publications = await planPublications(zonesNaming(name, left.zones), left, { settings, observed, system });
  return {
    plan: [
      ...(isBegun ? [] : [recordNetwork({ ...network, state: 'deleting' }, '~', 'it goes')]),
      ...plansOf(publications),
      ...(isBegun ? await planLate(publications, system) : []),
      ...planEtherstubRemoval(network, links),
      forgetNetwork(name),
    ],
    publications,
    bootSeconds: settings.bootSeconds,
  };
}

/** What takes a network away with all zones on it, those behind others first. */
export interface NetworkRemoval {
  readonly zones: readonly ZoneRemoval[];
  readonly network: HostPlan;
}

/**
 * Plans the removal of a network and of the zones on it, its proxy last. Changes nothing.
 *
 * @throws {OperatorError} as `planDeleteNetwork`, and IN_USE when a zone that would go is the router of other networks
 * or behind one that stays
 */
export async function planDeleteNetworkAndZones(name: NetworkName, host: Host): Promise<NetworkRemoval> {
  const records = await readRecords(host.system);
  refuseDamaged(records, `delete network "${name}"`);
  const network = findNetwork(name, records);
  const users = usersOf(network, records).sort((a, b) => routedNetworks(a).length - routedNetworks(b).length);
  // Whoever is behind one of them and not on the network itself is on another one that it is the router of.
  const elsewhere = users.find((zone) => networksOf(zone).some((other) => other !== name));
  if (elsewhere !== undefined) throw alsoOn(network, elsewhere, records);
  const going = [...new Set(users.flatMap((zone) => deletionOrder(zone.name, true, records)))];
  refuseAttached(going);
  const zones: ZoneRemoval[] = [];
  for (const [index, record] of going.entries()) {
    const gone = going.slice(0, index).map((zone) => zone.name);
    zones.push(await planRemoval(record, host, gone));
  }
  return { zones, network: (await planDeleteNetwork(name, host, going)).plan };
}

function usersOf({ name }: Network, { zones }: Records): ZoneRecord[] {
  return zones.filter(({ nics }) => nics.some((nic) => nic.network === name));
}

function inUse({ name }: Network, users: readonly ZoneRecord[], { zones }: Records): OperatorError {
  const names = users.map((zone) => zone.name).join(', ');
  const isWhole = users.every((zone) => !isAttached(zone) && networksOf(zone).join() === name);
  return new OperatorError('IN_USE', `Cannot delete network "${name}": used by ${names}`, {
    hint: [
      ...describeCommands('to free it:', commandsFreeing(name, zones)),
      ...(isWhole ? [`or all:       znetadm delete-network -r ${name}      (shows its plan first with -n)`] : []),
    ].join('\n'),
  });
}

function alsoOn({ name }: Network, zone: ZoneRecord, { zones }: Records): OperatorError {
  const others = networksOf(zone).filter((other) => other !== name);
  const message = `Cannot delete network "${name}" with its zones: zone "${zone.name}" is on ${others.join(', ')} too`;
  return new OperatorError('IN_USE', message, {
    hint: describeCommands('to free it:', commandsFreeing(name, zones)).join('\n'),
  });
}

/** Deletes a network, or finishes what an interrupted run began. */
export async function deleteNetwork(name: NetworkName, host: Host): Promise<void> {
  const { publications, bootSeconds } = await clearingEmptied(host, () =>
    locked(host, 'host', async () => {
      const deletion = await planDeleteNetwork(name, host);
      return { ...deletion, publications: await carryOutTelling(deletion.plan, deletion.publications, host, FINISH) };
    }),
  );
  await waitForRunning(publications, bootSeconds, host.system);
}

/** Deletes a network and the zones on it. Gives the names of the zones deleted, in their order. */
export async function deleteNetworkAndZones(name: NetworkName, host: Host): Promise<ZoneName[]> {
  const { zones } = await planDeleteNetworkAndZones(name, host);
  const deleted: ZoneName[] = [];
  for (const { record } of zones) {
    deleted.push(...(await afterOthers(deleted, () => deleteZone(record.name, false, host))));
  }
  await afterOthers(deleted, () => deleteNetwork(name, host));
  return deleted;
}
