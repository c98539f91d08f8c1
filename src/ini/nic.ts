import { parseAddress } from '../domain/address.ts';
import type { Nic } from '../domain/metadata.ts';
import { type LinkName, parseNetworkName } from '../domain/names.ts';
import { formatInterfaceAddress, parseInterfaceAddress } from '../domain/prefix.ts';
import { formatStaticRoute, parseStaticRoute } from '../domain/static-route.ts';
import { list, one, oneOf, optional, type ShapeValues, wholeNumber, yesOrNo } from './shape.ts';

/** The keys of a NIC, the same in metadata and in the record of a zone. "dhcp" and "addrconf" missing mean no. */
export const NIC = {
  side: one(oneOf('inside', 'outside')),
  network: optional(parseNetworkName),
  mtu: one(wholeNumber(576, 65535)),
  dhcp: optional(yesOrNo),
  addrconf: optional(yesOrNo),
  host: optional(yesOrNo),
  address: list(parseInterfaceAddress),
  router: list(parseAddress),
  route: list(parseStaticRoute),
};

export function toNic(link: LinkName, values: ShapeValues<typeof NIC>): Nic {
  const { side, network, mtu, dhcp = false, addrconf = false, host, address, router, route } = values;
  const own = host === true ? ({ host } as const) : {};
  const on = network === undefined ? {} : { network };
  return { link, side, ...on, mtu, dhcp, addrconf, addresses: address, routers: router, routes: route, ...own };
}

/** The entries of a NIC, to be written. */
export function nicEntries(nic: Nic): (readonly [key: string, value: string | readonly string[]])[] {
  return [
    ['side', nic.side],
    ['network', nic.network === undefined ? [] : nic.network],
    ['mtu', `${nic.mtu}`],
    ['dhcp', nic.dhcp ? 'yes' : []],
    ['addrconf', nic.addrconf ? 'yes' : []],
    ['host', nic.host === true ? 'yes' : []],
    ['address', nic.addresses.map(formatInterfaceAddress)],
    ['router', nic.routers],
    ['route', nic.routes.map(formatStaticRoute)],
  ];
}
