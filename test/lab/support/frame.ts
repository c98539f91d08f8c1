// Described packets as bytes: what the conformance data call a packet, with checksums, ready for a wire.

import type { Packet } from '../ipfilter/packet.ts';
import { addressBytes } from '../ipfilter/packet-info.ts';

type Described = Omit<Packet, 'dir' | 'if'>;

const PROTOCOLS: Readonly<Record<string, number>> = { tcp: 6, udp: 17, icmp: 1, 'ipv6-icmp': 58 };
const ERRORS4 = new Set([3, 4, 5, 11, 12]);
const ERRORS6 = new Set([1, 2, 3, 4]);
const TTL = 64;

/** What an error quotes when the data do not say (README of the conformance data). */
const UNRELATED4: Described = { proto: 'udp', src: '10.99.0.1', sport: 1, dst: '10.99.0.2', dport: 2 };
const UNRELATED6: Described = { proto: 'udp', src: '2001:db8:99::1', sport: 1, dst: '2001:db8:99::2', dport: 2 };

/** The IP packet. `id` names it: IPv4's identification, IPv6's flow label. */
export function ipPacket(packet: Described, id: number): Buffer {
  const ipv6 = packet.src.includes(':');
  const protocol = typeof packet.proto === 'number' ? packet.proto : (PROTOCOLS[packet.proto] ?? Number(packet.proto));
  const [source, destination] = [packet.src, packet.dst].map((text) => addressBytes(text).slice(0, ipv6 ? 16 : 4));
  const payload = transport(packet, protocol, ipv6, Buffer.from([...(source ?? []), ...(destination ?? [])]));
  const addresses = Buffer.from([...(source ?? []), ...(destination ?? [])]);
  if (ipv6) {
    const header = Buffer.alloc(8);
    header.writeUInt32BE((6 << 28) | id, 0);
    header.writeUInt16BE(payload.length, 4);
    header[6] = protocol;
    header[7] = TTL;
    return Buffer.concat([header, addresses, payload]);
  }
  const header = Buffer.alloc(12);
  header[0] = 0x45;
  header.writeUInt16BE(20 + payload.length, 2);
  header.writeUInt16BE(id, 4);
  header[8] = TTL;
  header[9] = protocol;
  header.writeUInt16BE(checksum(Buffer.concat([header, addresses])), 10);
  return Buffer.concat([header, addresses, payload]);
}

function transport(packet: Described, protocol: number, ipv6: boolean, addresses: Buffer): Buffer {
  const data = Buffer.alloc(packet.len ?? 0);
  switch (protocol) {
    case 6:
      return summed(Buffer.concat([tcpHeader(packet), data]), 16, protocol, addresses);
    case 17: {
      const header = Buffer.alloc(8);
      header.writeUInt16BE(packet.sport ?? 0, 0);
      header.writeUInt16BE(packet.dport ?? 0, 2);
      header.writeUInt16BE(8 + data.length, 4);
      return summed(Buffer.concat([header, data]), 6, protocol, addresses);
    }
    case 1:
      return summed(Buffer.concat([icmpHeader(packet), icmpBody(packet, ERRORS4, UNRELATED4), data]), 2);
    case 58:
      if (!ipv6) return Buffer.concat([Buffer.alloc(8), data]);
      return summed(
        Buffer.concat([icmpHeader(packet), icmpBody(packet, ERRORS6, UNRELATED6), data]),
        2,
        protocol,
        addresses,
      );
    default:
      return Buffer.concat([Buffer.alloc(8), data]);
  }
}

function tcpHeader({ sport = 0, dport = 0, seq = 0, ack = 0, flags = '' }: Described): Buffer {
  const header = Buffer.alloc(20);
  header.writeUInt16BE(sport, 0);
  header.writeUInt16BE(dport, 2);
  header.writeUInt32BE(seq, 4);
  header.writeUInt32BE(ack, 8);
  header[12] = 0x50;
  header[13] = [...flags].reduce((bits, letter) => bits | (1 << 'FSRPAUEC'.indexOf(letter)), 0);
  header.writeUInt16BE(8192, 14);
  return header;
}

function icmpHeader({ icmptype = 0, icmpcode = 0, icmpid = 0, icmpseq = 0, mtu = 0, src }: Described): Buffer {
  const header = Buffer.alloc(8);
  header[0] = icmptype;
  header[1] = icmpcode;
  header.writeUInt16BE(icmpid, 4);
  header.writeUInt16BE(mtu === 0 ? icmpseq : mtu & 0xffff, 6);
  if (src.includes(':') && mtu > 0xffff) header.writeUInt16BE(mtu >>> 16, 4);
  return header;
}

/** What follows the first eight bytes: a quoted packet, neighbour discovery's addresses, the stamps of a timestamp. */
function icmpBody({ icmptype = 0, inner, src }: Described, errors: ReadonlySet<number>, unrelated: Described): Buffer {
  if (errors.has(icmptype)) return ipPacket(inner ?? unrelated, 0);
  if (!src.includes(':')) return Buffer.alloc([13, 14].includes(icmptype) ? 12 : [17, 18].includes(icmptype) ? 4 : 0);
  if (icmptype === 134) return Buffer.alloc(8);
  if (icmptype === 137) return Buffer.alloc(32);
  return Buffer.alloc(icmptype >= 130 && icmptype <= 136 && icmptype !== 133 ? 16 : 0);
}

/** Fills in the checksum at `place`; with addresses, over the pseudo header too. */
function summed(body: Buffer, place: number, protocol?: number, addresses?: Buffer): Buffer {
  const pseudo = Buffer.alloc(4);
  pseudo.writeUInt16BE(protocol ?? 0, 0);
  pseudo.writeUInt16BE(body.length, 2);
  const parts = addresses === undefined ? [body] : [addresses, pseudo, body];
  body.writeUInt16BE(checksum(Buffer.concat(parts)), place);
  return body;
}

function checksum(bytes: Buffer): number {
  let sum = 0;
  for (let i = 0; i < bytes.length; i += 2) sum += ((bytes[i] ?? 0) << 8) | (bytes[i + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}
