import { parseZoneName, type ZoneName } from '../domain/names.ts';
import { parsePort } from '../domain/port.ts';

/**
 * Reads "web1" or "web1:8080": a zone, and a port there.
 *
 * @throws {OperatorError} NAME_INVALID, VALUE_INVALID
 */
export function parseZoneAndPort(text: string): { readonly zone: ZoneName; readonly port?: number } {
  const colon = text.indexOf(':');
  if (colon < 0) return { zone: parseZoneName(text) };
  return { zone: parseZoneName(text.slice(0, colon)), port: parsePort(text.slice(colon + 1)) };
}
