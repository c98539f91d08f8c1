import { isIPv4, isIPv6 } from 'node:net';
import { parseFmri } from './fmri.ts';

const decimal = (text: string): bigint | undefined => {
  if (!/^[+-]?(?:0[xX][0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*)$/.test(text)) return undefined;
  const digits = text.replace(/^[+-]/, '').replace(/^0(?=[0-7])/, '0o');
  return text.startsWith('-') ? -BigInt(digits) : BigInt(digits);
};

function withPrefix(text: string, isAddress: (address: string) => boolean, bits: number): boolean {
  const [address = '', length, ...more] = text.split('/');
  if (more.length > 0 || !isAddress(address)) return false;
  return length === undefined || (/^\d{1,3}$/.test(length) && Number(length) <= bits);
}

const isHostName = (text: string): boolean => /^[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?\.?$/.test(text);
const isV4 = (text: string): boolean => withPrefix(text, isIPv4, 32);
const isV6 = (text: string): boolean => withPrefix(text, isIPv6, 128);

/** Whether a value is one of a property type (ipfilter.md 10, item 5). */
export function fitsType(type: string, value: string): boolean {
  switch (type) {
    case 'boolean':
      return value === 'true' || value === 'false' || value === '0' || value === '1';
    case 'count': {
      const number = decimal(value);
      return number !== undefined && number >= 0n && number < 1n << 64n;
    }
    case 'integer': {
      const number = decimal(value);
      return number !== undefined && number >= -(1n << 63n) && number < 1n << 63n;
    }
    case 'time':
      return /^-?\d+(?:\.\d{1,9})?$/.test(value);
    case 'net_address':
      return isV4(value) || isV6(value);
    case 'net_address_v4':
      return isV4(value);
    case 'net_address_v6':
      return isV6(value);
    case 'hostname':
      return isHostName(value);
    case 'host':
      return isHostName(value) || isV4(value) || isV6(value);
    case 'fmri':
      return parseFmri(value.replace(/\/:properties\/.*$/, '')) !== undefined || isFileFmri(value);
    case 'uri':
      return /^(?:[A-Za-z][A-Za-z0-9+.-]*:)?[^\s]*$/.test(value) && value !== '';
    case 'opaque':
      return /^(?:[0-9a-fA-F]{2})*$/.test(value);
    default:
      return true;
  }
}

/** "file://localhost/path" or "file:///path" (§6.2). */
export const isFileFmri = (value: string): boolean => /^file:\/\/(?:localhost)?\/\S*$/.test(value);

/** A value as the repository keeps it: numbers in decimal, booleans as words. */
export function canonical(type: string, value: string): string {
  if (type === 'boolean') return value === '1' ? 'true' : value === '0' ? 'false' : value;
  if (type === 'count' || type === 'integer') return String(decimal(value) ?? value);
  return value;
}
