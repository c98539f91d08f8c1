import type { Family } from '../domain/address.ts';
import { OperatorError } from '../domain/errors.ts';
import type { Nic } from '../domain/metadata.ts';
import { addressesOf, hasFamily } from '../domain/nic.ts';
import { formatInterfaceAddress, type InterfaceAddress } from '../domain/prefix.ts';
import {
  type AddressObject,
  createAddrconf,
  createDhcpAddress,
  createStaticAddress,
  deleteAddress,
  showAddresses,
} from '../illumos/ipadm.ts';
import { run, type Step } from './step.ts';

/** Seconds that duplicate address detection may take; illumos needs about one (§2.3). */
const SETTLE_SECONDS = 10;

/** Seconds that all leases of a zone together may take, so that a boot does not hang. */
const LEASE_SECONDS = 60;

/** What changes addresses: what goes, before routes are looked at, and what comes. */
export interface AddressSteps {
  readonly removals: readonly Step[];
  readonly additions: readonly Step[];
}

/** An address object that a NIC is to have. */
type Wanted =
  | { readonly type: 'static'; readonly link: string; readonly address: InterfaceAddress }
  | { readonly type: 'dhcp'; readonly link: string; readonly object: string }
  | { readonly type: 'addrconf'; readonly link: string; readonly object: string; readonly advertised: boolean };

/**
 * Steps that turn the addresses of one family on the zone's links into those of its metadata, and wait until they are
 * settled.
 *
 * Addresses go before others come, so one on the wrong link moves. Addresses on links that the metadata does not name
 * are left alone. One that is in any state but ok or tentative is made anew: a duplicate gets another try. In IPv6 the
 * link-local address comes first and goes last, since the others need it (§2.3).
 *
 * @throws {OperatorError} NOT_OURS for an address that ipadm in this zone cannot take away
 */
export function planAddresses(nics: readonly Nic[], observed: readonly AddressObject[], family: Family): AddressSteps {
  const have = observed.filter((one) => one.family === family && nics.some((nic) => nic.link === one.link));
  const want = nics.flatMap((nic) => (family === 'inet' ? wantedInet(nic) : wantedInet6(nic)));
  const based = (one: Wanted) => one.type !== 'static' || family === 'inet' || hasBase(one.link, want, have);
  const kept = have.filter((one) => want.some((other) => based(other) && isIt(one, other)) || isAdvertised(one, nics));
  const wrong = have.filter((one) => !kept.includes(one));
  const missing = want.filter((one) => !(based(one) && kept.some((other) => isIt(other, one))));
  const names = new Set(observed.filter((one) => !wrong.includes(one)).map(({ object }) => object));
  const base = missing.filter((one) => one.type !== 'static');
  const statics = missing.filter((one) => one.type === 'static');
  const leases = want.filter(({ type }) => type === 'dhcp').length;
  const seconds = Math.max(5, Math.floor(LEASE_SECONDS / Math.max(1, leases)));
  const [baseSteps, baseObjects] = creations(base, names, seconds);
  const [steps, objects] = creations(statics, names, seconds);
  const unsettled = kept.filter((one) => one.state === 'tentative' && kindOf(one) !== 'dhcp');
  return {
    removals: removalsOf(wrong),
    additions: [
      ...baseSteps,
      ...(statics.length > 0 ? settling(baseObjects) : []),
      ...steps,
      ...settling([...(statics.length > 0 ? [] : baseObjects), ...objects, ...unsettled.map(({ object }) => object)]),
    ],
  };
}

/** Links whose lease has not come: the agent asks on, and nothing can be said for them. */
export function unboundLinks(nics: readonly Nic[], observed: readonly AddressObject[]): string[] {
  const bound = (link: string) =>
    observed.some(
      (one) => one.link === link && kindOf(one) === 'dhcp' && one.state === 'ok' && one.address !== undefined,
    );
  return nics.filter(({ dhcp, link }) => dhcp && !bound(link)).map(({ link }) => link);
}

function wantedInet(nic: Nic): Wanted[] {
  const { link, dhcp } = nic;
  return [
    ...(dhcp ? [{ type: 'dhcp', link, object: `${link}/dhcp` } as const] : []),
    ...addressesOf(nic, 'inet').map((address) => ({ type: 'static', link, address }) as const),
  ];
}

/** The name of the base tells whether it takes what routers advertise, since ipadm does not show it. */
function wantedInet6(nic: Nic): Wanted[] {
  if (!hasFamily(nic, 'inet6')) return [];
  const { link, addrconf: advertised } = nic;
  return [
    { type: 'addrconf', link, object: `${link}/${advertised ? 'ra' : 'll'}`, advertised },
    ...addressesOf(nic, 'inet6').map((address) => ({ type: 'static', link, address }) as const),
  ];
}

/** Whether the link-local address of a link stays: without it no other can. */
function hasBase(link: string, want: readonly Wanted[], have: readonly AddressObject[]): boolean {
  return want.some((base) => base.type === 'addrconf' && base.link === link && have.some((one) => isIt(one, base)));
}

