// Names in NAT rules: protocols, ports, hosts.
import { parseIpv6, type Token } from './lexer.ts';
import { protocolName, protocolNumber, servicePort } from './names.ts';
import { type Words, wordsOf } from './nat-rule.ts';

/** Family 0 is not known yet: a bare 0, or "any" before any address. */
export type Family = 0 | 4 | 6;

export interface Host {
  readonly address: Words;
  readonly family: Family;
}

export const TCP = 6;
export const UDP = 17;

/** A word that is no protocol is -1, and taken all the same (ipfilter.md 2). */
export function protocolWord(token: Token): number {
  if (token.kind === 'number') return token.number | 0;
  if (token.kind === 'tcp') return TCP;
  if (token.kind === 'udp') return UDP;
  if (/^\d*$/.test(token.text)) return Number(token.text);
  return protocolNumber(token.text) ?? -1;
}

/** A number, or the name of a port of that protocol; undefined when it is neither. */
export function portOfProtocol(name: string, protocol: number): number | undefined {
  if (/^\d/.test(name)) return /^\d+$/.test(name) && Number(name) <= 65535 ? Number(name) : undefined;
  return servicePort(name, protocolName(protocol));
}

/** The lab has no name service: addresses in quotes, and localhost. */
export function lookUpHost(name: string): Host | undefined {
  const quad = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(name === 'localhost' ? '127.0.0.1' : name);
  if (quad !== null) {
    const octets = quad.slice(1).map(Number);
    if (octets.some((octet) => octet > 255)) return undefined;
    return { address: [octets.reduce((value, octet) => value * 256 + octet, 0), 0, 0, 0], family: 4 };
  }
  const bytes = parseIpv6(name);
  return bytes === undefined ? undefined : { address: wordsOf(bytes), family: 6 };
}
