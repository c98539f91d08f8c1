import { familyOf } from '../domain/address.ts';
import { OperatorError } from '../domain/errors.ts';
import type { Nic } from '../domain/metadata.ts';
import { formatInterfaceAddress, type InterfaceAddress } from '../domain/prefix.ts';
import { type AddressObject, createStaticAddress, deleteAddress, showAddresses } from '../illumos/ipadm.ts';
import { run, type Step } from './step.ts';

/** Seconds that duplicate address detection may take; illumos needs about one (§2.3). */
const SETTLE_SECONDS = 10;

/**
 * Steps that turn the IPv4 addresses on the zone's links into those of its metadata, and wait until they are settled.
 *
 * Addresses go before others come, so one on the wrong link moves. Addresses on links that the metadata does not name,
 * and IPv6 addresses, are left alone. One that is in any state but ok or tentative is made anew: a duplicate gets
 * another try.
 *
 * @throws {OperatorError} NOT_OURS for an address that ipadm in this zone cannot take away
 */
export function planAddresses(nics: readonly Nic[], observed: readonly AddressObject[]): Step[] {
  const have = observed.filter(({ link, family }) => family === 'inet' && nics.some((nic) => nic.link === link));
  const want = nics.flatMap((nic) =>
    nic.addresses.filter(({ address }) => familyOf(address) === 'inet').map((address) => ({ link: nic.link, address })),
  );
  const kept = have.filter((one) => isUsable(one) && want.some((other) => isAt(one, other)));
  const wrong = have.filter((one) => !kept.includes(one));
  const missing = want.filter((one) => !kept.some((other) => isAt(other, one)));
  const names = new Set(observed.filter((one) => !wrong.includes(one)).map(({ object }) => object));
  const created = missing.map(({ link, address }) => {
    const object = freeObject(link, names);
    names.add(object);
    return run(`${formatInterfaceAddress(address)} is missing on ${link}`, createStaticAddress(object, address));
  });
  const unsettled = created.length > 0 || kept.some(({ state }) => state === 'tentative');
  return [...wrong.map(removal), ...created, ...(unsettled ? [settling()] : [])];
}

interface Place {
  readonly link: string;
  readonly address?: InterfaceAddress;
}

const isAt = (a: Place, b: Place) =>
  a.link === b.link && a.address?.address === b.address?.address && a.address?.prefixLength === b.address?.prefixLength;

/** A lease of DHCP is not ours to keep, even when it is the address wanted: it will end. */
const isUsable = ({ type, state }: AddressObject) => type !== 'dhcp' && (state === 'ok' || state === 'tentative');

function removal({ object, link, type, state, address }: AddressObject): Step {
  const text = address === undefined ? 'an address' : formatInterfaceAddress(address);
  if (object.endsWith('/?')) {
    throw new OperatorError('NOT_OURS', `Cannot take ${text} away from ${link}: ipadm did not make it`, {
      hint: `Find what ran ifconfig, then: ifconfig ${link} removeif ${address?.address ?? 'ADDRESS'}`,
    });
  }
  if (type === 'from-gz') {
    throw new OperatorError('NOT_OURS', `Cannot take ${text} away from ${link}: the global zone gave it`, {
      hint: 'On the host, take "allowed-address" out of the net resource (zonecfg) and reboot the zone',
    });
  }
  const reason = state === 'ok' ? `${text} does not belong on ${link}` : `${text} on ${link} is ${state}`;
  return run(reason, deleteAddress(object));
}

/** "znic1/v4", and "znic1/v4n2" and on where that is taken: letters and digits only (§2.3). */
function freeObject(link: string, taken: ReadonlySet<string>): string {
  for (let number = 1; ; number++) {
    const object = `${link}/v4${number === 1 ? '' : `n${number}`}`;
    if (!taken.has(object)) return object;
  }
}

function settling(): Step {
  const reason = 'an address is usable once nobody else claims it';
  return { kind: 'wait', reason, command: showAddresses(), whileSeen: ':tentative:', seconds: SETTLE_SECONDS };
}
