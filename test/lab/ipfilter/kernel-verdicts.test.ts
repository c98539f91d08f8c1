// The conformance data of the filter, sent as real packets through the kernel: pass or not, packet by packet. What cannot be is
// counted and named.
import { readFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type FilterHost, startFilterHost } from '../support/filter-host.ts';
import { createFilterState, evaluate, passes, type Verdict } from './evaluate.ts';
import { filterScript } from './filter-nft.ts';
import { loadFilter } from './load.ts';
import type { Packet } from './packet.ts';
import type { Family } from './rule.ts';

interface Case {
  readonly id: string;
  readonly kind: string;
  readonly rules: readonly string[];
  readonly packets: readonly Packet[];
  readonly verdicts: readonly Verdict[];
}

type Outcome = 'as illumos' | 'state that conntrack does not begin' | 'cache of the packet before' | 'wrong';

const test = suite<{ host: FilterHost }>('conformance through the kernel');

test.before(async (context) => {
  context.host = await startFilterHost();
});

test.after(({ host }) => {
  host.stop();
});

for (const [file, family] of [
  ['ipf-verdicts.json', 'ipv4'],
  ['ipf6-verdicts.json', 'ipv6'],
] as const) {
  test(`lets through and stops the packets of ${file} as illumos's engine does`, async ({ host }) => {
    const { cases } = JSON.parse(readFileSync(`test/fixtures/conformance/${file}`, 'utf8')) as { cases: Case[] };
    const outcomes = new Map<Outcome, string[]>();
    let generation = 0;
    for (const each of cases) {
      generation += 1;
      const outcome = await replay(host, each, family, generation);
      outcomes.set(outcome, [...(outcomes.get(outcome) ?? []), each.id]);
    }
    for (const [outcome, ids] of outcomes)
      console.log(`${file} by real packets: ${ids.length} of ${cases.length} ${outcome}`);
    assert.equal(outcomes.get('wrong') ?? [], []);
    assert.ok((outcomes.get('as illumos')?.length ?? 0) >= cases.length * 0.9);
  });
}

async function replay(
  host: FilterHost,
  { kind, rules, packets, verdicts }: Case,
  family: Family,
  generation: number,
): Promise<Outcome> {
  const { set } = loadFilter(`${rules.join('\n')}\n`, family);
  await host.load(filterScript(set, family, { device: (name) => name, generation }).text);
  const seen = await host.send(packets, kind.startsWith('gateway'));
  const right = packets.every((packet, i) => {
    // A forwarded packet is the one before it, on its way out.
    const through = packet.dir === 'in' ? seen.in.has(i) : seen.out.has(packet.forwarded === true ? i - 1 : i);
    return through === passes(verdicts[i] ?? 'nomatch');
  });
  return right ? 'as illumos' : reason(rules, packets, verdicts, family);
}

/** Why the kernel may differ: the two things that lab.md part 9 and 19 say Linux cannot show. */
function reason(
  rules: readonly string[],
  packets: readonly Packet[],
  verdicts: readonly Verdict[],
  family: Family,
): Outcome {
  const { set } = loadFilter(`${rules.join('\n')}\n`, family);
  const state = createFilterState();
  let begins = false;
  let differs = false;
  packets.forEach((packet, i) => {
    const before = state.entries.length;
    const verdict = evaluate(set, state, packet, { cached: false });
    differs ||= passes(verdict) !== passes(verdicts[i] ?? 'nomatch');
    begins ||= state.entries.length > before && !beginsConnection(packet);
  });
  if (differs) return 'cache of the packet before';
  return begins ? 'state that conntrack does not begin' : 'wrong';
}

/** conntrack calls these invalid when they come first: SYN with ACK, FIN, RST, and answers to no question. */
function beginsConnection({ proto, flags = '', icmptype }: Packet): boolean {
  if (proto === 'tcp') return !/[FR]/.test(flags) && !(flags.includes('S') && flags.includes('A'));
  if (proto === 'icmp') return [8, 13, 15, 17].includes(icmptype ?? 0);
  return proto !== 'ipv6-icmp' || icmptype === 128;
}

test.run();
