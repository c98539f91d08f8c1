import { type Address, familyOf, parseAddress } from '../domain/address.ts';
import { OperatorError } from '../domain/errors.ts';
import { formatInterfaceAddress, parseInterfaceAddress, prefixContains } from '../domain/prefix.ts';
import type { ForeignZone } from './adopt-observe.ts';
import type { Adoption } from './adoption.ts';

/** Notes why something cannot be adopted. */
export type Refuse = (why: string) => undefined;

/** The one IPv4 address of a link, where all that tell it agree. */
export function addressOf(link: string, zone: ForeignZone, { given, prefix }: Adoption, refuse: Refuse) {
  const own = given.get(link);
  if (own !== undefined) return own;
  const configured = zone.nets
    .filter((net) => net.physical === link)
    .flatMap(({ allowedAddress }) => readEach(allowedAddress, parseInterfaceAddress));
  const inside = (zone.inside?.addresses.get(link) ?? []).filter(({ address }) => familyOf(address) === 'inet');
  const known = new Map([...configured, ...inside].map((each) => [formatInterfaceAddress(each), each]));
  // zap writes addresses without their length, and not which link has them: it can only confirm, or tell the one in the prefix.
  const ofZap = (zone.zap?.addresses ?? []).filter((address) => prefixContains(prefix, address));
  const [first, ...more] = known.values();
  if (more.length > 0) return refuse(`${link} has ${[...known.keys()].join(' and ')}; give one with -i`);
  if (first !== undefined && prefixContains(prefix, first.address)) {
    const other = ofZap.find((address) => address !== first.address);
    return other === undefined || ofZap.includes(first.address)
      ? first
      : refuse(`${link} has ${first.address}, but by zap ${other}`);
  }
  const [only, ...others] = ofZap;
  if (first === undefined && only !== undefined && others.length === 0)
    return { address: only, prefixLength: prefix.length };
  if (first !== undefined) return first;
  const why = zone.inside === undefined ? 'it does not run' : 'it has none';
  return refuse(`the address of ${link} is not known: ${why}, and its configuration has none`);
}

/** What cannot be read tells nothing: a host name, an address without a length. */
function readEach<T>(text: string | undefined, parse: (text: string) => T): T[] {
  if (text === undefined) return [];
  try {
    return [parse(text)];
  } catch (error) {
    if (error instanceof OperatorError) return [];
    throw error;
  }
}

/** The default routers that are known of a link's zone; one that is given counts alone. */
export function routersOf(link: string, zone: ForeignZone, { routers }: Adoption): Address[] {
  const given = routers.get(link);
  if (given !== undefined) return [given];
  const configured = zone.nets
    .filter((net) => net.physical === link)
    .flatMap(({ defrouter }) => readEach(defrouter, parseAddress));
  return [...new Set([...configured, ...(zone.inside?.routers ?? [])])];
}
