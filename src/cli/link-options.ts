import { type Address, parseAddress } from '../domain/address.ts';
import { OperatorError } from '../domain/errors.ts';
import { type LinkWishes, PRIORITIES, parseBandwidth } from '../domain/link-wishes.ts';
import { type LinkName, parseLinkName, parseNetworkName } from '../domain/names.ts';
import { parseInterfaceAddress } from '../domain/prefix.ts';
import { parseStaticRoute, type StaticRoute } from '../domain/static-route.ts';
import type { AddressRequest, MembershipRequest, OutsideRequest } from '../host/zone-request.ts';
import { oneOf, wholeNumber } from '../ini/shape.ts';

/**
 * Reads the words of a link, parted by commas: "maxbw=50M" and "priority=low" are told apart from the others.
 *
 * @throws {OperatorError} VALUE_INVALID
 */
function partWishes(words: readonly string[]): { readonly rest: readonly string[]; readonly wishes: LinkWishes } {
  const value = (key: string) => words.find((word) => word.startsWith(`${key}=`))?.slice(key.length + 1);
  const [bandwidth, priority] = [value('maxbw'), value('priority')];
  const rest = words.filter((word) => !/^(maxbw|priority)=/.test(word));
  return {
    rest,
    wishes: {
      ...(bandwidth === undefined ? {} : { bandwidth: parseBandwidth(bandwidth) }),
      ...(priority === undefined ? {} : { priority: oneOf(...PRIORITIES)(priority) }),
    },
  };
}

/**
 * Reads "[UPLINK[:VLAN]=]ADDRESS/LENGTH": more addresses, "maxbw=…" and "priority=…" follow behind commas. In place of
 * addresses "dhcp" and "addrconf" (both may stand), or "none".
 *
 * @throws {OperatorError} NAME_INVALID, VALUE_INVALID, ADDRESS_INVALID, PREFIX_INVALID
 */
export function parseOutside(text: string): OutsideRequest {
  const { rest, wishes } = partWishes(text.split(','));
  const [first = '', ...more] = rest;
  const equals = first.indexOf('=');
  const link = equals < 0 ? {} : parseUplink(first.slice(0, equals));
  const words = [first.slice(equals + 1), ...more];
  const { dhcp, addrconf, rest: written } = partLearnt(words);
  const addresses = written.map(parseInterfaceAddress);
  const why = whyNotTogether(words, addresses);
  if (why === undefined) return { ...link, addresses, dhcp, addrconf, ...wishes };
  throw new OperatorError('VALUE_INVALID', `Cannot read "${text}" as an outside: ${why}`, {
    hint: 'Write like e1000g0=203.0.113.5/24 or e1000g0:12=dhcp,addrconf',
  });
}

/** Words for what is learnt on a link, and for no address, told apart from the others. */
function partLearnt(words: readonly string[]) {
  const rest = words.filter((word) => !['dhcp', 'addrconf', 'none'].includes(word));
  return { rest, dhcp: words.includes('dhcp'), addrconf: words.includes('addrconf') };
}

/** Why words for the addresses of a link cannot stand together. Undefined: they can. */
function whyNotTogether(words: readonly string[], addresses: readonly { address: Address }[]): string | undefined {
  if (words.includes('none') && words.length > 1) return '"none" stands alone';
  const inet = addresses.filter(({ address }) => !address.includes(':'));
  if (words.includes('dhcp') && inet.length > 0) return 'an IPv4 address stands beside "dhcp"';
  return new Set(words).size < words.length ? 'a word stands there twice' : undefined;
}

/**
 * Reads an outside as `parseOutside` does, or the name of a link alone: one that the global zone has, with its addresses.
 *
 * @throws {OperatorError} as `parseOutside`
 */
export function parseHostOutside(text: string): OutsideRequest {
  const isLink = /^[A-Za-z][A-Za-z0-9_.]*[0-9]$/.test(text);
  if (!isLink) return parseOutside(text);
  return { uplink: parseLinkName(text), asIs: true, addresses: [], dhcp: false, addrconf: false };
}

function parseUplink(text: string): Pick<OutsideRequest, 'uplink' | 'vlan'> {
  const colon = text.indexOf(':');
  if (colon < 0) return { uplink: parseLinkName(text) };
  return { uplink: parseLinkName(text.slice(0, colon)), vlan: wholeNumber(1, 4094)(text.slice(colon + 1)) };
}

/**
 * Reads "NETWORK[=ADDRESS]": one address a family, "maxbw=…" and "priority=…" follow behind commas. "none" in place of
 * addresses is a link without any.
 *
 * @throws {OperatorError} NAME_INVALID, VALUE_INVALID, ADDRESS_INVALID
 */
export function parseMembership(text: string): MembershipRequest {
  const { rest, wishes } = partWishes(text.split(','));
  const [first = '', ...more] = rest;
  const equals = first.indexOf('=');
  const network = parseNetworkName(equals < 0 ? first : first.slice(0, equals));
  const words = [...(equals < 0 ? [] : [first.slice(equals + 1)]), ...more];
  const bare = words.length === 1 && words[0] === 'none';
  return { network, addresses: bare ? [] : words.map((word): Address => parseAddress(word)), bare, ...wishes };
}

/**
 * Reads "LINK,maxbw=…,priority=…", one of the two or both.
 *
 * @throws {OperatorError} NAME_INVALID, VALUE_INVALID
 */
export function parseWishes(text: string): readonly [LinkName, LinkWishes] {
  const { rest, wishes } = partWishes(text.split(','));
  const [link = '', ...more] = rest;
  if (more.length === 0 && Object.keys(wishes).length > 0) return [parseLinkName(link), wishes];
  throw new OperatorError('VALUE_INVALID', `Cannot read "${text}" as what a link may use`, {
    hint: 'Write like znic1,maxbw=50M or znic1,maxbw=none,priority=low',
  });
}

/**
 * Reads "LINK=ADDRESS": on a network as `parseMembership` does, outside as `parseOutside` does, where the link stays.
 *
 * @throws {OperatorError} NAME_INVALID, VALUE_INVALID, ADDRESS_INVALID, PREFIX_INVALID
 */
export function parseAddresses(text: string): readonly [LinkName, AddressRequest] {
  const equals = text.indexOf('=');
  if (equals < 0) {
    throw new OperatorError('VALUE_INVALID', `Cannot read "${text}" as addresses of a link`, {
      hint: 'Write like znic1=10.2.0.7, pnic0=203.0.113.5/24 or pnic0=dhcp',
    });
  }
  const words = text.slice(equals + 1).split(',');
  const { rest, dhcp, addrconf } = partLearnt(words);
  const addresses = rest.map((word) =>
    word.includes('/') ? parseInterfaceAddress(word) : { address: parseAddress(word) },
  );
  const why = whyNotTogether(words, addresses);
  if (why === undefined) return [parseLinkName(text.slice(0, equals)), { addresses, dhcp, addrconf }];
  throw new OperatorError('VALUE_INVALID', `Cannot read "${text}" as addresses of a link: ${why}`, {
    hint: 'Write like znic1=10.2.0.7, pnic0=203.0.113.5/24,addrconf or pnic0=dhcp',
  });
}

/**
 * Reads "PREFIX=ROUTER".
 *
 * @throws {OperatorError} as `parseStaticRoute`
 */
export function parseRoute(text: string): StaticRoute {
  return parseStaticRoute(text.replace('=', ' '));
}
