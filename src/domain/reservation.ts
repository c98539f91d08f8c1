import { type Address, addressValue, familyOf, parseAddress } from './address.ts';
import { OperatorError } from './errors.ts';
import { parseZoneName, type ZoneName } from './names.ts';
import { type Prefix, prefixRange } from './prefix.ts';

/** Addresses of a network that are not given out by themselves: only to who asks for one, or only to one zone. */
export interface Reservation {
  readonly first: Address;
  /** Of the same family, not below the first; both are included. */
  readonly last: Address;
  /** The only zone that gets it, and gets it without asking. Then it is one address. */
  readonly zone?: ZoneName;
}

/**
 * Reads "10.2.0.50", "10.2.0.50-10.2.0.59", or "10.2.0.50 web9", for one zone.
 *
 * @throws {OperatorError} VALUE_INVALID, ADDRESS_INVALID, NAME_INVALID
 */
export function parseReservation(text: string): Reservation {
  const refuse = (why: string): never => {
    throw new OperatorError('VALUE_INVALID', `Cannot read "${text}" as a reservation: ${why}`, {
      hint: 'Write an address, two parted by "-", or an address and behind a blank the name of a zone',
    });
  };
  const [range = '', zone, ...more] = text.split(' ');
  const [from = '', to = from, ...further] = range.split('-');
  if (more.length > 0 || further.length > 0) return refuse('it has too many parts');
  const [first, last] = [parseAddress(from), parseAddress(to)];
  if (familyOf(first) !== familyOf(last)) return refuse('its ends are of two families');
  if (addressValue(first) > addressValue(last)) return refuse('its end is below its beginning');
  if (zone === undefined) return { first, last };
  return first === last ? { first, last, zone: parseZoneName(zone) } : refuse('a zone gets one address, not many');
}

export function formatReservation({ first, last, zone }: Reservation): string {
  return `${first === last ? first : `${first}-${last}`}${zone === undefined ? '' : ` ${zone}`}`;
}

/** The reservation that holds an address. Undefined: it is free for all. */
export function reservationOf(address: Address, reservations: readonly Reservation[]): Reservation | undefined {
  const value = addressValue(address);
  return reservations.find(
    ({ first, last }) =>
      familyOf(first) === familyOf(address) && addressValue(first) <= value && value <= addressValue(last),
  );
}

/** Whether a reservation holds any address of a prefix. */
export function overlapsReservation(prefix: Prefix, { first, last }: Reservation): boolean {
  if (familyOf(first) !== familyOf(prefix.address)) return false;
  const range = prefixRange(prefix);
  return addressValue(first) <= range.last && range.first <= addressValue(last);
}
