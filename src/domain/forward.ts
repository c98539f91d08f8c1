import { type Address, familyOf, parseAddress } from './address.ts';
import { OperatorError } from './errors.ts';
import { formatPortRange, type PortRange, parsePort, parsePortRange, portsOverlap, sizeOf } from './port.ts';

export const FORWARD_PROTOCOLS = ['tcp', 'udp'] as const;
export type ForwardProtocol = (typeof FORWARD_PROTOCOLS)[number];

/** What of an outside address leads to a zone. It is part of that zone's record, and goes with it. */
export interface Forward {
  readonly protocol: ForwardProtocol;
  /** An address of the proxy's own: rdr wants it literally, 0/32 matches nothing (ipfilter.md, 2). */
  readonly outside: Address;
  readonly ports: PortRange;
  /** The port in the zone that the first port leads to; the others follow in their order. */
  readonly port: number;
  /** All ports lead to that one port. Missing for a single port, where it says nothing. */
  readonly toOne?: true;
}

/** A forward with the address of the zone it leads to: what a proxy is told. */
export interface Redirect extends Forward {
  /** Of the same family as the outside address. */
  readonly to: Address;
}

/**
 * Reads "tcp 203.0.113.5 443 8443", with a range "tcp 203.0.113.5 8000-8010 9000", and with a range whose ports all lead
 * to one "tcp 203.0.113.5 8000-8010 =9000".
 *
 * @throws {OperatorError} VALUE_INVALID, ADDRESS_INVALID
 */
export function parseForward(text: string): Forward {
  const [protocol = '', outside = '', ports = '', target, ...more] = text.split(' ');
  if (target === undefined || more.length > 0) throw unreadable(text, 'it does not have four parts');
  return checkForward({
    protocol: parseProtocol(protocol),
    outside: parseAddress(outside),
    ...parseWay(parsePortRange(ports), target),
  });
}

export function formatForward(forward: Forward): string {
  const { protocol, outside, ports } = forward;
  return `${protocol} ${outside} ${formatPortRange(ports)} ${formatTargetPort(forward)}`;
}

/**
 * Reads "tcp 203.0.113.5 443 10.2.0.2 8443": as a forward, with the address before the port it leads to.
 *
 * @throws {OperatorError} VALUE_INVALID, ADDRESS_INVALID
 */
export function parseRedirect(text: string): Redirect {
  const [protocol = '', outside = '', ports = '', to, target, ...more] = text.split(' ');
  if (to === undefined || target === undefined || more.length > 0)
    throw unreadable(text, 'it does not have five parts');
  const redirect = { ...parseForward([protocol, outside, ports, target].join(' ')), to: parseAddress(to) };
  if (familyOf(redirect.outside) === familyOf(redirect.to)) return redirect;
  throw unreadable(text, 'its addresses are of two families');
}

export function formatRedirect(redirect: Redirect): string {
  const { protocol, outside, ports, to } = redirect;
  return `${protocol} ${outside} ${formatPortRange(ports)} ${to} ${formatTargetPort(redirect)}`;
}

/**
 * Reads "tcp" or "udp".
 *
 * @throws {OperatorError} VALUE_INVALID
 */
export function parseProtocol(text: string): ForwardProtocol {
  const protocol = FORWARD_PROTOCOLS.find((one) => one === text);
  if (protocol !== undefined) return protocol;
  throw new OperatorError('VALUE_INVALID', `Cannot forward "${text}": only tcp and udp have ports`, {
    hint: 'Write tcp or udp',
  });
}

/**
 * Reads the port that a range leads to: "9000", or "=9000" when all its ports lead to that one.
 *
 * @throws {OperatorError} VALUE_INVALID
 */
export function parseWay(ports: PortRange, target: string): Pick<Forward, 'ports' | 'port' | 'toOne'> {
  const all = target.startsWith('=');
  const port = parsePort(all ? target.slice(1) : target);
  return { ports, port, ...(all && sizeOf(ports) > 1 ? { toOne: true } : {}) };
}

/**
 * Sees that every port of a range leads to one there is.
 *
 * @throws {OperatorError} VALUE_INVALID
 */
export function checkForward(forward: Forward): Forward {
  const { ports, port } = forward;
  if (insidePorts(forward).last <= 65535) return forward;
  throw new OperatorError('VALUE_INVALID', `Cannot forward ports ${formatPortRange(ports)} to ${port} and on`, {
    hint: `They would end at ${insidePorts(forward).last}, past 65535. Take a lower port, or "=${port}" for one port`,
  });
}

/** The ports in the zone that a forward leads to. */
export function insidePorts({ ports, port, toOne }: Forward): PortRange {
  return { first: port, last: toOne === true ? port : port + sizeOf(ports) - 1 };
}

/** Whether two forwards want the same port of the same address. tcp and udp do not meet. */
export function forwardsMeet(a: Forward, b: Forward): boolean {
  return a.protocol === b.protocol && a.outside === b.outside && portsOverlap(a.ports, b.ports);
}

/** "tcp 203.0.113.5 port 443", for messages. */
export function describeForward({ protocol, outside, ports }: Forward): string {
  return `${protocol} ${outside} port ${formatPortRange(ports)}`;
}

/** "8443", the first of a range; "=9000" when all ports lead to that one. */
export function formatTargetPort({ port, toOne }: Pick<Forward, 'port' | 'toOne'>): string {
  return toOne === true ? `=${port}` : `${port}`;
}

function unreadable(text: string, why: string): OperatorError {
  return new OperatorError('VALUE_INVALID', `Cannot read "${text}" as a forward: ${why}`, {
    hint: 'Write protocol, outside address, port or range, and where it leads, parted by blanks',
  });
}
