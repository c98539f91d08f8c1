// Packets of test/fixtures/conformance, as the product's evaluator is given them.
import { readFileSync } from 'node:fs';
import type { Address } from '../../src/domain/address.ts';
import type { Passing } from '../../src/ipfilter/packet.ts';

export interface CasePacket {
  readonly dir: 'in' | 'out';
  readonly if: string;
  readonly proto: Passing['protocol'];
  readonly src: string;
  readonly dst: string;
  readonly sport?: number;
  readonly dport?: number;
  readonly flags?: string;
  readonly icmptype?: number;
  readonly icmpcode?: number;
}

export function toPassing(packet: CasePacket): Passing {
  const { sport, dport, flags, icmptype, icmpcode } = packet;
  return {
    direction: packet.dir,
    link: packet.if,
    protocol: packet.proto,
    source: packet.src as Address,
    target: packet.dst as Address,
    ...(sport === undefined ? {} : { sourcePort: sport }),
    ...(dport === undefined ? {} : { targetPort: dport }),
    ...(packet.proto === 'tcp' ? { flags: flags ?? '' } : {}),
    ...(icmptype === undefined ? {} : { icmpType: icmptype, icmpCode: icmpcode ?? 0 }),
  };
}

/** The cases of a file. */
export function readCases<C>(name: string): readonly C[] {
  return (
    JSON.parse(readFileSync(`test/fixtures/conformance/${name}.json`, 'utf8')) as { readonly cases: readonly C[] }
  ).cases;
}
