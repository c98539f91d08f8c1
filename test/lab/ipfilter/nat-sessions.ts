// NAT sessions as the kernel's connection table shows them, and as ipnat -l prints them (§11.9, lab.md part 10).
import { formatAddress, readAddress } from './format-address.ts';
import { andWords, type NatRule, sameWords, type Words } from './nat-rule.ts';

interface Way {
  readonly from: Words;
  readonly to: Words;
  readonly fromPort: number;
  readonly toPort: number;
}

/** A connection of the kernel's table. `text` is its line. */
export interface Connection {
  readonly version: 4 | 6;
  readonly protocol: number;
  readonly forth: Way;
  readonly back: Way;
  /** Identifier, type and code of an ICMP query. */
  readonly icmp?: { readonly id: number; readonly type: number; readonly code: number };
}

export interface NatSession {
  readonly kind: 'MAP' | 'RDR' | 'BIMAP';
  readonly connection: Connection;
  readonly inner: Words;
  readonly outer: Words;
  readonly other: Words;
  readonly innerPort: number;
  readonly outerPort: number;
  readonly otherPort: number;
}

/** Reads /proc/net/nf_conntrack: both ways of every connection. */
export function parseConnections(text: string): Connection[] {
  return text.split('\n').flatMap((line) => {
    const [family, , , protocol] = line.split(/\s+/);
    if (family !== 'ipv4' && family !== 'ipv6') return [];
    const fields = [...line.matchAll(/(\w+)=(\S+)/g)].map(([, key = '', value = '']) => ({ key, value }));
    const value = (key: string, nth: number) => fields.filter((field) => field.key === key)[nth]?.value ?? '0';
    const way = (nth: number): Way => ({
      from: readAddress(value('src', nth)),
      to: readAddress(value('dst', nth)),
      fromPort: Number(value('sport', nth)),
      toPort: Number(value('dport', nth)),
    });
    const query = { id: Number(value('id', 0)), type: Number(value('type', 0)), code: Number(value('code', 0)) };
    const isIcmp = protocol === '1' || protocol === '58';
    return [
      {
        version: family === 'ipv4' ? 4 : 6,
        protocol: Number(protocol),
        forth: way(0),
        back: way(1),
        ...(isIcmp ? { icmp: query } : {}),
      },
    ];
  });
}

/** The sessions of a table: connections that are not the same seen from both ends. One that is mapped and redirected is two. */
export function natSessions(connections: readonly Connection[], rules: readonly NatRule[]): NatSession[] {
  return connections.flatMap((connection) => {
    const { forth, back } = connection;
    const mapped = !sameWords(forth.from, back.to) || forth.fromPort !== back.toPort;
    const redirected = !sameWords(forth.to, back.from) || forth.toPort !== back.fromPort;
    const map = {
      connection,
      inner: forth.from,
      innerPort: forth.fromPort,
      outer: back.to,
      outerPort: back.toPort,
      other: back.from,
      otherPort: back.fromPort,
    };
    const rdr = {
      connection,
      inner: back.from,
      innerPort: back.fromPort,
      outer: forth.to,
      outerPort: forth.toPort,
      other: forth.from,
      otherPort: forth.fromPort,
    };
    const kind = (one: typeof map, otherwise: 'MAP' | 'RDR') => (isBimap(one, rules) ? ('BIMAP' as const) : otherwise);
    return [
      ...(mapped ? [{ kind: kind(map, 'MAP'), ...map }] : []),
      ...(redirected ? [{ kind: kind(rdr, 'RDR'), ...rdr }] : []),
    ];
  });
}

function isBimap({ inner, outer }: { inner: Words; outer: Words }, rules: readonly NatRule[]): boolean {
  return rules.some(
    (rule) =>
      rule.kind === 'bimap' &&
      sameWords(andWords(inner, rule.inner.mask), rule.inner.address) &&
      sameWords(andWords(outer, rule.outer.mask), rule.outer.address),
  );
}

/** `MAP 10.2.0.7        5000  <- -> 203.0.113.5     10000 [198.51.100.9 80]`, without newline. */
export function formatSession(session: NatSession): string {
  const { connection, kind } = session;
  const ports = connection.protocol === 6 || connection.protocol === 17;
  const side = (address: Words, port: number) =>
    formatAddress(connection.version, address).padEnd(15) + (ports ? ` ${String(port).padEnd(5)}` : '');
  const other = formatAddress(connection.version, session.other) + (ports ? ` ${session.otherPort}` : '');
  return `${kind} ${side(session.inner, session.innerPort)} <- -> ${side(session.outer, session.outerPort)} [${other}]`;
}

/** A message for the kernel's netlink socket 12 that deletes one connection. */
export function deleteMessage(connection: Connection): Buffer {
  const { version, protocol, forth, icmp } = connection;
  const bytes = (words: Words) => {
    const buffer = Buffer.alloc(16);
    for (const [i, word] of words.entries()) buffer.writeUInt32BE(word, i * 4);
    return version === 4 ? buffer.subarray(0, 4) : buffer;
  };
  const number = (value: number) => {
    const buffer = Buffer.alloc(2);
    buffer.writeUInt16BE(value);
    return buffer;
  };
  const [source, destination] = version === 4 ? [1, 2] : [3, 4];
  const [id, type, code] = version === 4 ? [4, 5, 6] : [7, 8, 9];
  const transport =
    icmp === undefined
      ? [attribute(2, number(forth.fromPort)), attribute(3, number(forth.toPort))]
      : [
          attribute(id, number(icmp.id)),
          attribute(type, Buffer.from([icmp.type])),
          attribute(code, Buffer.from([icmp.code])),
        ];
  const tuple = attribute(
    0x8001,
    attribute(0x8001, attribute(source, bytes(forth.from)), attribute(destination, bytes(forth.to))),
    attribute(0x8002, attribute(1, Buffer.from([protocol])), ...transport),
  );
  const header = Buffer.alloc(20);
  header.writeUInt32LE(20 + tuple.length, 0);
  header.writeUInt16LE(0x102, 4);
  header.writeUInt16LE(5, 6);
  header.writeUInt32LE(1, 8);
  header.writeUInt8(version === 4 ? 2 : 10, 16);
  return Buffer.concat([header, tuple]);
}

/** Netlink's length, type, value, padded to four bytes. 0x8000 marks a value made of attributes. */
function attribute(type: number, ...values: readonly Buffer[]): Buffer {
  const value = Buffer.concat(values);
  const head = Buffer.alloc(4);
  head.writeUInt16LE(4 + value.length, 0);
  head.writeUInt16LE(type, 2);
  return Buffer.concat([head, value, Buffer.alloc((4 - (value.length % 4)) % 4)]);
}
