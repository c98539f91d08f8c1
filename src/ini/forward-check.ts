import { familyOf } from '../domain/address.ts';
import { describeForward, formatRedirect, forwardsMeet, type Redirect } from '../domain/forward.ts';
import type { ZoneMetadata } from '../domain/metadata.ts';
import { networkOf, prefixContains } from '../domain/prefix.ts';
import type { Contradiction } from './contradiction.ts';

/**
 * What forwards contradict: addresses that this zone does not have outside, targets that are not inside, and ports that
 * two of them want. ipnat would take all of it without a word.
 */
export function forwardFaults(metadata: Pick<ZoneMetadata, 'nics' | 'forwards'>): Contradiction[] {
  const before: Redirect[] = [];
  return metadata.forwards.flatMap(({ zone, redirects }) =>
    redirects.flatMap((redirect) => {
      const why = whyNot(redirect, before, metadata);
      before.push(redirect);
      if (why === undefined) return [];
      return [{ section: `forward.${zone}`, key: 'rdr', value: formatRedirect(redirect), message: why }];
    }),
  );
}

function whyNot(
  redirect: Redirect,
  before: readonly Redirect[],
  { nics }: Pick<ZoneMetadata, 'nics'>,
): string | undefined {
  const { outside, to } = redirect;
  const at = (side: 'inside' | 'outside') => nics.filter((nic) => nic.side === side).flatMap((nic) => nic.addresses);
  if (!at('outside').some(({ address }) => address === outside)) return `${outside} is on no link to the outside`;
  if (!at('inside').some((one) => familyOf(one.address) === familyOf(to) && prefixContains(networkOf(one), to))) {
    return `${to} is on no network behind this zone`;
  }
  const other = before.find((one) => forwardsMeet(one, redirect));
  return other === undefined ? undefined : `${describeForward(other)} is forwarded already`;
}