function isIt(one: AddressObject, want: Wanted): boolean {
  const { object, link, state, address } = one;
  if (link !== want.link || (state !== 'ok' && state !== 'tentative')) return false;
  // A lease of DHCP is not ours to keep as a static address, even of the same number: it will end.
  if (kindOf(one) !== want.type) return false;
  if (want.type !== 'static') return object === want.object;
  return address?.address === want.address.address && address.prefixLength === want.address.prefixLength;
}

/** Labels of the objects that are not static. */
const BASES: Readonly<Record<string, Wanted['type']>> = { dhcp: 'dhcp', ra: 'addrconf', ll: 'addrconf' };

/** On a link with allowed addresses every object is shown as "from-gz" (§2.3), so that its name has to tell. */
function kindOf({ object, link, type }: AddressObject): string {
  return type === 'from-gz' ? (BASES[object.slice(link.length + 1)] ?? 'static') : type;
}

/** The global zone's own addresses are called "LINK/_a": a name that create-addr refuses (§2.3, §2.6). */
const isGiven = ({ object, type }: AddressObject) => type === 'from-gz' && /\/[_?]/.test(object);

/** What in.ndpd adds by itself where router advertisements are taken is neither asked for nor in the way. */
function isAdvertised({ object, link, family }: AddressObject, nics: readonly Nic[]): boolean {
  return family === 'inet6' && object.endsWith('/?') && nics.some((nic) => nic.link === link && nic.addrconf);
}

/** An object with several addresses goes once; link-local addresses last. */
function removalsOf(wrong: readonly AddressObject[]): Step[] {
  const inOrder = [
    ...wrong.filter((one) => kindOf(one) !== 'addrconf'),
    ...wrong.filter((one) => kindOf(one) === 'addrconf'),
  ];
  return inOrder.flatMap((one, index) =>
    !one.object.endsWith('/?') && inOrder.findIndex(({ object }) => object === one.object) < index
      ? []
      : [removal(one)],
  );
}

function removal(one: AddressObject): Step {
  const { object, link, state, address } = one;
  const text = address === undefined ? 'an address' : formatInterfaceAddress(address);
  if (object.endsWith('/?') && !isGiven(one)) {
    throw new OperatorError('NOT_OURS', `Cannot take ${text} away from ${link}: ipadm did not make it`, {
      hint: `Find what ran ifconfig, then: ifconfig ${link} removeif ${address?.address ?? 'ADDRESS'}`,
    });
  }
  if (isGiven(one)) {
    throw new OperatorError('NOT_OURS', `Cannot take ${text} away from ${link}: the global zone gave it`, {
      hint: 'On the host, take "allowed-address" out of the net resource (zonecfg) and reboot the zone',
    });
  }
  const reason = state === 'ok' ? `${text} does not belong on ${link}` : `${text} on ${link} is ${state}`;
  return run(reason, deleteAddress(object));
}

/** The steps, and the objects that they make and that settle. */
function creations(missing: readonly Wanted[], names: Set<string>, seconds: number): [Step[], string[]] {
  const steps: Step[] = [];
  const objects: string[] = [];
  for (const want of missing) {
    const object = want.type === 'static' ? freeObject(want.link, want.address, names) : want.object;
    names.add(object);
    steps.push(creation(want, object, seconds));
    // A lease has its own time, and one that does not come is no failure of the others.
    if (want.type !== 'dhcp') objects.push(object);
  }
  return [steps, objects];
}

function creation(want: Wanted, object: string, seconds: number): Step {
  const { link } = want;
  switch (want.type) {
    case 'static':
      return run(
        `${formatInterfaceAddress(want.address)} is missing on ${link}`,
        createStaticAddress(object, want.address),
      );
    case 'dhcp':
      return run(`${link} gets its address by DHCP`, createDhcpAddress(object, seconds));
    case 'addrconf':
      return run(`${link} has no link-local address`, createAddrconf(object, want.advertised));
  }
}

/** "znic1/v4", and "znic1/v4n2" and on where that is taken: letters and digits only (§2.3). */
function freeObject(link: string, { address }: InterfaceAddress, taken: ReadonlySet<string>): string {
  const base = `${link}/${address.includes(':') ? 'v6' : 'v4'}`;
  for (let number = 1; ; number++) {
    const object = number === 1 ? base : `${base}n${number}`;
    if (!taken.has(object)) return object;
  }
}

/** Waits for these alone: a lease that does not come is tentative for ever. */
function settling(objects: readonly string[]): Step[] {
  if (objects.length === 0) return [];
  const reason = 'an address is usable once nobody else claims it';
  const types = ['static', 'addrconf', 'from-gz'];
  const whileSeen = objects.flatMap((object) => types.map((type) => `${object}:${type}:tentative`));
  return [{ kind: 'wait', reason, command: showAddresses(), whileSeen, seconds: SETTLE_SECONDS }];
}
