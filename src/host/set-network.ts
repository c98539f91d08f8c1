import type { Address } from '../domain/address.ts';
import { familyOf } from '../domain/address.ts';
import { OperatorError } from '../domain/errors.ts';
import type { NameService } from '../domain/name-service.ts';
import { GLOBAL, type NetworkName } from '../domain/names.ts';
import { inOrderOfFamily, type Network, prefixOf } from '../domain/network.ts';
import { checkNetworkMtu, checkReservations, decideRouters } from '../domain/network-checks.ts';
import { formatPrefix, type Prefix } from '../domain/prefix.ts';
import { movedReservations, movedRouters } from '../domain/renumber.ts';
import type { Reservation } from '../domain/reservation.ts';
import { namesNetwork } from '../domain/rule-ends.ts';
import { changeVars, type Vars } from '../domain/vars.ts';
import { hasMethod, networksOf, proxyOf, type ZoneRecord } from '../domain/zone-record.ts';
import type { HostPlan } from '../plan/host-step.ts';
import { planVnics } from '../plan/links.ts';
import { recordUla } from '../plan/records.ts';
import { waitForRunning } from './applied.ts';
import { acceptPrefix, chooseUla } from './choose-prefixes.ts';
import { claimsOf } from './claims.ts';
import { look } from './drift.ts';
import { finishingTelling } from './finish-telling.ts';
import { withForwardsFollowing } from './following-forwards.ts';
import { FINISH, type Host, locked } from './host.ts';
import { observeHostNetworks } from './observe.ts';
import { planRunningProtection } from './protect.ts';
import {
  planLate,
  planPublications,
  plansOf,
  refuseFaulty,
  toldNow,
  toldOf,
  type ZonePublication,
  zonesNaming,
} from './publications.ts';
import { moveZone } from './renumber-zone.ts';
import type { Look } from './situation.ts';
import { carryOutTelling } from './started-meanwhile.ts';
import { findNetwork, type Records, refuseDamaged } from './store.ts';
import { finishTransaction, planTransaction } from './transaction.ts';

/** What of a network is to be another. What is missing stays. */
export interface NetworkChange {
  readonly name?: NetworkName;
  readonly prefix?: Prefix;
  /** "auto": the next free /64 of this host's; "none": it loses IPv6. */
  readonly inet6?: Prefix | 'auto' | 'none';
  /** One a family at most. */
  readonly routers: readonly Address[];
  /** Bytes. */
  readonly mtu?: number;
  /** All of them. */
  readonly reservations?: readonly Reservation[];
  /** Values over those it has; those in `unset` go. */
  readonly vars: Vars;
  readonly unset: readonly string[];
  readonly names?: NameService | 'none';
  readonly isProtected?: boolean;
}

/** A change decided upon, and what makes it. */
export interface NetworkUpdate {
  readonly before: Network;
  readonly network: Network;
  /** The zones on it, and those whose rules name it, as they will be recorded, and as they were. */
  readonly zones: readonly { readonly before: ZoneRecord; readonly after: ZoneRecord }[];
  readonly plan: HostPlan;
  /** Zones that are told. */
  readonly publications: readonly ZonePublication[];
  /** Zones that cannot follow now, and when they do. */
  readonly later: readonly { readonly zone: ZoneRecord; readonly when: string }[];
  readonly bootSeconds: number;
}

/**
 * Decides on a change of a network and plans it. Changes nothing.
 *
 * @throws {OperatorError} NOT_FOUND, EXISTS, IN_USE, PREFIX_INVALID, PREFIX_OVERLAPS, ADDRESS_OUTSIDE, ADDRESS_TAKEN,
 * VALUE_INVALID, NETWORK_FULL, RECORD_INVALID
 */
