import type { HiddenNetwork, Nic, ZoneMetadata } from '../domain/metadata.ts';
import { dnsNameOf, hasDnsName } from '../domain/name-service.ts';
import type { ZoneName } from '../domain/names.ts';
import { addressesOf } from '../domain/nic.ts';
import { formatPrefix, netmaskOf, networkOf, prefixContains } from '../domain/prefix.ts';

/** dnsmasq.conf and the files beside it. */
export interface NamesView {
  readonly networks: readonly NamedNetwork[];
  /** Where names of elsewhere are looked up. */
  readonly servers: readonly string[];
  /** `names` are parted by blanks, the full one first: it is what a look-up of the address gives. */
  readonly hosts: readonly { readonly address: string; readonly names: string }[];
  readonly leases: readonly { readonly mac: string; readonly address: string }[];
}

interface NamedNetwork {
  readonly link: string;
  readonly domain: string;
  /** "10.2.0.0/24", of both families. */
  readonly prefixes: readonly string[];
  readonly mtu: number;
  /** Of IPv4, for leases; empty for a network without it. */
  readonly ranges: readonly { readonly first: string; readonly netmask: string; readonly router: string }[];
}

/** The names of zones on the networks whose domain this zone serves, its own among them. */
export function namesView({ zone, nics, resolver, networks, members }: ZoneMetadata): NamesView {
  const served = networks.flatMap((network) => {
    const nic = nics.find((one) => one.side === 'inside' && one.network === network.name);
    return network.domain === undefined || nic === undefined ? [] : [{ ...network, domain: network.domain, nic }];
  });
  const own = { zone, addresses: nics.flatMap(({ addresses }) => addresses.map(({ address }) => address)) };
  return {
    networks: served.map(namedNetwork),
    servers: resolver.nameservers,
    hosts: served.flatMap(({ prefixes, domain }) =>
      [own, ...members].flatMap(({ zone: name, addresses }) =>
        addresses
          .filter((address) => hasDnsName(name) && prefixes.some((prefix) => prefixContains(prefix, address)))
          .map((address) => ({ address, names: namesIn(name, domain) })),
      ),
    ),
    leases: members.flatMap(({ leases }) => leases),
  };
}

function namesIn(zone: ZoneName, domain: string): string {
  const name = dnsNameOf(zone);
  return `${name}.${domain} ${name}`;
}

function namedNetwork({ domain, prefixes, nic }: HiddenNetwork & { domain: string; nic: Nic }): NamedNetwork {
  return {
    link: nic.link,
    domain,
    prefixes: prefixes.map(formatPrefix),
    mtu: nic.mtu,
    ranges: addressesOf(nic, 'inet').map((own) => ({
      first: networkOf(own).address,
      netmask: netmaskOf(own.prefixLength),
      router: own.address,
    })),
  };
}
