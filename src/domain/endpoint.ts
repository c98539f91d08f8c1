import { parseAddress } from './address.ts';
import { OperatorError } from './errors.ts';
import {
  type GroupName,
  type NetworkName,
  parseAnyZoneName,
  parseGroupName,
  parseNetworkName,
  type ZoneName,
} from './names.ts';
import { hostLength, hostPrefix } from './network.ts';
import { formatPrefix, type Prefix, parsePrefix } from './prefix.ts';

/** What a rule is about at one end. `self` is the zone that has the rule. */
export type Endpoint =
  | { readonly kind: 'any' | 'self' }
  | { readonly kind: 'zone'; readonly name: ZoneName }
  | { readonly kind: 'group'; readonly name: GroupName }
  | { readonly kind: 'network'; readonly name: NetworkName }
  | { readonly kind: 'prefix'; readonly prefix: Prefix };

/**
 * Reads one end of a rule.
 *
 * @throws {OperatorError} VALUE_INVALID, NAME_INVALID, ADDRESS_INVALID, PREFIX_INVALID
 */
export function parseEndpoint(text: string): Endpoint {
  if (text === 'any' || text === 'self') return { kind: text };
  const [kind, name] = /^(zone|group|network):(.*)$/.exec(text)?.slice(1) ?? [];
  if (name !== undefined) {
    if (kind === 'zone') return { kind, name: parseAnyZoneName(name) };
    if (kind === 'group') return { kind, name: parseGroupName(name) };
    if (kind === 'network') return { kind, name: parseNetworkName(name) };
  }
  if (!/^[0-9a-fA-F:.]+(\/[0-9]+)?$/.test(text)) {
    throw new OperatorError('VALUE_INVALID', `Cannot read "${text}" as an end of a rule`, {
      hint: 'Write any, self, zone:NAME, group:NAME, network:NAME, an address or a prefix',
    });
  }
  if (text.includes('/')) return { kind: 'prefix', prefix: parsePrefix(text) };
  return { kind: 'prefix', prefix: hostPrefix(parseAddress(text)) };
}

export function formatEndpoint(end: Endpoint): string {
  switch (end.kind) {
    case 'any':
    case 'self':
      return end.kind;
    case 'zone':
    case 'group':
    case 'network':
      return `${end.kind}:${end.name}`;
    case 'prefix':
      return end.prefix.length === hostLength(end.prefix.address) ? end.prefix.address : formatPrefix(end.prefix);
  }
}
