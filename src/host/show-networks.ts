import { familyOf } from '../domain/address.ts';
import { formatNameService } from '../domain/name-service.ts';
import { type Network, prefixOf } from '../domain/network.ts';
import { formatPrefix } from '../domain/prefix.ts';
import { isBehind, proxyOf } from '../domain/zone-record.ts';
import { countAddresses, formatAddressRange, freeAddresses } from './free-addresses.ts';
import type { Records } from './store.ts';

/** The fields of show-network, in the order they are shown. */
export const NETWORK_FIELDS = ['network', 'prefix', 'router', 'etherstub', 'proxy', 'zones', 'free'] as const;
/** Further ones, on request. */
export const MORE_NETWORK_FIELDS = ['ranges', 'state', 'mtu', 'names'] as const;

/** A network with who is on it, all from the records. */
export function networkRow(network: Network, { zones }: Records): Record<string, string> {
  const { name, prefixes, routers, etherstub, state, mtu, names } = network;
  const behind = zones.filter((zone) => isBehind(zone, name));
  // Of IPv4 where there is any: of a /64 the number says nothing.
  const ranges = freeAddresses(network, zones);
  const counted = prefixOf(network, 'inet') === undefined ? 'inet6' : 'inet';
  return {
    network: name,
    prefix: prefixes.map(formatPrefix).join(','),
    router: routers.join(','),
    etherstub,
    proxy: proxyOf(name, zones)?.name ?? '',
    zones: behind.map((zone) => zone.name).join(','),
    free: `${countAddresses(ranges.filter(({ first }) => familyOf(first) === counted))}`,
    ranges: ranges.map(formatAddressRange).join(','),
    state,
    mtu: `${mtu}`,
    names: names === undefined ? 'none' : formatNameService(names),
  };
}
