import type { Family } from '../domain/address.ts';
import type { Nic } from '../domain/metadata.ts';
import { hasFamily } from '../domain/nic.ts';
import { createTemporaryInterface, setMtu } from '../illumos/ipadm.ts';
import { run, type Step } from './step.ts';

/** Whether a NIC is to be an interface and nothing more. */
export function isBare(nic: Nic): boolean {
  return !hasFamily(nic, 'inet') && !hasFamily(nic, 'inet6');
}

/** Steps that plumb the NICs without an address; others are plumbed with theirs. */
export function planInterfaces(nics: readonly Nic[], interfaces: readonly string[]): Step[] {
  return nics
    .filter((nic) => isBare(nic) && !interfaces.includes(nic.link))
    .map(({ link }) => run(`${link} is not plumbed`, createTemporaryInterface(link)));
}

/** MTUs of IP by link, asked for where the link itself takes more than the metadata say. */
export type ObservedMtus = ReadonlyMap<string, Partial<Record<Family, number>>>;

/** Steps that hold IP below the MTU of the link, which is the host's to set. A family below its least MTU is left out. */
export function planMtus(nics: readonly Nic[], mtus: ObservedMtus): Step[] {
  return nics.flatMap(({ link, mtu }) =>
    (['inet', 'inet6'] as const).flatMap((family) => {
      const have = mtus.get(link)?.[family];
      if (have === undefined || have === mtu || (family === 'inet6' && mtu < 1280)) return [];
      return [run(`${link} has an MTU of ${have} in place of ${mtu}`, setMtu(link, mtu, family))];
    }),
  );
}
