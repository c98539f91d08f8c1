import { type Address, familyOf, parseAddress } from './address.ts';
import { OperatorError } from './errors.ts';
import { formatPrefix, type Prefix, parsePrefix } from './prefix.ts';

/** A network, and the router that leads to it. Never the default route. */
export interface StaticRoute {
  readonly to: Prefix;
  readonly router: Address;
}

/**
 * Reads "10.9.0.0/16 10.2.0.7": a network, a blank, and a router of the same family.
 *
 * @throws {OperatorError} ADDRESS_INVALID, PREFIX_INVALID, VALUE_INVALID
 */
export function parseStaticRoute(text: string): StaticRoute {
  const [network = '', by, ...more] = text.split(' ');
  const refuse = (why: string): never => {
    throw new OperatorError('VALUE_INVALID', `Cannot read "${text}" as a route: ${why}`, {
      hint: 'Write a network and its router, like "10.9.0.0/16 10.2.0.7"',
    });
  };
  if (by === undefined || more.length > 0) return refuse('it is not a network and a router parted by one blank');
  const [to, router] = [parsePrefix(network), parseAddress(by)];
  if (to.length === 0) return refuse('it is a default route, which is a router of the zone');
  if (familyOf(to.address) !== familyOf(router)) return refuse('network and router are of two families');
  return { to, router };
}

export function formatStaticRoute({ to, router }: StaticRoute): string {
  return `${formatPrefix(to)} ${router}`;
}
