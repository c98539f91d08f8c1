import { type Address, familyOf } from '../domain/address.ts';
import { freeLinkNames } from '../domain/allocation.ts';
import { OperatorError } from '../domain/errors.ts';
import type { NetworkName } from '../domain/names.ts';
import { bottomAddress, checkHostAddress, checkNetworkPrefix, type Network } from '../domain/network.ts';
import { formatPrefix, type Prefix, prefixesOverlap } from '../domain/prefix.ts';
import type { Settings } from '../domain/settings.ts';
import type { HostPlan } from '../plan/host-step.ts';
import { planEtherstub, planEtherstubRemoval } from '../plan/links.ts';
import { forgetNetwork, recordNetwork } from '../plan/records.ts';
import { type Claim, checkFree, claimsOf } from './claims.ts';
import { freeRanges, lowestFreePrefix } from './free-prefixes.ts';
import { carryOut, type Host, locked } from './host.ts';
import { observeHost, observeHostNetworks, observeRouteTo, takenLinkNames } from './observe.ts';
import { readRecords, readSettings, refuseDamaged } from './store.ts';
import { undoing } from './undo.ts';

export interface NetworkRequest {
  readonly name: NetworkName;
  /** Missing: the next free one of the pools. */
  readonly prefix?: Prefix;
  /** Missing: the bottom address. */
  readonly router?: Address;
}

/** A network decided upon, and what makes it. */
export interface NetworkCreation {
  readonly network: Network;
  readonly plan: HostPlan;
}

/**
 * Decides on a network and plans it. Changes nothing.
 *
 * A record that an interrupted run left is taken up again when the request fits it.
 *
 * @throws {OperatorError} EXISTS, PREFIX_INVALID, PREFIX_OVERLAPS, ADDRESS_OUTSIDE, POOL_FULL, RECORD_INVALID
 */
export async function planCreateNetwork(request: NetworkRequest, { system }: Host): Promise<NetworkCreation> {
  const purpose = `create network "${request.name}"`;
  const [records, settings, observed] = await Promise.all([
    readRecords(system),
    readSettings(system),
    observeHost(system),
  ]);
  refuseDamaged(records, purpose);
  const before = records.networks.find(({ name }) => name === request.name);
  if (before !== undefined) {
    const network = takeUp(before, request, purpose);
    return { network, plan: planEtherstub(network, observed.links) };
  }
  const claims = claimsOf(records, settings, await observeHostNetworks(system));
  const routeTo = async (prefix: Prefix): Promise<Claim[]> => {
    const route = await observeRouteTo(prefix, system);
    return route === undefined ? [] : [{ prefix: route, what: 'destination of a route of this host' }];
  };
  const prefix = await (request.prefix === undefined
    ? choosePrefix(settings, claims, routeTo, purpose)
    : acceptPrefix(request.prefix, settings, claims, routeTo, purpose));
  const router =
    request.router === undefined
      ? bottomAddress(prefix)
      : checkHostAddress(request.router, prefix, `the router of network "${request.name}"`);
  const [etherstub] = freeLinkNames(settings.etherstubBase, 1, takenLinkNames(observed, records));
  if (etherstub === undefined) throw new Error('freeLinkNames gives as many as asked for');
  const network: Network = {
    name: request.name,
    state: 'creating',
    prefixes: [prefix],
    routers: [router],
    etherstub,
    mtu: settings.mtu,
  };
  const note = `${request.name} takes ${formatPrefix(prefix)}, ${etherstub}`;
  return { network, plan: [recordNetwork(network, '+', note), ...planEtherstub(network, observed.links)] };
}

/** Makes a network. When that fails, what was made of it is taken away again. */
export async function createNetwork(request: NetworkRequest, host: Host): Promise<Network> {
  return await locked(host, 'host', async () => {
    const { network, plan } = await planCreateNetwork(request, host);
    await undoing(
      async () => {
        await carryOut(plan, host);
        await checkMade(network, host);
      },
      async () => {
        const { links } = await observeHost(host.system);
        return [...planEtherstubRemoval(network, links), forgetNetwork(network.name)];
      },
      `delete-network ${network.name}`,
      host,
    );
    const ready: Network = { ...network, state: 'ready' };
    await carryOut([recordNetwork(ready, '~', 'everything is there')], host);
    return ready;
  });
}

/** @throws {OperatorError} NOT_CONVERGED */
async function checkMade(network: Network, { system }: Host): Promise<void> {
  const { links } = await observeHost(system);
  const [left] = planEtherstub(network, links);
  if (left === undefined) return;
  const message = `Cannot create network "${network.name}": ${network.etherstub} is not there although dladm made it`;
  throw new OperatorError('NOT_CONVERGED', message);
}

function takeUp(before: Network, { prefix, router, name }: NetworkRequest, purpose: string): Network {
  const fits =
    before.state === 'creating' &&
    (prefix === undefined || before.prefixes.some((other) => formatPrefix(other) === formatPrefix(prefix))) &&
    (router === undefined || before.routers.includes(router));
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

type RouteTo = (prefix: Prefix) => Promise<Claim[]>;

async function acceptPrefix(
  prefix: Prefix,
  settings: Settings,
  claims: readonly Claim[],
  routeTo: RouteTo,
  purpose: string,
) {
  if (familyOf(prefix.address) === 'inet6') {
    throw new OperatorError('PREFIX_INVALID', `Cannot ${purpose}: ${formatPrefix(prefix)} is an IPv6 prefix`, {
      hint: 'Hidden networks are IPv4 so far, like 10.2.0.0/24',
    });
  }
  checkNetworkPrefix(prefix);
  const all = [...claims, ...(await routeTo(prefix))];
  checkFree(prefix, all, purpose, freeHint(settings, all));
  return prefix;
}

async function choosePrefix(
  settings: Settings,
  claims: readonly Claim[],
  routeTo: RouteTo,
  purpose: string,
): Promise<Prefix> {
  const taken = claims.map(({ prefix }) => prefix);
  for (const pool of settings.pools) {
    for (;;) {
      const prefix = lowestFreePrefix(pool, settings.poolPrefixLength, taken);
      if (prefix === undefined) break;
      const [route] = await routeTo(prefix);
      if (route === undefined || !prefixesOverlap(prefix, route.prefix)) return prefix;
      taken.push(route.prefix);
    }
  }
  const pools = settings.pools.map(formatPrefix).join(', ');
  throw new OperatorError(
    'POOL_FULL',
    `Cannot ${purpose}: no /${settings.poolPrefixLength} is free in the pool ${pools}`,
    {
      hint: 'Give a prefix with -a, or add a pool[] to /etc/zonenet/zonenet.ini',
    },
  );
}

/** Where the pools still have room, for whoever asked for a prefix that is taken. */
function freeHint({ pools, poolPrefixLength }: Settings, claims: readonly Claim[]): string {
  const taken = claims.map(({ prefix }) => prefix);
  for (const pool of pools) {
    const next = lowestFreePrefix(pool, poolPrefixLength, taken);
    if (next === undefined) continue;
    const many = freeRanges(pool, taken).length > 1 ? 'and more' : 'and on';
    return `free in the pool ${formatPrefix(pool)}: ${formatPrefix(next)} ${many}; leave out -a to take the next`;
  }
  return `the pool ${pools.map(formatPrefix).join(', ')} is full; show-network lists what is taken`;
}
