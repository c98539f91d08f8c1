import { OperatorError } from './errors.ts';
import { type DomainName, type NetworkName, parseDomainName, type ZoneName } from './names.ts';

/**
 * How the zones of a network find each other by name. dns: their proxy serves them, under a domain of the network.
 * hosts: each has all the others in its /etc/hosts.
 */
export type NameService = { readonly by: 'dns'; readonly domain: DomainName } | { readonly by: 'hosts' };

/**
 * Reads "hosts", or "dns back.internal".
 *
 * @throws {OperatorError} VALUE_INVALID, NAME_INVALID
 */
export function parseNameService(text: string): NameService {
  const [by, domain, ...more] = text.split(' ');
  if (by === 'hosts' && domain === undefined) return { by };
  if (by === 'dns' && domain !== undefined && more.length === 0) return { by, domain: parseDomainName(domain) };
  throw new OperatorError('VALUE_INVALID', `Cannot read "${text}" as a name service`, {
    hint: 'Write "hosts", or "dns" and behind a blank a domain, like dns back.internal',
  });
}

export function formatNameService(names: NameService): string {
  return names.by === 'dns' ? `dns ${names.domain}` : names.by;
}

/**
 * Reads how names are asked for on a command line: "none" (undefined), "hosts", "dns", "dns=back.internal". Without a
 * domain it is named for the network, below "internal", which ICANN keeps for private use.
 *
 * @throws {OperatorError} VALUE_INVALID, NAME_INVALID; also for a network whose name makes no domain
 */
export function readNameService(text: string, network: NetworkName): NameService | undefined {
  if (text === 'none') return undefined;
  if (text === 'dns') return { by: 'dns', domain: ownDomain(network) };
  if (text === 'hosts' || text.startsWith('dns=')) return parseNameService(text.replace('=', ' '));
  throw new OperatorError('VALUE_INVALID', `Cannot read "${text}" as a name service`, {
    hint: 'Write none, hosts, dns, or dns=DOMAIN, like dns=back.internal',
  });
}

function ownDomain(network: NetworkName): DomainName {
  try {
    return parseDomainName(`${network}.internal`);
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    throw new OperatorError('VALUE_INVALID', `Cannot name a domain for network "${network}": its name makes none`, {
      hint: 'Name one, like dns=back.internal',
      cause: error,
    });
  }
}

/** A zone's name in DNS, where capitals do not count. */
export function dnsNameOf(zone: ZoneName): string {
  return zone.toLowerCase();
}

/** Whether a zone's name can stand in DNS: labels of 1 to 63 characters, none empty ("web." or "a..b" are none). */
export function hasDnsName(zone: ZoneName): boolean {
  return zone.split('.').every((label) => label !== '');
}
