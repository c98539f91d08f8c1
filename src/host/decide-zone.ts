import type { Address } from '../domain/address.ts';
import { type AddressOwners, checkWantedAddress, freeLinkNames, lowestFreeAddress } from '../domain/allocation.ts';
import { OperatorError } from '../domain/errors.ts';
import type { LinkName, NetworkName, ZoneName } from '../domain/names.ts';
import { checkHostAddress, type Network, routerAddresses } from '../domain/network.ts';
import { formatInterfaceAddress, type InterfaceAddress, networkOf } from '../domain/prefix.ts';
import type { Settings } from '../domain/settings.ts';
import type { Vars } from '../domain/vars.ts';
import { addressesOn, proxyOf, type ZoneNic, type ZoneRecord } from '../domain/zone-record.ts';
import { checkFree, type HostNetworks, hiddenClaims } from './claims.ts';
import { type Observed, takenLinkNames } from './observe.ts';
import { findNetwork, type Records } from './store.ts';

/** A zone as it is asked for: a proxy has networks to route and an outside, a member networks to be on. */
export interface ZoneRequest {
  readonly name: ZoneName;
  readonly routes: readonly NetworkName[];
  readonly outside?: { readonly uplink?: LinkName; readonly address: InterfaceAddress; readonly router?: Address };
  readonly networks: readonly { readonly network: NetworkName; readonly address?: Address }[];
  readonly brand?: string;
  readonly zonepath?: string;
  readonly autoboot: boolean;
  readonly boot: boolean;
  /** Values for its templates. */
  readonly vars: Vars;
}

/** All that a decision rests on. */
export interface Situation {
  readonly records: Records;
  readonly settings: Settings;
  readonly observed: Observed;
  readonly host: HostNetworks;
}

/**
 * Decides which names and addresses a new zone takes. Pure; `id` is its random id.
 *
 * @throws {OperatorError} EXISTS, NOT_FOUND, IN_USE, LINK_MISSING, ADDRESS_TAKEN, ADDRESS_OUTSIDE, NETWORK_FULL,
 * PREFIX_OVERLAPS
 */
export function decideZone(request: ZoneRequest, situation: Situation, id: string): ZoneRecord {
  const { records, settings, observed } = situation;
  const { name } = request;
  const zonepath = request.zonepath ?? `${settings.zonesPath}/${name}`;
  checkNoOther(request, zonepath, situation);
  const routed = request.routes.map((network) => usableNetwork(network, name, records));
  for (const network of routed) checkUnrouted(network, name, records);
  const taken = takenLinkNames(observed, records);
  const inside = freeLinkNames(settings.insideBase, routed.length + request.networks.length, taken);
  const nics: ZoneNic[] = [];
  if (request.outside !== undefined) {
    const [link] = freeLinkNames(settings.outsideBase, 1, taken);
    if (link !== undefined) nics.push(outsideNic(link, request.outside, name, situation));
  }
  const take = (): LinkName => {
    const link = inside.shift();
    if (link === undefined) throw new Error('freeLinkNames gives as many as asked for');
    return link;
  };
  for (const network of routed) nics.push(insideNic(take(), network, routerAddresses(network), []));
  request.networks.forEach(({ network: wanted, address }, index) => {
    const network = usableNetwork(wanted, name, records);
    const addresses = memberAddresses(network, address, name, records);
    // One default route a zone: by the first of its networks.
    nics.push(insideNic(take(), network, addresses, index === 0 ? network.routers : []));
  });
  return {
    name,
    id,
    state: 'creating',
    role: routed.length > 0 ? 'proxy' : 'member',
    brand: request.brand ?? settings.brand,
    zonepath,
    autoboot: request.autoboot,
    bootPending: request.boot,
    nics,
    vars: request.vars,
  };
}

function checkNoOther({ name }: ZoneRequest, zonepath: string, { observed }: Situation): void {
  const entry = observed.zones.get(name);
  if (entry !== undefined) {
    const what = `this host has a zone of that name (${entry.state}, ${entry.zonepath}), which znetadm did not make`;
    throw new OperatorError('EXISTS', `Cannot create zone "${name}": ${what}`, {
      hint: `It is left alone. Choose another name; see: /usr/sbin/zoneadm -z ${name} list -v`,
    });
  }
  const squatter = [...observed.zones.values()].find((zone) => zone.zonepath === zonepath);
  if (squatter !== undefined) {
    throw new OperatorError(
      'EXISTS',
      `Cannot create zone "${name}": ${zonepath} is the zonepath of zone "${squatter.name}"`,
      {
        hint: 'Give another one with -d',
      },
    );
  }
}

function usableNetwork(name: NetworkName, zone: ZoneName, records: Records): Network {
  const network = findNetwork(name, records);
  if (network.state === 'ready') return network;
  throw new OperatorError('IN_USE', `Cannot create zone "${zone}": network "${name}" is ${network.state}`, {
    hint: network.state === 'creating' ? 'to finish it: znetadm sync' : `to finish it: znetadm delete-network ${name}`,
  });
}

