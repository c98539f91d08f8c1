import type { Address } from '../domain/address.ts';
import type { LinkWishes } from '../domain/link-wishes.ts';
import type { GroupName, LinkName, NetworkName, ZoneName } from '../domain/names.ts';
import { formatInterfaceAddress, type InterfaceAddress } from '../domain/prefix.ts';
import type { StaticRoute } from '../domain/static-route.ts';
import type { Vars } from '../domain/vars.ts';
import type { IpType, ZoneNic } from '../domain/zone-record.ts';

/** Links that a zone is to get: a proxy has networks to route and a way out, a member networks to be on. */
export interface LinkRequest {
  /** Networks whose router it is to be. Empty: it is a member. */
  readonly routes: readonly NetworkName[];
  /** Links over those of the host. */
  readonly outside: readonly OutsideRequest[];
  /** Networks it is to be on; for a proxy they are a way out as well. */
  readonly networks: readonly MembershipRequest[];
  /** Default routers outside, at most one a family. */
  readonly routers: readonly Address[];
  readonly staticRoutes: readonly StaticRoute[];
}

/** A zone as it is asked for. */
export interface ZoneRequest extends LinkRequest {
  readonly name: ZoneName;
  readonly brand?: string;
  readonly zonepath?: string;
  readonly template?: string;
  readonly cloneOf?: ZoneName;
  /** Commands for zonecfg beside ours. */
  readonly extra: readonly string[];
  readonly ipType: IpType;
  readonly autoboot: boolean;
  readonly install: boolean;
  readonly boot: boolean;
  /** Groups it is in, by which rules name it. */
  readonly groups: readonly GroupName[];
  /** Values for its templates. */
  readonly vars: Vars;
}

export interface OutsideRequest extends LinkWishes {
  /** Missing: the one of the settings. */
  readonly uplink?: LinkName;
  readonly vlan?: number;
  readonly addresses: readonly InterfaceAddress[];
  /** The link of the host itself, with the addresses it has: for the global zone only. */
  readonly asIs?: true;
  readonly dhcp: boolean;
  readonly addrconf: boolean;
}

/** Addresses that a link is to have in place of its own. */
export interface AddressRequest {
  /** On a network without a length, or with its own; outside each with one. Empty, and nothing learnt: none at all. */
  readonly addresses: readonly { readonly address: Address; readonly prefixLength?: number }[];
  readonly dhcp: boolean;
  readonly addrconf: boolean;
}

export interface MembershipRequest extends LinkWishes {
  readonly network: NetworkName;
  /** At most one a family; the next free one where none is given. */
  readonly addresses: readonly Address[];
  /** It gets the link and no address at all. */
  readonly bare: boolean;
}

/** Whether a link outside is what was asked for. */
export function hasOutside(nic: ZoneNic | undefined, wanted: OutsideRequest): boolean {
  return (
    nic !== undefined &&
    nic.addresses.map(formatInterfaceAddress).join() === wanted.addresses.map(formatInterfaceAddress).join() &&
    (wanted.uplink === undefined || nic.over === wanted.uplink) &&
    (['vlan', 'dhcp', 'addrconf', 'bandwidth', 'priority'] as const).every((key) => nic[key] === wanted[key])
  );
}
