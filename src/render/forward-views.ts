import { ADDRESS_BITS, type Family, familyOf } from '../domain/address.ts';
import { insidePorts, type Redirect } from '../domain/forward.ts';
import type { Nic, ZoneForwards } from '../domain/metadata.ts';
import { formatPortRange, sizeOf } from '../domain/port.ts';

/** A rule that lets in what NAT has led to the inside: it names the inside address and port, since NAT runs first. */
export interface FilterForward {
  readonly link: string;
  readonly protocol: string;
  /** "10.2.0.2/32". */
  readonly to: string;
  /** "= 8443", or "9000:9010" with both ends. */
  readonly port: string;
  /** What follows the port: TCP begins with SYN alone, and only what was translated may pass. */
  readonly how: string;
}

/** A line of ipnat that leads from outside to a zone. */
export interface NatForward {
  readonly link: string;
  /** "203.0.113.5/32". */
  readonly outside: string;
  /** "443", "8000-8010". */
  readonly ports: string;
  /** "10.2.0.2", without a length: rdr refuses one. */
  readonly to: string;
  /** "8443" for one port or the first of a range; "= 9000" when a range leads to one. */
  readonly port: string;
  readonly protocol: string;
}

/** The redirects of a family as rules of the filter, each once: two ports outside may lead to one inside. */
export function filterForwards(
  nics: readonly Nic[],
  forwards: readonly ZoneForwards[],
  family: Family,
): FilterForward[] {
  const rules = placed(nics, forwards)
    .filter(({ redirect }) => familyOf(redirect.to) === family)
    .map(({ link, redirect }): FilterForward => {
      const ports = insidePorts(redirect);
      return {
        link,
        protocol: redirect.protocol,
        to: `${redirect.to}/${ADDRESS_BITS[family]}`,
        port: sizeOf(ports) === 1 ? `= ${ports.first}` : `${ports.first}:${ports.last}`,
        how: `${redirect.protocol === 'tcp' ? 'flags S ' : ''}with nat keep state`,
      };
    });
  return [...new Map(rules.map((rule) => [Object.values(rule).join(' '), rule])).values()];
}

export function natForwards(nics: readonly Nic[], forwards: readonly ZoneForwards[]): NatForward[] {
  return placed(nics, forwards).map(({ link, redirect: { protocol, outside, ports, to, port, toOne } }) => ({
    link,
    outside: `${outside}/${ADDRESS_BITS[familyOf(outside)]}`,
    ports: formatPortRange(ports),
    to,
    port: toOne === true ? `= ${port}` : `${port}`,
    protocol,
  }));
}

/** Each redirect with the link that has its outside address. One without is left out: rdr acts on a link. */
function placed(nics: readonly Nic[], forwards: readonly ZoneForwards[]): { link: string; redirect: Redirect }[] {
  const links = new Map(
    nics
      .filter(({ side }) => side === 'outside')
      .flatMap(({ link, addresses }) => addresses.map(({ address }) => [address, link] as const)),
  );
  return forwards.flatMap(({ redirects }) =>
    redirects.flatMap((redirect) => {
      const link = links.get(redirect.outside);
      return link === undefined ? [] : [{ link, redirect }];
    }),
  );
}
