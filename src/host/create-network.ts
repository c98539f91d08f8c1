import type { Address } from '../domain/address.ts';
import { createLinkNames } from '../domain/allocation.ts';
import { OperatorError } from '../domain/errors.ts';
import type { NameService } from '../domain/name-service.ts';
import type { NetworkName } from '../domain/names.ts';
import type { Network } from '../domain/network.ts';
import { checkNetworkMtu, checkReservations, decideRouters } from '../domain/network-checks.ts';
import { formatPrefix, type Prefix } from '../domain/prefix.ts';
import { formatReservation, type Reservation } from '../domain/reservation.ts';
import type { Vars } from '../domain/vars.ts';
import type { HostPlan } from '../plan/host-step.ts';
import { planEtherstub, planEtherstubRemoval } from '../plan/links.ts';
import { forgetNetwork, recordNetwork, recordUla } from '../plan/records.ts';
import { waitForRunning } from './applied.ts';
import { acceptPrefix, type Choice, choosePrefix, chooseUla } from './choose-prefixes.ts';
import { claimsOf } from './claims.ts';
import { carryOut, FINISH, type Host, locked, tellingHowToFinish } from './host.ts';
import { observeHost, observeHostNetworks, takenLinkNames } from './observe.ts';
import { planPublications, plansOf, type ZonePublication, zonesNaming } from './publications.ts';
import { carryOutTelling } from './started-meanwhile.ts';
import { readRecords, readSettings, refuseDamaged } from './store.ts';
import { undoing } from './undo.ts';

export interface NetworkRequest {
  readonly name: NetworkName;
  /** Missing: the next free one of the pools. */
  readonly prefix?: Prefix;
  /** Missing: no IPv6. "auto": the next free /64 of this host's unique local prefix. */
  readonly inet6?: Prefix | 'auto';
  /** At most one a family; the bottom address where none is given. */
  readonly routers: readonly Address[];
  /** Bytes. Missing: as in the settings. */
  readonly mtu?: number;
  readonly reservations: readonly Reservation[];
  /** Values for the templates of its zones. */
  readonly vars: Vars;
  /** How its zones find each other by name. Missing: not at all. */
  readonly names?: NameService;
  /** Its links are not protected. */
  readonly unprotected?: true;
}

/** A network decided upon, and what makes it. */
export interface NetworkCreation {
  readonly network: Network;
  readonly plan: HostPlan;
  /** Of zones whose rules name it: there was one of that name before. */
  readonly publications: readonly ZonePublication[];
  readonly bootSeconds: number;
}

/**
 * Decides on a network and plans it. Changes nothing.
 *
 * A record that an interrupted run left is taken up again when the request fits it.
 *
 * @throws {OperatorError} EXISTS, PREFIX_INVALID, PREFIX_OVERLAPS, ADDRESS_OUTSIDE, POOL_FULL, RECORD_INVALID
 */
export async function planCreateNetwork(request: NetworkRequest, host: Host): Promise<NetworkCreation> {
  const { system } = host;
  const purpose = `create network "${request.name}"`;
  const [records, settings, observed] = await Promise.all([
    readRecords(system),
    readSettings(system),
    observeHost(system),
  ]);
  refuseDamaged(records, purpose);
  const creation = async (network: Network, plan: HostPlan): Promise<NetworkCreation> => {
    const others = records.networks.filter(({ name }) => name !== network.name);
    const among = { networks: [...others, network], zones: records.zones };
    const naming = zonesNaming(network.name, records.zones);
    const publications = await planPublications(naming, among, { settings, observed, system });
    return { network, plan, publications, bootSeconds: settings.bootSeconds };
  };
  const before = records.networks.find(({ name }) => name === request.name);
  if (before !== undefined) {
    const network = takeUp(before, request, purpose);
    return await creation(network, planEtherstub(network, observed.links));
  }
  const claims = claimsOf(records, settings, await observeHostNetworks(system));
  const choice: Choice = { settings, claims, purpose, system, takesNext: true };
  const prefix = await (request.prefix === undefined ? choosePrefix(choice) : acceptPrefix(request.prefix, choice));
  const inet6 = await decideInet6(request, choice, host);
  const prefixes = [prefix, ...(inet6 === undefined ? [] : [inet6.prefix])];
  const routers = decideRouters(prefixes, request.routers, request.name);
  const reservations = checkReservations(request.reservations, prefixes, routers, request.name);
  const mtu = checkNetworkMtu(request.mtu ?? settings.mtu, prefixes, request.name);
  const etherstub = createLinkNames(takenLinkNames(observed, records))(settings.etherstubBase);
  const network: Network = {
    name: request.name,
    state: 'creating',
    prefixes,
    routers,
    etherstub,
    mtu,
    reservations,
    vars: request.vars,
    ...(request.names === undefined ? {} : { names: request.names }),
    ...(request.unprotected === true ? { unprotected: true } : {}),
  };
  const note = `${request.name} takes ${prefixes.map(formatPrefix).join(', ')}, ${etherstub}`;
  const ula = inet6?.host === undefined ? [] : [recordUla(inet6.host)];
  const made = planEtherstub(network, observed.links);
  return await creation(network, [...ula, recordNetwork(network, '+', note), ...made]);
}

