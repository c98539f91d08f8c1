// How many packets trace's evaluator judges in a second, beside reading the rules at all.
import type { Address } from '../../src/domain/address.ts';
import { createFilter } from '../../src/ipfilter/filter.ts';
import { parseFilterFile } from '../../src/ipfilter/filter-rule.ts';
import { createNat } from '../../src/ipfilter/nat.ts';
import { parseNatFile } from '../../src/ipfilter/nat-rule.ts';
import type { Passing } from '../../src/ipfilter/packet.ts';

const PACKETS = 200_000;

/** A proxy's rules with so many forwards: two lines of filter and NAT each. */
function rulesWith(forwards: number): { readonly filter: string; readonly nat: string } {
  const to = (number: number) => `10.2.${(number >> 8) + 1}.${number & 255}`;
  const numbers = Array.from({ length: forwards }, (_, number) => number + 1);
  return {
    filter: [
      'block in quick on znic0 from ! 10.2.0.0/16 to any',
      'block in quick on pnic0 from 10.2.0.0/16 to any',
      'block in quick on pnic0 from any to 10.2.0.0/16 with not nat',
      ...numbers.map(
        (number) => `pass in quick on pnic0 proto tcp from any to ${to(number)}/32 port = 80 flags S keep state`,
      ),
      'pass in quick on znic0 proto tcp from 10.2.0.0/16 to any flags S keep state',
      'pass out quick on pnic0 proto tcp from any to any flags S keep state',
      'block in all',
      'block out all',
    ].join('\n'),
    nat: [
      ...numbers.map((number) => `rdr pnic0 203.0.113.5/32 port ${number} -> ${to(number)} port 80 tcp`),
      'map pnic0 10.2.0.0/16 -> 203.0.113.5/32 portmap tcp/udp 10000:29999',
    ].join('\n'),
  };
}

/** What comes in from outside and is led on, and what goes out, by turns. */
function packetsFor(forwards: number): readonly Passing[] {
  const tcp = { protocol: 'tcp', flags: 'S', sourcePort: 40_000 } as const;
  return Array.from({ length: 1000 }, (_, number): Passing => {
    const port = (number % forwards) + 1;
    return number % 2 === 0
      ? {
          ...tcp,
          direction: 'in',
          link: 'pnic0',
          source: '198.51.100.7' as Address,
          target: '203.0.113.5' as Address,
          targetPort: port,
        }
      : {
          ...tcp,
          direction: 'out',
          link: 'pnic0',
          source: '10.2.0.9' as Address,
          target: '198.51.100.7' as Address,
          targetPort: 443,
        };
  });
}

export function benchTrace(print: (text: string) => void): void {
  for (const forwards of [10, 1000, 5000]) {
    const { filter, nat } = rulesWith(forwards);
    const began = performance.now();
    const file = parseFilterFile(filter, 'inet');
    const rules = createFilter(file.rules);
    const translations = createNat(parseNatFile(nat, 'inet').rules, () => undefined);
    const read = performance.now() - began;
    const packets = packetsFor(forwards);
    const start = performance.now();
    for (let count = 0; count < PACKETS; count++) {
      const packet = packets[count % packets.length] as Passing;
      const changed = packet.direction === 'in' ? translations.translate(packet) : undefined;
      const led =
        changed?.address === undefined
          ? packet
          : { ...packet, target: changed.address, targetPort: 80, translated: true };
      rules.decide(led);
      if (packet.direction === 'out') translations.translate(packet);
    }
    const seconds = (performance.now() - start) / 1000;
    const what = `trace: ${file.rules.length} lines of filter, ${forwards + 1} of NAT`.padEnd(58);
    print(
      `${what} read in ${read.toFixed(0).padStart(4)} ms   ${(PACKETS / seconds / 1000).toFixed(0).padStart(6)} thousand packets a second (50 wanted)\n`,
    );
  }
}
