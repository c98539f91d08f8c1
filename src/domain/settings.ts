import { parseIpv4 } from './address.ts';
import { OperatorError } from './errors.ts';
import type { ForwardProtocol } from './forward.ts';
import type { Resolver } from './metadata.ts';
import type { LinkName } from './names.ts';
import { type PortRange, parsePortRange } from './port.ts';
import type { Prefix } from './prefix.ts';
import type { Vars } from './vars.ts';

/** What the operator of a host decides once, in zonenet.ini. */
export interface Settings {
  /** Where networks without a prefix of their own get one from, in this order. */
  readonly pools: readonly Prefix[];
  /** Bits of the prefixes taken from the pools. */
  readonly poolPrefixLength: number;
  /** Prefixes that no hidden network may meet. */
  readonly reserved: readonly Prefix[];
  /** The link that proxies are over when none is named. */
  readonly uplink?: LinkName;
  /** Names of links without their number. */
  readonly etherstubBase: string;
  readonly insideBase: string;
  readonly outsideBase: string;
  /** Bytes, for links on hidden networks. */
  readonly mtu: number;
  readonly brand: string;
  /** Directory that zones get a directory in. */
  readonly zonesPath: string;
  /** What zones are told of name service. */
  readonly resolver: Resolver;
  /** Seconds that a zone may take from boot to a verified network. */
  readonly bootSeconds: number;
  /** Values for the templates of all zones. */
  readonly vars: Vars;
  /** Whether links are protected at all, as far as their networks do not say otherwise. */
  readonly protection: boolean;
  /** Seconds between two looks of `znetadm watch` at the zones, and between two passes over all that run. */
  readonly watchSeconds: number;
  readonly watchPassSeconds: number;
  /** Ports of the host itself that no forward may lead away where the global zone is a proxy: its administrators come by them. */
  readonly hostPorts: readonly HostPort[];
}

export interface HostPort {
  readonly protocol: ForwardProtocol;
  readonly ports: PortRange;
}

/**
 * Reads "tcp/22", "udp/5000-5010".
 *
 * @throws {OperatorError} VALUE_INVALID
 */
export function parseHostPort(text: string): HostPort {
  const [, protocol, ports] = /^(tcp|udp)\/(.+)$/.exec(text) ?? [];
  if (ports !== undefined) return { protocol: protocol === 'udp' ? 'udp' : 'tcp', ports: parsePortRange(ports) };
  throw new OperatorError('VALUE_INVALID', `Cannot read "${text}" as a port of the host`, {
    hint: 'Write like tcp/22',
  });
}

/** What holds where zonenet.ini says nothing. */
export const DEFAULT_SETTINGS: Settings = {
  pools: [{ address: parseIpv4('10.64.0.0'), length: 10 }],
  poolPrefixLength: 24,
  reserved: [],
  etherstubBase: 'zstub',
  insideBase: 'znic',
  outsideBase: 'pnic',
  mtu: 1500,
  brand: 'ipkg',
  zonesPath: '/zones',
  resolver: { nameservers: [], search: [] },
  bootSeconds: 300,
  vars: {},
  protection: true,
  watchSeconds: 2,
  watchPassSeconds: 300,
  hostPorts: [{ protocol: 'tcp', ports: { first: 22, last: 22 } }],
};