/** Makes a network. When that fails, what was made of it is taken away again. */
export async function createNetwork(request: NetworkRequest, host: Host): Promise<Network> {
  const { network, publications, bootSeconds } = await locked(host, 'host', async () => {
    const created = await planCreateNetwork(request, host);
    const { network, plan } = created;
    await undoing(
      async () => {
        await carryOut(plan, host);
        await checkMade(network, host);
      },
      async () => {
        const { links } = await observeHost(host.system);
        await carryOut([...planEtherstubRemoval(network, links), forgetNetwork(network.name)], host);
      },
      `delete-network ${network.name}`,
      host,
    );
    const ready: Network = { ...network, state: 'ready' };
    const end = [recordNetwork(ready, '~', 'everything is there'), ...plansOf(created.publications)];
    const told = await tellingHowToFinish(FINISH, () => carryOutTelling(end, created.publications, host));
    return { ...created, publications: told, network: ready };
  });
  await waitForRunning(publications, bootSeconds, host.system);
  return network;
}

/** @throws {OperatorError} NOT_CONVERGED */
async function checkMade(network: Network, { system }: Host): Promise<void> {
  const { links } = await observeHost(system);
  const [left] = planEtherstub(network, links);
  if (left === undefined) return;
  const message = `Cannot create network "${network.name}": ${network.etherstub} is not there although dladm made it`;
  throw new OperatorError('NOT_CONVERGED', message);
}

/** The IPv6 prefix of a network, and that of the host where it is new. Undefined: none is asked for. */
async function decideInet6(
  { inet6 }: NetworkRequest,
  choice: Choice,
  { newId }: Host,
): Promise<{ prefix: Prefix; host?: Prefix } | undefined> {
  if (inet6 === undefined) return undefined;
  // The last ten digits of a random UUID (version 4) are random all.
  if (inet6 === 'auto') return await chooseUla(choice, newId().slice(-10));
  return { prefix: await acceptPrefix(inet6, choice) };
}

function takeUp(before: Network, request: NetworkRequest, purpose: string): Network {
  const { prefix, inet6, routers, mtu, reservations, vars, names, name } = request;
  const has = (wanted: Prefix) => before.prefixes.some((other) => formatPrefix(other) === formatPrefix(wanted));
  const fits =
    before.state === 'creating' &&
    (prefix === undefined || has(prefix)) &&
    (inet6 === undefined
      ? before.prefixes.length === 1
      : inet6 === 'auto'
        ? before.prefixes.length === 2
        : has(inet6)) &&
    routers.every((router) => before.routers.includes(router)) &&
    (mtu === undefined || mtu === before.mtu) &&
    JSON.stringify(vars) === JSON.stringify(before.vars) &&
    JSON.stringify(names) === JSON.stringify(before.names) &&
    reservations.map(formatReservation).join() === before.reservations.map(formatReservation).join();
  if (fits) return before;
  const what = `${before.prefixes.map(formatPrefix).join(', ')} on ${before.etherstub}`;
  const left = before.state === 'ready' ? '' : `, ${before.state} by a run that did not end`;
  throw new OperatorError('EXISTS', `Cannot ${purpose}: there is one already: ${what}${left}`, {
    hint:
      before.state === 'ready'
        ? `See: znetadm show-network ${name}`
        : `To clear it away: znetadm delete-network ${name}`,
  });
}
