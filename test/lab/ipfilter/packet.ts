// A packet as the conformance data describes it (test/fixtures/conformance/README.md).

export interface Packet {
  readonly dir: 'in' | 'out';
  readonly if: string;
  /** "tcp", "udp", "icmp", "ipv6-icmp" or a protocol number. */
  readonly proto: string | number;
  readonly src: string;
  readonly dst: string;
  readonly sport?: number;
  readonly dport?: number;
  /** TCP flags, letters of FSRPAU. */
  readonly flags?: string;
  readonly seq?: number;
  readonly ack?: number;
  readonly icmptype?: number;
  readonly icmpcode?: number;
  readonly icmpid?: number;
  readonly icmpseq?: number;
  /** Bytes of payload; missing is 0. */
  readonly len?: number;
  /** The packet quoted in an ICMP error. */
  readonly inner?: Omit<Packet, 'dir' | 'if'>;
  readonly mtu?: number;
  /** The packet before it, now leaving by the other interface. */
  readonly forwarded?: boolean;
}
