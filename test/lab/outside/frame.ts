// Reads captured Ethernet frames as far as a test asks: who sent what to whom.

/** What a frame on the wire says of itself. Addresses as text; ports only for TCP and UDP. */
export interface Frame {
  readonly sourceMac: string;
  readonly targetMac: string;
  /** "ipv4", "ipv6", "arp", or the Ethernet type in hex. */
  readonly kind: string;
  readonly source?: string;
  readonly target?: string;
  /** IP protocol number. */
  readonly protocol?: number;
  readonly sourcePort?: number;
  readonly targetPort?: number;
}

const mac = (bytes: Buffer) => [...bytes].map((byte) => byte.toString(16)).join(':');
const ipv4 = (bytes: Buffer) => bytes.join('.');
const ipv6 = (bytes: Buffer) =>
  (bytes.toString('hex').match(/.{4}/g) ?? []).map((group) => group.replace(/^0{1,3}/, '')).join(':');

/** Decodes one frame given in hex. */
export function readFrame(hex: string): Frame {
  const bytes = Buffer.from(hex, 'hex');
  const type = bytes.readUInt16BE(12);
  const body = bytes.subarray(14);
  const ends = { targetMac: mac(bytes.subarray(0, 6)), sourceMac: mac(bytes.subarray(6, 12)) };
  switch (type) {
    case 0x0800: {
      const header = (body.readUInt8(0) & 15) * 4;
      const protocol = body.readUInt8(9);
      const addresses = { source: ipv4(body.subarray(12, 16)), target: ipv4(body.subarray(16, 20)) };
      return { ...ends, kind: 'ipv4', ...addresses, protocol, ...portsOf(protocol, body.subarray(header)) };
    }
    case 0x86dd: {
      const protocol = body.readUInt8(6);
      const addresses = { source: ipv6(body.subarray(8, 24)), target: ipv6(body.subarray(24, 40)) };
      return { ...ends, kind: 'ipv6', ...addresses, protocol, ...portsOf(protocol, body.subarray(40)) };
    }
    case 0x0806:
      return { ...ends, kind: 'arp', source: ipv4(body.subarray(14, 18)), target: ipv4(body.subarray(24, 28)) };
    default:
      return { ...ends, kind: type.toString(16).padStart(4, '0') };
  }
}

function portsOf(protocol: number, body: Buffer): Pick<Frame, 'sourcePort' | 'targetPort'> {
  const hasPorts = (protocol === 6 || protocol === 17) && body.length >= 4;
  return hasPorts ? { sourcePort: body.readUInt16BE(0), targetPort: body.readUInt16BE(2) } : {};
}
