// Addresses and masks of rules as illumos's tools print them (ipfilter.md 4: "Filter rules", IPv6).

/** The first four bytes as a dotted quad. */
export function formatIpv4(bytes: readonly number[]): string {
  return bytes.slice(0, 4).join('.');
}

/** Sixteen bytes as inet_ntop(3) prints them: the longest run of two or more zero groups becomes "::". */
export function formatIpv6(bytes: readonly number[]): string {
  const groups = Array.from({ length: 8 }, (_, i) => ((bytes[2 * i] ?? 0) << 8) | (bytes[2 * i + 1] ?? 0));
  const { start, length } = longestZeros(groups);
  // ::a.b.c.d and ::ffff:a.b.c.d
  if (start === 0 && (length === 6 || (length === 5 && groups[5] === 0xffff))) {
    return `::${length === 5 ? 'ffff:' : ''}${bytes.slice(12).join('.')}`;
  }
  const text = (part: number[]) => part.map((group) => group.toString(16)).join(':');
  if (length < 2) return text(groups);
  return `${text(groups.slice(0, start))}::${text(groups.slice(start + length))}`;
}

function longestZeros(groups: readonly number[]): { start: number; length: number } {
  let best = { start: -1, length: 0 };
  let start = 0;
  groups.forEach((group, i) => {
    if (group !== 0) start = i + 1;
    else if (i + 1 - start > best.length) best = { start, length: i + 1 - start };
  });
  return best;
}

/** "/24"; "/255.0.255.0" where the bits of an IPv4 mask are not in one piece. IPv6 masks count their bits, wherever they are. */
export function formatMask(mask: readonly number[], ipv6: boolean): string {
  const bits = mask
    .slice(0, ipv6 ? 16 : 4)
    .map((byte) => byte.toString(2).padStart(8, '0'))
    .join('');
  const ones = bits.replaceAll('0', '').length;
  if (!ipv6 && bits.slice(0, ones).includes('0')) return `/${formatIpv4(mask)}`;
  return `/${ones}`;
}

/** Sixteen bytes: a mask of that many bits from the front. */
export function maskBytes(bits: number): readonly number[] {
  return Array.from({ length: 16 }, (_, i) => {
    const left = Math.max(0, Math.min(8, bits - 8 * i));
    return (0xff << (8 - left)) & 0xff;
  });
}

/** Reads "10.2.0.1" or an IPv6 address into sixteen bytes, IPv4 in the first four. */
export function ipv4Bytes(text: string): readonly number[] {
  const octets = text.split('.').map(Number);
  return [...octets, ...new Array<number>(16 - octets.length).fill(0)];
}
