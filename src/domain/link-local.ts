import { type Ipv6Address, parseIpv6 } from './address.ts';

/**
 * The link-local address that a stack makes of a MAC address (RFC 4291, appendix A): "2:8:20:4e:1f:a0" gives
 * fe80::8:20ff:fe4e:1fa0. Bytes are hexadecimal, with or without padding.
 */
export function linkLocalOf(mac: string): Ipv6Address {
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = mac.split(':').map((byte) => Number.parseInt(byte, 16));
  const groups = [((a ^ 2) << 8) | b, (c << 8) | 0xff, 0xfe00 | d, (e << 8) | f];
  return parseIpv6(`fe80::${groups.map((group) => group.toString(16)).join(':')}`);
}
