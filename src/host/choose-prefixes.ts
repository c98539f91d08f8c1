import { familyOf } from '../domain/address.ts';
import { OperatorError } from '../domain/errors.ts';
import { checkNetworkPrefix } from '../domain/network.ts';
import { formatPrefix, type Prefix, prefixesOverlap } from '../domain/prefix.ts';
import type { Settings } from '../domain/settings.ts';
import { lowestFreeUla, ulaOfHost } from '../domain/ula.ts';
import type { System } from '../system/system.ts';
import { type Claim, checkFree } from './claims.ts';
import { freeRanges, lowestFreePrefix } from './free-prefixes.ts';
import { observeInet6Routes, observeRouteTo } from './observe.ts';
import { readUla } from './store.ts';

/** What a choice of prefixes rests on. `purpose` follows "Cannot" in refusals. */
export interface Choice {
  readonly settings: Settings;
  readonly claims: readonly Claim[];
  readonly purpose: string;
  readonly system: System;
  /** Where the global zone is their router, the prefixes the network has so far: the host's routes to them are ours. */
  readonly own?: readonly Prefix[];
  /** Whether the next free one is taken where none is asked for. */
  readonly takesNext?: true;
}

const ROUTED = 'destination of a route of this host';

/**
 * Sees that a prefix that was asked for can be a hidden network's.
 *
 * @throws {OperatorError} PREFIX_INVALID, PREFIX_OVERLAPS
 */
export async function acceptPrefix(prefix: Prefix, choice: Choice): Promise<Prefix> {
  const { claims, purpose } = choice;
  checkNetworkPrefix(prefix);
  const all = [...claims, ...(await routesTo(prefix, choice))];
  const hint = familyOf(prefix.address) === 'inet' ? freeHint(choice, all) : 'Write -6 auto to take a free one';
  checkFree(prefix, all, purpose, hint);
  return prefix;
}

/** The route that leads into a network is asked for: the table of IPv4 shows routes without their length (§3.3). */
async function routesTo(prefix: Prefix, { system, own = [] }: Pick<Choice, 'system' | 'own'>): Promise<Claim[]> {
  const isOwn = (route: Prefix) => own.some(({ address }) => address === route.address);
  if (familyOf(prefix.address) === 'inet6') {
    return (await observeInet6Routes(system))
      .filter((route) => !isOwn(route))
      .map((route) => ({ prefix: route, what: ROUTED }));
  }
  const route = await observeRouteTo(prefix, system);
  return route === undefined || isOwn(route) ? [] : [{ prefix: route, what: ROUTED }];
}

/**
 * The next free prefix of the pools.
 *
 * @throws {OperatorError} POOL_FULL
 */
export async function choosePrefix({ settings, claims, purpose, system }: Choice): Promise<Prefix> {
  const taken = claims.map(({ prefix }) => prefix);
  for (const pool of settings.pools) {
    for (;;) {
      const prefix = lowestFreePrefix(pool, settings.poolPrefixLength, taken);
      if (prefix === undefined) break;
      const [route] = await routesTo(prefix, { system });
      if (route === undefined || !prefixesOverlap(prefix, route.prefix)) return prefix;
      taken.push(route.prefix);
    }
  }
  const pools = settings.pools.map(formatPrefix).join(', ');
  const message = `Cannot ${purpose}: no /${settings.poolPrefixLength} is free in the pool ${pools}`;
  throw new OperatorError('POOL_FULL', message, {
    hint: 'Give a prefix with -a, or add a pool[] to /etc/zonenet/zonenet.ini',
  });
}

/**
 * The next free /64 of this host's unique local /48, which is made of `random` (ten hexadecimal digits) when the host
 * has none yet; then `host` is that, to be kept.
 *
 * @throws {OperatorError} POOL_FULL, PREFIX_OVERLAPS when what is random meets something: try again
 */
export async function chooseUla(choice: Choice, random: string): Promise<{ prefix: Prefix; host?: Prefix }> {
  const { claims, purpose, system } = choice;
  const kept = await readUla(system);
  const host = kept ?? ulaOfHost(random);
  const routes = await routesTo(host, { system });
  const prefix = lowestFreeUla(
    host,
    [...claims, ...routes].map((claim) => claim.prefix),
  );
  if (prefix !== undefined) return { prefix, ...(kept === undefined ? { host } : {}) };
  throw new OperatorError('POOL_FULL', `Cannot ${purpose}: no /64 is free in ${formatPrefix(host)}`, {
    hint: 'Give a prefix with -6',
  });
}

/** Where the pools still have room, for whoever asked for a prefix that is taken. */
function freeHint({ settings: { pools, poolPrefixLength }, takesNext }: Choice, claims: readonly Claim[]): string {
  const taken = claims.map(({ prefix }) => prefix);
  for (const pool of pools) {
    const next = lowestFreePrefix(pool, poolPrefixLength, taken);
    if (next === undefined) continue;
    const many = freeRanges(pool, taken).length > 1 ? 'and more' : 'and on';
    const free = `free in the pool ${formatPrefix(pool)}: ${formatPrefix(next)} ${many}`;
    return takesNext === true ? `${free}; leave out -a to take the next` : free;
  }
  return `the pool ${pools.map(formatPrefix).join(', ')} is full; show-network lists what is taken`;
}
