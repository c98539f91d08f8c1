import { OperatorError } from '../domain/errors.ts';
import { type Forward, type ForwardProtocol, parseProtocol, parseWay } from '../domain/forward.ts';
import { parseZoneName, type ZoneName } from '../domain/names.ts';
import { type PortRange, parsePortRange } from '../domain/port.ts';

/**
 * Reads "tcp/443" or "udp/5000-5009".
 *
 * @throws {OperatorError} VALUE_INVALID
 */
export function parseOutsidePort(text: string): { readonly protocol: ForwardProtocol; readonly ports: PortRange } {
  const [protocol = '', ports, ...more] = text.split('/');
  if (ports !== undefined && more.length === 0) {
    return { protocol: parseProtocol(protocol), ports: parsePortRange(ports) };
  }
  throw new OperatorError('VALUE_INVALID', `Cannot read "${text}" as a port to forward`, {
    hint: 'Write protocol and port like tcp/443, or a range like udp/5000-5009; the outside address goes behind -a',
  });
}

/**
 * Reads "web1", "web1:8443" or "web1:=9000": a zone and the port there, by itself the same as outside.
 *
 * @throws {OperatorError} NAME_INVALID, VALUE_INVALID
 */
export function parseTarget(
  text: string,
  ports: PortRange,
): { readonly zone: ZoneName } & Pick<Forward, 'ports' | 'port' | 'toOne'> {
  const colon = text.indexOf(':');
  const zone = parseZoneName(colon < 0 ? text : text.slice(0, colon));
  return { zone, ...parseWay(ports, colon < 0 ? `${ports.first}` : text.slice(colon + 1)) };
}
