import { type Address, familyOf } from '../domain/address.ts';
import { addressesOf, hasFamily, isLearnt } from '../domain/nic.ts';
import { networkOf, prefixContains } from '../domain/prefix.ts';
import type { ZoneNic, ZoneRecord } from '../domain/zone-record.ts';

/** How a packet leaves a zone. */
export interface Way {
  readonly nic: ZoneNic;
  /** The next hop. Undefined: none, whom it is for is on that link. */
  readonly via: Address | 'learnt' | undefined;
}

/** The way by which a zone reaches an address: of its networks, routes and default routers the one that says the most about it. */
export function wayTowards({ nics }: Pick<ZoneRecord, 'nics'>, target: Address): Way | undefined {
  const family = familyOf(target);
  const networks = nics.flatMap((nic) =>
    addressesOf(nic, family).map((one) => ({ nic, to: networkOf(one), via: undefined })),
  );
  const routes = nics.flatMap((nic) => nic.routes.map(({ to, router }) => ({ nic, to, via: router })));
  const routers = nics.flatMap((nic) => nic.routers.map((via) => ({ nic, via })));
  const [known] = [...networks, ...routes]
    .filter(({ to }) => prefixContains(to, target))
    .sort((a, b) => b.to.length - a.to.length);
  const learning =
    nics.find((nic) => isLearnt(nic, family)) ??
    // Of the host's own links all addresses are known, and its routes are not.
    nics.find((nic) => nic.host === true && hasFamily(nic, family));
  return (
    known ??
    routers.find(({ via }) => familyOf(via) === family) ??
    (learning === undefined ? undefined : { nic: learning, via: 'learnt' })
  );
}

/**
 * The address that a zone takes for what it sends itself: one of the link it leaves by, on the network of the next hop where it has
 * one there (RFC 1122 §3.3.4.3, RFC 6724 rule 5). Undefined: none that is known here.
 */
export function sourceTowards(zone: Pick<ZoneRecord, 'nics'>, target: Address): Address | undefined {
  const way = wayTowards(zone, target);
  if (way === undefined) return undefined;
  const own = addressesOf(way.nic, familyOf(target));
  const { via = target } = way;
  return (own.find((one) => via !== 'learnt' && prefixContains(networkOf(one), via)) ?? own[0])?.address;
}
