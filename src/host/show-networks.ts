import type { Network } from '../domain/network.ts';
import { usableCount } from '../domain/network.ts';
import { formatPrefix } from '../domain/prefix.ts';
import { isBehind, proxyOf } from '../domain/zone-record.ts';
import type { Records } from './store.ts';

/** The fields of show-network, in the order they are shown. */
export const NETWORK_FIELDS = ['network', 'prefix', 'router', 'etherstub', 'proxy', 'zones', 'free'] as const;
/** Further ones, on request. */
export const MORE_NETWORK_FIELDS = ['state', 'mtu'] as const;

/** A network with who is on it, all from the records. */
export function networkRow(network: Network, { zones }: Records): Record<string, string> {
  const { name, prefixes, routers, etherstub, state, mtu } = network;
  const behind = zones.filter((zone) => isBehind(zone, name));
  const [prefix] = prefixes;
  const taken = BigInt(behind.length) + 1n;
  return {
    network: name,
    prefix: prefixes.map(formatPrefix).join(','),
    router: routers.join(','),
    etherstub,
    proxy: proxyOf(name, zones)?.name ?? '',
    zones: behind.map((zone) => zone.name).join(','),
    free: prefix === undefined ? '' : `${usableCount(prefix) - taken}`,
    state,
    mtu: `${mtu}`,
  };
}
