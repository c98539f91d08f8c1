import { familyOf } from '../domain/address.ts';
import { linkLocalOf } from '../domain/link-local.ts';
import { hostPrefix, type Network } from '../domain/network.ts';
import { formatPrefix, parsePrefix } from '../domain/prefix.ts';
import type { ZoneNic, ZoneRecord } from '../domain/zone-record.ts';
import { type Command, formatCommand } from '../illumos/command.ts';
import { type LinkProtection, resetAllowedIps, setAllowedIps, setProtection } from '../illumos/dladm.ts';
import type { HostStep } from './host-step.ts';
import { run } from './step.ts';

/** What the links of the host are protected by. */
export interface ObservedProtection {
  /** By link. One that is missing is not there, or not yet. */
  readonly links: ReadonlyMap<string, LinkProtection>;
  /** MAC addresses of VNICs by link; they matter for IPv6 only. */
  readonly macs: ReadonlyMap<string, string>;
}

/** Addresses that a link can be held to, and bytes of their list with the name of the property (§1.9). */
const [MOST_ADDRESSES, LONGEST_LIST] = [32, 255];

const NONE: LinkProtection = { types: [], allowedIps: [] };

/**
 * Steps that hold the links of a zone to what their role may send. Empty when they are, or are not to be.
 *
 * A link of a network that is not protected is left as it is. Links that are not there count as unprotected.
 */
export function planProtection(
  { role, nics }: Pick<ZoneRecord, 'role' | 'nics'>,
  networks: readonly Network[],
  { links, macs }: ObservedProtection,
): HostStep[] {
  const free = new Set(networks.filter(({ unprotected }) => unprotected === true).map(({ name }) => name));
  return nics
    .filter(({ network }) => network === undefined || !free.has(network))
    .flatMap((nic) => planLink(nic, desiredProtection(role, nic, networks, macs), links.get(nic.link) ?? NONE));
}

/**
 * What a link may send (§8.1). A proxy forwards other people's addresses, so it is never held to its own, and with
 * allowed addresses the kernel would refuse it the ROUTER flag (§2.4). A link whose addresses are not all known here,
 * since they come by DHCP or router advertisements, is not held to them either.
 *
 * The stack refuses every address that is not literally allowed, link-local ones included (ip_if.c, ip_sioctl_addr):
 * with IPv6 the one that is made of the MAC address is allowed too.
 */
export function desiredProtection(
  role: ZoneRecord['role'],
  nic: ZoneNic,
  networks: readonly Network[],
  macs: ObservedProtection['macs'],
): LinkProtection {
  const plain = ['mac-nospoof', 'restricted'];
  // dhcp-nospoof drops what a server answers too: the hardware address in it is the client's (mac_protect.c).
  const givesLeases = networks.some(({ name, names }) => name === nic.network && names?.by === 'dns');
  const inside = givesLeases ? plain : [...plain, 'dhcp-nospoof'];
  if (role === 'proxy') return { types: nic.side === 'inside' ? inside : plain, allowedIps: [] };
  const mac = macs.get(nic.link);
  const own = nic.addresses.map(({ address }) => address);
  const allowed = [...own, ...(mac !== undefined && own.some(isInet6) ? [linkLocalOf(mac)] : [])];
  const allowedIps = allowed.map((address) => formatPrefix(hostPrefix(address)));
  const isKnown = own.length > 0 && !nic.dhcp && !nic.addrconf;
  const fits = allowedIps.length <= MOST_ADDRESSES && `allowed-ips=${allowedIps.join(',')}`.length <= LONGEST_LIST;
  if (!isKnown || !fits) return { types: [...plain, 'dhcp-nospoof'], allowedIps: [] };
  return { types: [...plain, 'ip-nospoof', 'dhcp-nospoof'], allowedIps };
}

const isInet6 = (address: ZoneNic['addresses'][number]['address']) => familyOf(address) === 'inet6';

/** One property a command (§1.9). Addresses are allowed before they are asked for, and go after that has ended. */
function planLink({ link }: ZoneNic, want: LinkProtection, have: LinkProtection): HostStep[] {
  const sameIps = sameSet(want.allowedIps.map(canonical), have.allowedIps.map(canonical));
  const reason = have.types.length === 0 ? `${link} may send anything` : `${link} may send other things`;
  const allow = sameIps || want.allowedIps.length === 0 ? [] : [setAllowedIps(link, want.allowedIps)];
  const protect = sameSet(want.types, have.types) ? [] : [setProtection(link, want.types)];
  const forget = sameIps || want.allowedIps.length > 0 ? [] : [resetAllowedIps(link)];
  return [...allow, ...protect, ...forget].map((command) => step(command, reason));
}

const sameSet = (a: readonly string[], b: readonly string[]) => [...a].sort().join() === [...b].sort().join();

/** dladm may write an IPv6 address in another way than we do. */
const canonical = (text: string) => formatPrefix(parsePrefix(text));

function step(command: Command, reason: string): HostStep {
  return { sign: '~', about: 'link', what: formatCommand(command), note: reason, steps: [run(reason, command)] };
}
