// Link protection (§8.1): what a VNIC may not send, held to at its port of the switch (lab.md part 11).
import { parseAddress } from './ip-address.ts';
import { linuxMac } from './switches.ts';

/** The types in the order dladm prints them. */
export const PROTECTION_TYPES = ['mac-nospoof', 'restricted', 'ip-nospoof', 'dhcp-nospoof'] as const;

export interface Protected {
  /** Device in "sw": "p12". */
  readonly port: string;
  /** As illumos prints it. */
  readonly mac: string;
  readonly types: readonly string[];
  /** With prefix length: "10.2.0.5/32". Empty: link-local and unspecified addresses, and what was learned, only. */
  readonly allowedIps: readonly string[];
  /** The address of a DHCP lease that was taken under ip-nospoof: "10.2.0.5". It counts while allowedIps is empty. */
  readonly learned?: string;
}

const TABLE = 'prot';

/**
 * The table of all protected ports, in one transaction with the end of the one before. Without ports there is no table.
 *
 * What is forbidden is dropped and counted. A list of prefixes is a chain and no set: prefixes may overlap.
 */
export function protectionScript(ports: readonly Protected[]): string {
  const old = `table bridge ${TABLE}\ndelete table bridge ${TABLE}\n`;
  if (ports.length === 0) return old;
  const dispatch = ports.map(({ port }) => `"${port}" : jump ${port}`).join(', ');
  return [
    old,
    `table bridge ${TABLE} {\n`,
    ...ports.flatMap(chainsOf),
    `chain pre {\n type filter hook prerouting priority 0\n iifname vmap { ${dispatch} }\n}\n`,
    '}\n',
  ].join('');
}

function chainsOf({ port, mac, types, allowedIps, learned }: Protected): string[] {
  const has = (type: string) => types.includes(type);
  const allowed = allowedIps.length === 0 && learned !== undefined ? [`${learned}/32`] : allowedIps;
  const v4 = ['0.0.0.0/32', ...allowed.filter((ip) => !ip.includes(':'))];
  const v6 = ['::/128', `${linkLocal(mac)}/128`, ...allowed.filter((ip) => ip.includes(':'))];
  const address = linuxMac(mac);
  const list = (name: string, before: readonly string[], matches: readonly string[]) =>
    chain(`${port}_${name}`, [...before, ...matches.map((match) => `${match} return`), 'counter drop']);
  const rules = [
    ...(has('mac-nospoof') ? [`ether saddr != ${address} counter drop`] : []),
    ...(has('restricted') ? ['ether type != { ip, arp, ip6 } counter drop'] : []),
    ...(has('ip-nospoof')
      ? [
          `ether type ip jump ${port}_ip4`,
          `ether type arp jump ${port}_arp`,
          `ether type ip6 jump ${port}_ip6`,
          `ether type ip6 icmpv6 type nd-neighbor-advert jump ${port}_na`,
        ]
      : []),
    ...(has('dhcp-nospoof') ? ['sport', 'dport'].map((side) => dhcpRule(side, address)) : []),
  ];
  const senders = v4.map((prefix) => `arp saddr ip ${prefix}`);
  return [
    ...(has('ip-nospoof')
      ? [
          list(
            'ip4',
            [],
            v4.map((prefix) => `ip saddr ${prefix}`),
          ),
          list('arp', [`arp saddr ether != ${address} counter drop`], senders),
          list(
            'ip6',
            [],
            v6.map((prefix) => `ip6 saddr ${prefix}`),
          ),
          list('na', [], v6.map(targetMatch)),
        ]
      : []),
    chain(port, rules),
  ];
}

/** chaddr stands 28 bytes into a DHCP message, which stands 8 bytes into UDP. Servers' messages are looked at as well. */
const dhcpRule = (side: string, address: string) =>
  `udp ${side} { 67, 68 } @th,288,48 != 0x${address.replaceAll(':', '')} counter drop`;

/** The target of a neighbour advertisement, 8 bytes into ICMPv6, is held to the same list as the sender (§8.1). */
function targetMatch(prefix: string): string {
  const [text = '', length = '128'] = prefix.split('/');
  const value = parseAddress(text)?.value ?? 0n;
  const mask = ((1n << 128n) - 1n) ^ ((1n << (128n - BigInt(length))) - 1n);
  const hex = (bits: bigint) => `0x${bits.toString(16).padStart(32, '0')}`;
  return `@th,64,128 & ${hex(mask)} == ${hex(value & mask)}`;
}

const chain = (name: string, rules: readonly string[]) =>
  `chain ${name} {\n${rules.map((rule) => ` ${rule}\n`).join('')}}\n`;

/** The link-local address that an interface makes of its MAC address (§11.2: 2:8:20:4e:1f:a0 gives fe80::8:20ff:fe4e:1fa0). */
function linkLocal(mac: string): string {
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = mac.split(':').map((byte) => Number.parseInt(byte, 16));
  const groups = [((a ^ 2) << 8) | b, (c << 8) | 0xff, 0xfe00 | d, (e << 8) | f];
  return `fe80::${groups.map((group) => group.toString(16)).join(':')}`;
}

/** Frames dropped by link protection since the table was last loaded, by port. From `nft -j list table bridge prot`. */
export function droppedByPort(listing: unknown): Map<string, number> {
  const dropped = new Map<string, number>();
  const items = isObject(listing) && Array.isArray(listing['nftables']) ? listing['nftables'] : [];
  for (const item of items) {
    if (!isObject(item) || !isObject(item['rule'])) continue;
    const { chain: name, expr } = item['rule'];
    if (typeof name !== 'string' || !Array.isArray(expr)) continue;
    const port = name.replace(/_.*$/, '');
    for (const part of expr) {
      if (!isObject(part) || !isObject(part['counter']) || typeof part['counter']['packets'] !== 'number') continue;
      dropped.set(port, (dropped.get(port) ?? 0) + part['counter']['packets']);
    }
  }
  return dropped;
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;
