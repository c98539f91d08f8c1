// Link protection (§8.1): what a VNIC may not send, held to at its port of the switch (lab.md part 11).
import { linuxMac } from './switches.ts';

/** The types in the order dladm prints them. */
export const PROTECTION_TYPES = ['mac-nospoof', 'restricted', 'ip-nospoof', 'dhcp-nospoof'] as const;

export interface Protected {
  /** Device in "sw": "p12". */
  readonly port: string;
  /** As illumos prints it. */
  readonly mac: string;
  readonly types: readonly string[];
  /** With prefix length: "10.2.0.5/32". Empty: link-local and unspecified addresses only. */
  readonly allowedIps: readonly string[];
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

function chainsOf({ port, mac, types, allowedIps }: Protected): string[] {
  const has = (type: string) => types.includes(type);
  const v4 = ['0.0.0.0/32', ...allowedIps.filter((ip) => !ip.includes(':'))];
  const v6 = ['::/128', `${linkLocal(mac)}/128`, ...allowedIps.filter((ip) => ip.includes(':'))];
  const list = (name: string, match: string, prefixes: readonly string[]) =>
    chain(`${port}_${name}`, [...prefixes.map((prefix) => `${match} ${prefix} return`), 'counter drop']);
  const rules = [
    ...(has('mac-nospoof') ? [`ether saddr != ${linuxMac(mac)} counter drop`] : []),
    ...(has('restricted') ? ['ether type != { ip, arp, ip6 } counter drop'] : []),
    ...(has('ip-nospoof')
      ? [`ether type ip jump ${port}_ip4`, `ether type arp jump ${port}_arp`, `ether type ip6 jump ${port}_ip6`]
      : []),
    // chaddr stands 28 bytes into a DHCP message, which stands 8 bytes into UDP.
    ...(has('dhcp-nospoof')
      ? [`udp sport 68 udp dport 67 @th,288,48 != 0x${linuxMac(mac).replaceAll(':', '')} counter drop`]
      : []),
  ];
  return [
    ...(has('ip-nospoof')
      ? [list('ip4', 'ip saddr', v4), list('arp', 'arp saddr ip', v4), list('ip6', 'ip6 saddr', v6)]
      : []),
    chain(port, rules),
  ];
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
