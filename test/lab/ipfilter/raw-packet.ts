// Described packets as bytes, for tests that send them (RFC 791, 8200, 768, 9293, 792, 4443).
import { readAddress } from './format-address.ts';
import { protocolNumber } from './names.ts';
import type { Words } from './nat-rule.ts';
import type { Packet } from './packet.ts';

type Described = Omit<Packet, 'dir' | 'if'>;

const FLAG_BITS = 'FSRPAU';

/** A whole IP packet with right lengths and checksums. TCP has no options, all are without payload. */
export function rawPacket(packet: Described): Buffer {
  const ipv6 = packet.src.includes(':');
  const protocol = typeof packet.proto === 'number' ? packet.proto : (protocolNumber(packet.proto) ?? 0);
  const addresses = Buffer.concat([addressBytes(packet.src), addressBytes(packet.dst)]);
  const body = transport(packet, protocol);
  const at = CHECKSUM_AT[protocol];
  if (at !== undefined) {
    const pseudo = protocol === 1 ? Buffer.alloc(0) : pseudoHeader(addresses, body.length, protocol);
    body.writeUInt16BE(checksum(Buffer.concat([pseudo, body])), at);
  }
  return Buffer.concat([
    ipv6 ? ipv6Header(body.length, protocol, addresses) : ipv4Header(body.length, protocol, addresses),
    body,
  ]);
}

/** Four or sixteen bytes. */
export function addressBytes(text: string): Buffer {
  const words: Words = readAddress(text);
  const bytes = Buffer.alloc(16);
  for (const [i, word] of words.entries()) bytes.writeUInt32BE(word, i * 4);
  return text.includes(':') ? bytes : bytes.subarray(0, 4);
}

const CHECKSUM_AT: Readonly<Record<number, number>> = { 1: 2, 6: 16, 17: 6, 58: 2 };

function transport(packet: Described, protocol: number): Buffer {
  const { sport = 0, dport = 0, seq = 0, ack = 0, flags = '', icmptype = 0, icmpcode = 0 } = packet;
  if (protocol === 6) {
    const body = Buffer.alloc(20);
    body.writeUInt16BE(sport, 0);
    body.writeUInt16BE(dport, 2);
    body.writeUInt32BE(seq, 4);
    body.writeUInt32BE(ack, 8);
    body.writeUInt8(0x50, 12);
    body.writeUInt8(
      [...flags].reduce((bits, letter) => bits | (1 << FLAG_BITS.indexOf(letter)), 0),
      13,
    );
    body.writeUInt16BE(8192, 14);
    return body;
  }
  const body = Buffer.alloc(8);
  if (protocol === 17) {
    body.writeUInt16BE(sport, 0);
    body.writeUInt16BE(dport, 2);
    body.writeUInt16BE(8, 4);
  } else if (protocol === 1 || protocol === 58) {
    body.writeUInt8(icmptype, 0);
    body.writeUInt8(icmpcode, 1);
    body.writeUInt16BE(packet.icmpid ?? 0, 4);
    body.writeUInt16BE(packet.icmpseq ?? 0, 6);
  }
  return body;
}

function ipv4Header(length: number, protocol: number, addresses: Buffer): Buffer {
  const header = Buffer.alloc(20);
  header.writeUInt8(0x45, 0);
  header.writeUInt16BE(20 + length, 2);
  header.writeUInt8(64, 8);
  header.writeUInt8(protocol, 9);
  addresses.copy(header, 12);
  header.writeUInt16BE(checksum(header), 10);
  return header;
}

function ipv6Header(length: number, protocol: number, addresses: Buffer): Buffer {
  const header = Buffer.alloc(8);
  header.writeUInt8(0x60, 0);
  header.writeUInt16BE(length, 4);
  header.writeUInt8(protocol, 6);
  header.writeUInt8(64, 7);
  return Buffer.concat([header, addresses]);
}

function pseudoHeader(addresses: Buffer, length: number, protocol: number): Buffer {
  const tail = Buffer.alloc(8);
  tail.writeUInt32BE(length, 0);
  tail.writeUInt32BE(protocol, 4);
  return Buffer.concat([addresses, tail]);
}

function checksum(bytes: Buffer): number {
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 2) sum += (bytes[at] ?? 0) * 256 + (bytes[at + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}
