import { familyOf } from '../domain/address.ts';
import { describeForward, formatRedirect, type Redirect } from '../domain/forward.ts';
import type { ZoneMetadata } from '../domain/metadata.ts';
import { type InterfaceAddress, networkOf, prefixContains } from '../domain/prefix.ts';
import type { Contradiction } from './contradiction.ts';

/**
 * What forwards contradict: addresses that this zone does not have outside, targets that are not inside, and ports that
 * two of them want. ipnat would take all of it without a word.
 */
export function forwardFaults(metadata: Pick<ZoneMetadata, 'nics' | 'forwards'>): Contradiction[] {
  const at = (side: 'inside' | 'outside') =>
    metadata.nics.filter((nic) => nic.side === side).flatMap((nic) => nic.addresses);
  const outside = new Set<string>(at('outside').map(({ address }) => address));
  const places = { outside, inside: at('inside'), taken: createPorts() };
  return metadata.forwards.flatMap(({ zone, redirects }) =>
    redirects.flatMap((redirect) => {
      const why = whyNot(redirect, places);
      if (why === undefined) return [];
      return [{ section: `forward.${zone}`, key: 'rdr', value: formatRedirect(redirect), message: why }];
    }),
  );
}

interface Places {
  readonly outside: ReadonlySet<string>;
  readonly inside: readonly InterfaceAddress[];
  readonly taken: Ports;
}

function whyNot(redirect: Redirect, { outside: own, inside, taken }: Places): string | undefined {
  const { outside, to } = redirect;
  const other = taken.take(redirect);
  if (!own.has(outside)) return `${outside} is on no link to the outside`;
  if (!inside.some((one) => familyOf(one.address) === familyOf(to) && prefixContains(networkOf(one), to))) {
    return `${to} is on no network behind this zone`;
  }
  return other === undefined ? undefined : `${describeForward(other)} is forwarded already`;
}

interface Ports {
  /** Notes the ports of a redirect, and gives the first before it that has one of them. */
  take(redirect: Redirect): Redirect | undefined;
}

/** By protocol, address and port: a thousand redirects are not each compared with all others. */
function createPorts(): Ports {
  const owners = new Map<string, Map<number, Redirect>>();
  return {
    take(redirect) {
      const { protocol, outside, ports } = redirect;
      const key = `${protocol} ${outside}`;
      const of = owners.get(key) ?? new Map<number, Redirect>();
      owners.set(key, of);
      let first: Redirect | undefined;
      for (let port = ports.first; port <= ports.last; port++) {
        const owner = of.get(port);
        first ??= owner;
        if (owner === undefined) of.set(port, redirect);
      }
      return first;
    },
  };
}
