import type { Brand } from './brand.ts';
import { OperatorError } from './errors.ts';

/** An Ethernet address in six lower-case pairs, "02:08:20:0a:0b:0c", so that `===` compares. */
export type MacAddress = Brand<string, 'MacAddress'>;

/**
 * Reads an Ethernet address of one host; dladm prints it without zeros in front: "2:8:20:a:b:c" (§1.7).
 *
 * @throws {OperatorError} VALUE_INVALID also for an address of many hosts
 */
export function parseMac(text: string): MacAddress {
  const parts = /^[0-9a-f]{1,2}(:[0-9a-f]{1,2}){5}$/i.test(text) ? text.toLowerCase().split(':') : [];
  const mac = parts.map((part) => part.padStart(2, '0')).join(':');
  if (mac !== '' && mac !== '00:00:00:00:00:00' && Number.parseInt(mac.slice(0, 2), 16) % 2 === 0) {
    return mac as MacAddress;
  }
  throw new OperatorError('VALUE_INVALID', `Cannot read "${text}" as the Ethernet address of a link`, {
    hint: 'Write six pairs of hexadecimal digits, the first one even, like 02:08:20:0a:0b:0c',
  });
}

/** An address of the kind that dladm gives VNICs (2:8:20), from six random hexadecimal digits. */
export function randomMac(digits: string): MacAddress {
  return parseMac(`02:08:20:${digits.slice(0, 2)}:${digits.slice(2, 4)}:${digits.slice(4, 6)}`);
}
