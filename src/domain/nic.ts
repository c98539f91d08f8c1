import { type Family, familyOf } from './address.ts';
import type { Nic, ZoneMetadata } from './metadata.ts';
import type { InterfaceAddress } from './prefix.ts';

/** The static addresses of one family, in their order. */
export function addressesOf({ addresses }: Pick<Nic, 'addresses'>, family: Family): InterfaceAddress[] {
  return addresses.filter(({ address }) => familyOf(address) === family);
}

/** Whether a NIC gets addresses of a family by DHCP or router advertisements. */
export const isLearnt = (nic: Pick<Nic, 'dhcp' | 'addrconf'>, family: Family): boolean =>
  family === 'inet' ? nic.dhcp : nic.addrconf;

/** Whether a NIC has, or gets by DHCP or router advertisements, addresses of a family. */
export function hasFamily(nic: Nic, family: Family): boolean {
  return addressesOf(nic, family).length > 0 || isLearnt(nic, family);
}

/** The families that a zone passes on. Empty for a member; IPv6 only where a network behind the proxy has it. */
export function forwardedFamilies({ role, nics }: Pick<ZoneMetadata, 'role' | 'nics'>): Family[] {
  if (role !== 'proxy') return [];
  const inet6 = nics.some((nic) => nic.side === 'inside' && addressesOf(nic, 'inet6').length > 0);
  return inet6 ? ['inet', 'inet6'] : ['inet'];
}

/** The links of a zone that are ours: all but those that the host configures for itself. */
export function ownNics<N extends Pick<Nic, 'host'>>({ nics }: { readonly nics: readonly N[] }): N[] {
  return nics.filter(({ host }) => host !== true);
}

/** Whether an address is one of the static ones of a link. */
export function hasAddress({ addresses }: Pick<Nic, 'addresses'>, wanted: string): boolean {
  return addresses.some(({ address }) => address === wanted);
}
