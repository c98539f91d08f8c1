import { OperatorError } from './errors.ts';

/** Ports of TCP or UDP, both ends included. One port has two ends that are the same. */
export interface PortRange {
  readonly first: number;
  readonly last: number;
}

/** Ports and ICMP ids that NAT of a proxy gives out: below the zone's own ephemeral ports, 32768 and up (§7.6). */
export const NAT_PORTS: PortRange = { first: 10000, last: 29999 };

/**
 * Reads a port: a number from 1 to 65535. Names are refused: what they mean depends on the services table of a zone.
 *
 * @throws {OperatorError} VALUE_INVALID
 */
export function parsePort(text: string): number {
  if (/^[1-9][0-9]{0,4}$/.test(text) && Number(text) <= 65535) return Number(text);
  throw new OperatorError('VALUE_INVALID', `Cannot read "${text}" as a port`, {
    hint: 'Write a number from 1 to 65535',
  });
}

/**
 * Reads "443" or "8000-8010".
 *
 * ipnat takes a range backwards without a word, so its order is checked here.
 *
 * @throws {OperatorError} VALUE_INVALID
 */
export function parsePortRange(text: string): PortRange {
  const [from = '', to = from, ...more] = text.split('-');
  const range = { first: parsePort(from), last: parsePort(to) };
  if (more.length === 0 && range.first <= range.last) return range;
  throw new OperatorError('VALUE_INVALID', `Cannot read "${text}" as a range of ports`, {
    hint: 'Write two ports parted by "-", the lower one first, like 8000-8010',
  });
}

export function formatPortRange({ first, last }: PortRange): string {
  return first === last ? `${first}` : `${first}-${last}`;
}

/** How many ports a range has. */
export function sizeOf({ first, last }: PortRange): number {
  return last - first + 1;
}

export function portsOverlap(a: PortRange, b: PortRange): boolean {
  return a.first <= b.last && b.first <= a.last;
}
