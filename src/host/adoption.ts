import type { Address } from '../domain/address.ts';
import type { LinkName, NetworkName } from '../domain/names.ts';
import type { InterfaceAddress, Prefix } from '../domain/prefix.ts';

/** A network that somebody else made, as it is to be recorded. */
export interface Adoption {
  readonly name: NetworkName;
  readonly prefix: Prefix;
  readonly router: Address;
  readonly etherstub: LinkName;
  /** What an operator says of links, before anything that is observed. */
  readonly given: ReadonlyMap<string, InterfaceAddress>;
  /** Default routers outside, by the link that leads there; given too. */
  readonly routers: ReadonlyMap<string, Address>;
  /** Links over the etherstub that stay somebody else's. */
  readonly left: readonly string[];
  /** The router by somebody's records, "global" for the host itself; missing: whoever has its address. */
  readonly routerZone?: string;
}
