import { type Address, parseIpv4 } from './address.ts';
import { OperatorError } from './errors.ts';
import { type MacAddress, parseMac } from './mac.ts';

/** An IPv4 address that a proxy gives by DHCP to whoever asks from one link. */
export interface Lease {
  readonly mac: MacAddress;
  readonly address: Address;
}

/**
 * Reads "02:08:20:0a:0b:0c 10.2.0.5".
 *
 * @throws {OperatorError} VALUE_INVALID, ADDRESS_INVALID
 */
export function parseLease(text: string): Lease {
  const [mac = '', address, ...more] = text.split(' ');
  if (address !== undefined && more.length === 0) return { mac: parseMac(mac), address: parseIpv4(address) };
  throw new OperatorError('VALUE_INVALID', `Cannot read "${text}" as a lease`, {
    hint: 'Write an Ethernet address, and behind a blank an IPv4 address',
  });
}

export function formatLease({ mac, address }: Lease): string {
  return `${mac} ${address}`;
}
