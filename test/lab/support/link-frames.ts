// Frames for injection, in hex: honest and spoofed ones. Checksums are left 0 where a switch does not look.

const bytes = (text: string, base: number) =>
  text.split(base === 16 ? ':' : '.').map((part) => Number.parseInt(part, base));
export const hex = (...parts: readonly (readonly number[])[]) => Buffer.from(parts.flat()).toString('hex');
const mac = (text: string) => bytes(text, 16);
const ip = (text: string) => bytes(text, 10);
export const BROADCAST = 'ff:ff:ff:ff:ff:ff';

export const ethernet = (source: string, target: string, type: number) => [
  ...mac(target),
  ...mac(source),
  type >> 8,
  type & 0xff,
];
/** A UDP datagram of `mark` bytes. */
export const udp = (from: { mac: string; ip: string }, { to = BROADCAST, mark = 1 } = {}) =>
  hex(
    ethernet(from.mac, to, 0x0800),
    [0x45, 0, 0, 28 + mark, 0, 0, 0, 0, 64, 17, 0, 0],
    ip(from.ip),
    ip('255.255.255.255'),
    [0x30, 0x39, 0x30, 0x39, 0, 8 + mark, 0, 0],
    Array.from({ length: mark }, () => mark),
  );
/** A request from a sender; `hardware` is what it says its MAC is, when that is another than the frame's. */
export const arp = (from: { mac: string; ip: string; hardware?: string }) =>
  hex(
    ethernet(from.mac, BROADCAST, 0x0806),
    [0, 1, 8, 0, 6, 4, 0, 1],
    mac(from.hardware ?? from.mac),
    ip(from.ip),
    mac(BROADCAST),
    ip('10.0.0.2'),
  );
/** A neighbour advertisement for a target, which need not be the sender. */
export const advertisement = (from: { mac: string; ip: readonly number[] }, target: readonly number[]) =>
  hex(
    ethernet(from.mac, '33:33:00:00:00:01', 0x86dd),
    [0x60, 0, 0, 0, 0, 24, 58, 255],
    from.ip,
    [0xff, 2, ...Array.from({ length: 13 }, () => 0), 1],
    [136, 0, 0, 0, 0x20, 0, 0, 0],
    target,
  );
export const udp6 = (from: { mac: string; ip: readonly number[] }) =>
  hex(
    ethernet(from.mac, '33:33:00:00:00:01', 0x86dd),
    [0x60, 0, 0, 0, 0, 8, 17, 64],
    from.ip,
    [0xff, 2, ...Array.from({ length: 13 }, () => 0), 1],
    [0x30, 0x39, 0x30, 0x39, 0, 8, 0, 0],
  );
export const linkLocalOf = (interfaceId: readonly number[]) => [0xfe, 0x80, 0, 0, 0, 0, 0, 0, ...interfaceId];
/** A DHCP message for a client's hardware address; `ports` are those of a client, or of a server. */
export const dhcp = (from: { mac: string; hardware: string }, ports: 'client' | 'server' = 'client') =>
  hex(
    ethernet(from.mac, BROADCAST, 0x0800),
    [0x45, 0, 1, 8, 0, 0, 0, 0, 64, 17, 0, 0],
    ip('0.0.0.0'),
    ip('255.255.255.255'),
    [...(ports === 'client' ? [0, 68, 0, 67] : [0, 67, 0, 68]), 0, 244, 0, 0],
    [
      1,
      1,
      6,
      0,
      ...Array.from({ length: 24 }, () => 0),
      ...mac(from.hardware),
      ...Array.from({ length: 202 }, () => 0),
    ],
  );