export async function planSetNetwork(name: NetworkName, change: NetworkChange, host: Host): Promise<NetworkUpdate> {
  const { system } = host;
  const situation = await look(host);
  const { records, settings, observed } = situation;
  refuseDamaged(records, `change network "${name}"`);
  const before = findNetwork(name, records);
  const on = records.zones.filter((zone) => networksOf(zone).includes(name));
  refuseUnsettled(before, on);
  const { network, ula } = await decideNetwork(before, change, situation, host);
  refuseRunning(before, network, on, situation);
  const concerned = records.zones.filter(
    (zone) => on.includes(zone) || zone.rules.some((rule) => namesNetwork(rule, name)),
  );
  const onIt = concerned.map((zone) => ({ before: zone, after: moveZone(zone, before, network, records) }));
  // Where a proxy's way out is on it, what leads away from its address there follows too.
  const all = withForwardsFollowing(onIt, records.zones, `change network "${name}"`);
  const zones = records.zones.flatMap((zone, at) => {
    const after = all[at] ?? zone;
    return concerned.includes(zone) || after !== zone ? [{ before: zone, after }] : [];
  });
  const moved = new Map(zones.map(({ after }) => [after.name, after]));
  const others = records.networks.filter((one) => one.name !== name);
  const wanted = {
    ...records,
    networks: [...others, network].sort((a, b) => (`${a.name}.ini` < `${b.name}.ini` ? -1 : 1)),
    zones: records.zones.map((zone) => moved.get(zone.name) ?? zone),
  };
  const changed = zones.filter(({ before: was, after }) => was !== after).map(({ after }) => after);
  // Rules may name a network of the new name, which there was before.
  const naming = zonesNaming(network.name, wanted.zones);
  const told = new Set([...moved.values(), ...[...moved.values()].flatMap((zone) => toldOf(zone, wanted)), ...naming]);
  const publications = await planPublications([...told], wanted, { settings, observed, system });
  refuseFaulty(publications);
  const isSame = network === before && changed.length === 0;
  const gone = network.name === name ? {} : { gone: [name] };
  const note = describeChange(before, network);
  // What links may do follows from the network too, where no record of a zone changes.
  const protection = await planRunningProtection([...moved.values()], wanted, situation, system);
  return {
    before,
    network,
    zones,
    plan: [
      ...(ula === undefined ? [] : [recordUla(ula)]),
      ...(isSame ? [] : planTransaction({ networks: [network], zones: changed, ...gone }, records, note)),
      ...changed.flatMap((zone) => planVnics(zone, observed.links)),
      ...protection,
      ...plansOf(publications),
      ...(isSame ? await planLate(publications, system) : []),
    ],
    publications,
    later: zones.flatMap(({ before: was, after }) => (was.nics === after.nics ? [] : laterOf(after, situation))),
    bootSeconds: settings.bootSeconds,
  };
}

/**
 * Changes a network, and lets the zones on it that run follow.
 *
 * The records of the network and of all zones on it change all or none; what comes after is what `repair` would do. Again
 * it finishes what a run that was killed has begun.
 *
 * @throws {OperatorError} as `planSetNetwork`, COMMAND_FAILED, NOT_APPLIED
 */
export async function setNetwork(name: NetworkName, change: NetworkChange, host: Host): Promise<NetworkUpdate> {
  await finishTransaction(host);
  // Where it has its new name already, those on it and those whose rules name it.
  const concerned = ({ zones }: Records) =>
    zones.filter(
      (zone) =>
        change.name !== undefined &&
        (networksOf(zone).includes(change.name) || zonesNaming(change.name, [zone]).length > 0),
    );
  const { update, told } = await finishingTelling(concerned, host, () =>
    locked(host, 'host', async () => {
      const planned = await planSetNetwork(name, change, host);
      return { update: planned, told: await carryOutTelling(planned.plan, planned.publications, host, FINISH) };
    }),
  );
  await waitForRunning(toldNow(told), update.bootSeconds, host.system);
  return update;
}

/** @throws {OperatorError} IN_USE while something of it is being made or taken away */
function refuseUnsettled(network: Network, zones: readonly ZoneRecord[]): void {
  const busy = [network, ...zones].find(({ state }) => state !== 'ready');
  if (busy === undefined) return;
  const what = busy === network ? 'it' : `zone "${busy.name}"`;
  throw new OperatorError('IN_USE', `Cannot change network "${network.name}": ${what} is ${busy.state}`, {
    hint: 'to finish it: znetadm repair',
  });
}

