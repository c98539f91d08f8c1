import { type Address, parseAddress } from '../domain/address.ts';
import { OperatorError } from '../domain/errors.ts';
import { GLOBAL } from '../domain/names.ts';
import { formatInterfaceAddress, formatPrefix, prefixContains } from '../domain/prefix.ts';
import type { Reservation } from '../domain/reservation.ts';
import type { ForeignZone, Situation } from './adopt-observe.ts';
import type { Adoption } from './adoption.ts';

// What stays as it is when a network is adopted: the host itself where it is on it, and zones that share its IP stack.

/** An address of a network that somebody has who is not recorded. */
export interface LeftAddress {
  /** A zone; "global" for the host itself. */
  readonly zone: string;
  readonly address: Address;
}

/** What stays as it is. */
export interface Left {
  /** The link by which the host itself is the router. */
  readonly hostRouter?: string;
  /** Links over the etherstub: those that were named, and the one of a host that is the router. */
  readonly links: readonly string[];
  readonly zones: readonly ForeignZone[];
  readonly addresses: readonly LeftAddress[];
  /** What is not as it can stay, a line each. */
  readonly faults: readonly string[];
}

/** Decides what stays. A zone that shares the host's stack stays where all its links over the etherstub do. */
export function decideLeft({ prefix, router, etherstub, left }: Adoption, situation: Situation): Left {
  const { host, zones } = situation;
  const hostRouter = host.find(({ address }) => address.address === router)?.link;
  const links = [...new Set([...left, ...(hostRouter === undefined ? [] : [hostRouter])])];
  const stays = ({ config, nets }: ForeignZone) =>
    config.ipType === 'shared' &&
    nets.every(({ physical }) => links.includes(physical) || situation.links.get(physical)?.over !== etherstub);
  const sharing = zones.filter(stays);
  const faults: string[] = [];
  const ofZones = sharing.flatMap((zone) => {
    const addresses = addressesOf(zone).filter((address) => prefixContains(prefix, address));
    if (addresses.length === 0)
      faults.push(`zone "${zone.entry.name}": its configuration tells no address of the network`);
    return addresses.map((address) => ({ zone: zone.entry.name, address }));
  });
  // The host may list the addresses of zones that share its stack as well.
  const own = host.filter(({ address }) => !ofZones.some((one) => one.address === address.address));
  for (const { link, address } of own.filter(({ link }) => links.includes(link))) {
    if (address.prefixLength === prefix.length && prefixContains(prefix, address.address)) continue;
    faults.push(
      `the host itself has ${formatInterfaceAddress(address)} on ${link}, which is not of ${formatPrefix(prefix)}`,
    );
  }
  const ofHost = own.map(({ address: { address } }) => ({ zone: GLOBAL, address }));
  return {
    ...(hostRouter === undefined ? {} : { hostRouter }),
    links,
    zones: sharing,
    addresses: [...ofHost, ...ofZones],
    faults,
  };
}

/** Nobody gets what somebody has who is not recorded. The router's address is given to nobody anyway. */
export function reservationsOf({ addresses }: Left, { prefix, router }: Adoption): Reservation[] {
  return addresses.flatMap(({ address }) =>
    address === router || !prefixContains(prefix, address) ? [] : [{ first: address, last: address }],
  );
}

/** As its configuration names them, with their length or without (§4.3). */
function addressesOf({ nets }: ForeignZone): Address[] {
  return nets.flatMap(({ address }) => {
    try {
      return address === undefined ? [] : [parseAddress(address.replace(/\/\d+$/, ''))];
    } catch (error) {
      // A host name.
      if (error instanceof OperatorError) return [];
      throw error;
    }
  });
}