function checkUnrouted({ name }: Network, zone: ZoneName, { zones }: Records): void {
  const proxy = proxyOf(name, zones);
  if (proxy === undefined) return;
  throw new OperatorError(
    'IN_USE',
    `Cannot create zone "${zone}": network "${name}" has a router, zone "${proxy.name}"`,
    {
      hint: `to put a zone on the network:   znetadm create-zone -N ${name} ${zone}`,
    },
  );
}

function insideNic(
  link: LinkName,
  network: Network,
  addresses: readonly InterfaceAddress[],
  routers: readonly Address[],
): ZoneNic {
  const on = { over: network.etherstub, side: 'inside', network: network.name, mtu: network.mtu } as const;
  return { link, ...on, dhcp: false, addrconf: false, addresses, routers, routes: [] };
}

function memberAddresses(
  network: Network,
  wanted: Address | undefined,
  zone: ZoneName,
  { zones }: Records,
): InterfaceAddress[] {
  const owners: AddressOwners = new Map([
    ...zones.flatMap((other) =>
      addressesOn(other, network.name).map((address) => [address, `zone "${other.name}"`] as const),
    ),
    ...network.routers.map((address) => [address, `the router of network "${network.name}"`] as const),
  ]);
  return network.prefixes.map((prefix) => {
    const address =
      wanted === undefined
        ? lowestFreeAddress(prefix, owners, { zone, network: network.name })
        : checkWantedAddress(wanted, { network, prefix, owners, zone });
    return { address, prefixLength: prefix.length };
  });
}

function outsideNic(
  link: LinkName,
  { uplink, address, router }: NonNullable<ZoneRequest['outside']>,
  zone: ZoneName,
  { records, settings, observed, host }: Situation,
): ZoneNic {
  const over = findUplink(uplink ?? settings.uplink, zone, observed);
  const prefix = networkOf(address);
  checkHostAddress(address.address, prefix, `zone "${zone}"`);
  const hint = 'A zone outside cannot share addresses with a hidden network: look at the address and its length';
  checkFree(prefix, hiddenClaims(records), `create zone "${zone}"`, hint);
  checkOutsideFree(address, zone, records, host);
  if (router !== undefined) {
    checkHostAddress(router, prefix, `the default router of zone "${zone}"`);
    if (router === address.address) {
      throw new OperatorError(
        'ADDRESS_TAKEN',
        `Cannot create zone "${zone}": ${router} is its own address, not its router's`,
        {
          hint: 'Write the address of the router of the outside network behind -r',
        },
      );
    }
  }
  const mtu = observed.links.get(over)?.mtu ?? settings.mtu;
  const routers = router === undefined ? [] : [router];
  return { link, over, side: 'outside', mtu, dhcp: false, addrconf: false, addresses: [address], routers, routes: [] };
}

/** Classes of links that a VNIC can be over; not another VNIC (§1.5). An etherstub leads nowhere outside. */
const UPLINK_CLASSES = ['phys', 'aggr', 'overlay', 'simnet'];

function findUplink(name: LinkName | undefined, zone: ZoneName, { links }: Observed): LinkName {
  const usable = [...links.values()].filter((link) => UPLINK_CLASSES.includes(link.class)).map((link) => link.name);
  const hint =
    usable.length === 0 ? 'This host has no link that leads outside' : `Links of this host: ${usable.join(', ')}`;
  if (name === undefined) {
    throw new OperatorError('USAGE', `Cannot create zone "${zone}": no uplink is named`, {
      hint: `Write -x UPLINK=ADDRESS/LENGTH, or set "uplink" in /etc/zonenet/zonenet.ini. ${hint}`,
    });
  }
  const found = links.get(name);
  if (found === undefined) {
    throw new OperatorError('LINK_MISSING', `Cannot create zone "${zone}": this host has no link ${name}`, { hint });
  }
  if (UPLINK_CLASSES.includes(found.class)) return name;
  const why = found.class === 'vnic' ? 'a VNIC cannot be over another' : 'it does not lead outside';
  throw new OperatorError('LINK_MISSING', `Cannot create zone "${zone}": ${name} is of class ${found.class}; ${why}`, {
    hint,
  });
}

function checkOutsideFree(wanted: InterfaceAddress, zone: ZoneName, { zones }: Records, host: HostNetworks): void {
  const other = zones.find(({ nics }) =>
    nics.some(({ addresses }) => addresses.some(({ address }) => address === wanted.address)),
  );
  const own = host.addresses.find(({ address }) => address.address === wanted.address);
  const owner =
    other !== undefined ? `zone "${other.name}"` : own !== undefined ? `this host (${own.object})` : undefined;
  if (owner === undefined) return;
  const message = `Cannot give ${formatInterfaceAddress(wanted)} to zone "${zone}": ${owner} has the address`;
  throw new OperatorError('ADDRESS_TAKEN', message, { hint: 'Give the zone another address outside' });
}
