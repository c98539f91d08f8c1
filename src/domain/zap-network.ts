import { type Address, parseAddress } from './address.ts';
import { OperatorError } from './errors.ts';
import { formatPrefix, type Prefix } from './prefix.ts';

/** Where Tribblix's zap keeps what it made. */
export const ZAP_DIRECTORY = '/var/zap/zones';

/** A hidden network as zap has it: rconfig.10.2 for 10.2.0.0/16. */
export interface ZapNetwork {
  readonly etherstub: string;
  /** A VNIC of the global zone over it, for zones that share the host's IP stack. Missing in older files. */
  readonly sharedLink?: string;
  readonly router: Address;
  /** The zone that is its router; "global" for the host itself. */
  readonly zone: string;
}

/** A zone as zap has it: zconfig.NAME. */
export interface ZapZone {
  readonly zone: string;
  /** Without the length of their prefix. */
  readonly addresses: readonly Address[];
  /** The routers of the hidden networks it is on. */
  readonly parents: readonly string[];
}

/**
 * The file that zap keeps a network in. zap knows /8, /16 and /24 only, and names the file for the octets that count.
 *
 * @throws {OperatorError} PREFIX_INVALID
 */
export function zapNetworkFile(prefix: Prefix): string {
  const { address, length } = prefix;
  if (address.includes(':') || ![8, 16, 24].includes(length)) {
    throw new OperatorError('PREFIX_INVALID', `Cannot look for ${formatPrefix(prefix)} with zap`, {
      hint: 'Its networks are IPv4, of /8, /16 or /24',
    });
  }
  return `${ZAP_DIRECTORY}/rconfig.${address
    .split('.')
    .slice(0, length / 8)
    .join('.')}`;
}

/**
 * Reads an rconfig file: lines "key: value", of which the last with a key counts.
 *
 * @throws {OperatorError} RECORD_INVALID
 */
export function parseZapNetwork(text: string, file: string): ZapNetwork {
  const lines = linesOf(text);
  const value = (key: string) => lines.filter(([name]) => name === key).at(-1)?.[1];
  const [etherstub, router, zone] = [value('interface'), value('gateway'), value('zone')];
  if (etherstub === undefined || router === undefined || zone === undefined) {
    throw new OperatorError('RECORD_INVALID', `Cannot read ${file}: it needs lines interface:, gateway: and zone:`);
  }
  const sharedLink = value('shared-interface');
  return { etherstub, router: addressOf(router, file), zone, ...(sharedLink === undefined ? {} : { sharedLink }) };
}

/**
 * Reads a zconfig file.
 *
 * @throws {OperatorError} RECORD_INVALID
 */
export function parseZapZone(text: string, file: string): ZapZone {
  const lines = linesOf(text);
  const values = (key: string) => lines.filter(([name]) => name === key).map(([, value]) => value);
  const [zone] = values('zone').slice(-1);
  if (zone === undefined) throw new OperatorError('RECORD_INVALID', `Cannot read ${file}: it needs a line zone:`);
  const addresses = values('address').map((address) => addressOf(address, file));
  return { zone, addresses, parents: values('parent_zone') };
}

/** What stands last in a line is its value. */
function linesOf(text: string): (readonly [key: string, value: string])[] {
  return text.split('\n').flatMap((line) => {
    const [, key, value] = /^([A-Za-z_-]+):\s.*?(\S+)\s*$/.exec(line) ?? [];
    return key === undefined || value === undefined ? [] : [[key, value] as const];
  });
}

function addressOf(text: string, file: string): Address {
  try {
    return parseAddress(text);
  } catch (error) {
    throw new OperatorError('RECORD_INVALID', `Cannot read ${file}: "${text}" is no address`, { cause: error });
  }
}
