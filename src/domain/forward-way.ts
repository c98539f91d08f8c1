import { type Address, FAMILY_NAMES, familyOf } from './address.ts';
import type { Forward, Redirect } from './forward.ts';
import type { LinkName } from './names.ts';
import { addressesOn, isBehind, routedNetworks, type ZoneRecord } from './zone-record.ts';

/** The way of a forward through the proxy that has its outside address. */
export interface ForwardWay {
  readonly proxy: ZoneRecord;
  /** The proxy's link that has the address. */
  readonly link: LinkName;
  readonly redirect: Redirect;
}

/** The links of a proxy that look out of its networks, each with a static address of its own. */
export function outsideAddresses({ nics }: ZoneRecord): { readonly link: LinkName; readonly address: Address }[] {
  return nics
    .filter(({ side }) => side === 'outside')
    .flatMap(({ link, addresses }) => addresses.map(({ address }) => ({ link, address })));
}

/** The proxies in front of a zone, in the order of its networks, each once. Those that are being deleted are none. */
export function proxiesOf(zone: ZoneRecord, zones: readonly ZoneRecord[]): ZoneRecord[] {
  return zones.filter(
    (other) =>
      other.name !== zone.name &&
      other.state !== 'deleting' &&
      routedNetworks(other).some((network) => isBehind(zone, network)),
  );
}

/** The zone's first address of the family of an outside address, on a network of that proxy. Undefined: it has none. */
export function insideAddress(zone: ZoneRecord, proxy: ZoneRecord, outside: Address): Address | undefined {
  return insideAddresses(zone, proxy).find((address) => familyOf(address) === familyOf(outside));
}

/** The addresses by which a proxy reaches a zone behind it, in the order of its networks. */
export function insideAddresses(zone: ZoneRecord, proxy: ZoneRecord): Address[] {
  return routedNetworks(proxy)
    .filter((network) => isBehind(zone, network))
    .flatMap((network) => addressesOn(zone, network));
}

/** The way a forward of a zone takes now; why there is none, when it leads nowhere. */
export function wayOf(forward: Forward, zone: ZoneRecord, zones: readonly ZoneRecord[]): ForwardWay | string {
  const { outside } = forward;
  for (const proxy of proxiesOf(zone, zones)) {
    const found = outsideAddresses(proxy).find(({ address }) => address === outside);
    if (found === undefined) continue;
    const to = insideAddress(zone, proxy, outside);
    if (to !== undefined) return { proxy, link: found.link, redirect: { ...forward, to } };
    const family = FAMILY_NAMES[familyOf(outside)];
    return `zone "${zone.name}" has no ${family} address on a network of "${proxy.name}"`;
  }
  return `no proxy in front of zone "${zone.name}" has ${outside} outside`;
}

/** A zone to which what led away from some addresses leads away from others. The record itself where nothing did. */
export function withForwardsMoved(zone: ZoneRecord, moved: ReadonlyMap<Address, Address>): ZoneRecord {
  if (!zone.forwards.some(({ outside }) => moved.has(outside))) return zone;
  const forwards = zone.forwards.map((forward) => ({
    ...forward,
    outside: moved.get(forward.outside) ?? forward.outside,
  }));
  return { ...zone, forwards };
}