async function decideNetwork(
  before: Network,
  change: NetworkChange,
  { records, settings }: Look,
  host: Host,
): Promise<{ network: Network; ula?: Prefix }> {
  const { name: newName = before.name, reservations, names, isProtected } = change;
  if (newName !== before.name && records.networks.some((one) => one.name === newName)) {
    throw new OperatorError('EXISTS', `Cannot rename network "${before.name}": there is a network "${newName}"`, {
      hint: 'See: znetadm show-network',
    });
  }
  const others = { ...records, networks: records.networks.filter((one) => one !== before) };
  const claims = claimsOf(others, settings, await observeHostNetworks(host.system));
  const own = proxyOf(before.name, records.zones)?.name === GLOBAL ? before.prefixes : [];
  const choice = { settings, claims, purpose: `change network "${before.name}"`, system: host.system, own };
  const inet = prefixOf(before, 'inet');
  const isNew =
    change.prefix !== undefined && (inet === undefined || formatPrefix(inet) !== formatPrefix(change.prefix));
  const first = isNew && change.prefix !== undefined ? await acceptPrefix(change.prefix, choice) : inet;
  const [second, ula] = await decideInet6(before, change, choice, host);
  const prefixes = inOrderOfFamily([first, second].filter((prefix) => prefix !== undefined));
  if (prefixes.length === 0) {
    throw new OperatorError('VALUE_INVALID', `Cannot take IPv6 from network "${before.name}": it has nothing else`, {
      hint: 'Give it an IPv4 prefix with -a at the same time',
    });
  }
  const given = new Set(change.routers.map(familyOf));
  const kept = movedRouters(before, prefixes).filter((router) => !given.has(familyOf(router)));
  const routers = decideRouters(prefixes, [...change.routers, ...kept], newName);
  const reserved = reservations ?? movedReservations(before, prefixes);
  const { names: hadNames, unprotected, ...rest } = before;
  const service = names === 'none' ? undefined : (names ?? hadNames);
  const network: Network = {
    ...rest,
    name: newName,
    prefixes,
    routers,
    mtu: checkNetworkMtu(change.mtu ?? before.mtu, prefixes, newName),
    reservations: checkReservations(reserved, prefixes, routers, newName),
    vars: changeVars(before.vars, change),
    ...(service === undefined ? {} : { names: service }),
    ...((isProtected === undefined ? unprotected === true : !isProtected) ? { unprotected: true } : {}),
  };
  const isSame = JSON.stringify(sorted(network)) === JSON.stringify(sorted(before));
  return { network: isSame ? before : network, ...(ula === undefined ? {} : { ula }) };
}

const sorted = (record: object) => Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1));

async function decideInet6(
  before: Network,
  { inet6 }: NetworkChange,
  choice: Parameters<typeof acceptPrefix>[1],
  { newId }: Host,
): Promise<[prefix: Prefix | undefined, ula?: Prefix]> {
  const had = prefixOf(before, 'inet6');
  if (inet6 === undefined || (inet6 === 'auto' && had !== undefined)) return [had];
  if (inet6 === 'none') return [undefined];
  if (inet6 !== 'auto') {
    const same = had !== undefined && formatPrefix(had) === formatPrefix(inet6);
    return [same ? had : await acceptPrefix(inet6, choice)];
  }
  const { prefix, host: ula } = await chooseUla(choice, newId().slice(-10));
  return ula === undefined ? [prefix] : [prefix, ula];
}

/**
 * The MTU of a link that is in use cannot be changed (§1.5), and the addresses of a zone that shares the host's stack are
 * in its configuration.
 *
 * @throws {OperatorError} IN_USE
 */
function refuseRunning(before: Network, network: Network, zones: readonly ZoneRecord[], { observed }: Look): void {
  const up = zones.filter(({ name }) => observed.zones.get(name)?.state === 'running').map(({ name }) => name);
  if (network.mtu !== before.mtu && up.length > 0) {
    throw new OperatorError(
      'IN_USE',
      `Cannot change the MTU of network "${before.name}": ${up.join(', ')} runs on it`,
      {
        hint: up.map((name) => `to halt it:   /usr/sbin/zoneadm -z ${name} shutdown`).join('\n'),
      },
    );
  }
  const shared = zones.find(({ ipType }) => ipType === 'shared');
  const moves = network.prefixes.map(formatPrefix).join() !== before.prefixes.map(formatPrefix).join();
  if (shared === undefined || !moves) return;
  const message = `Cannot renumber network "${before.name}": zone "${shared.name}" has its address in its configuration`;
  throw new OperatorError('IN_USE', message, {
    hint: `It shares the host's IP stack. Delete it first: znetadm delete-zone ${shared.name}`,
  });
}

/** When a zone follows that is not told now. Empty: it follows at once, or nothing of it changes. */
function laterOf(zone: ZoneRecord, { observed }: Look): { zone: ZoneRecord; when: string }[] {
  const state = observed.zones.get(zone.name)?.state;
  if (!hasMethod(zone)) return [{ zone, when: 'when it asks for its lease again, or its owner sets it' }];
  return state === 'running' ? [] : [{ zone, when: `at its next boot (it is ${state ?? 'gone'})` }];
}

function describeChange(before: Network, network: Network): string {
  const words = [
    ...(network.name === before.name ? [] : [`${before.name} becomes ${network.name}`]),
    ...(network.prefixes.map(formatPrefix).join() === before.prefixes.map(formatPrefix).join()
      ? []
      : [`${before.prefixes.map(formatPrefix).join(', ')} becomes ${network.prefixes.map(formatPrefix).join(', ')}`]),
  ];
  return words.length === 0 ? `network ${network.name} changes` : words.join('; ');
}
