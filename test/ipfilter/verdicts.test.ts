// The evaluator of trace, held to what illumos's own packet engine said (test/fixtures/conformance).
//
// A trace asks about the first packet of a connection, so a case is compared until the first packet that state decides
// about: a rule that keeps state has let one of its flow through, or would have to.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { canBeginState, createFilter } from '../../src/ipfilter/filter.ts';
import { type FilterRule, parseFilterFile } from '../../src/ipfilter/filter-rule.ts';
import { type CasePacket, readCases, toPassing } from '../support/conformance-packet.ts';

interface Case {
  readonly id: string;
  readonly rules: readonly string[];
  readonly packets: readonly CasePacket[];
  readonly verdicts: readonly string[];
}

const test = suite('verdicts');

const flowOf = ({ proto, src, dst, sport = 0, dport = 0 }: CasePacket) =>
  [proto, ...[`${src} ${sport}`, `${dst} ${dport}`].sort()].join(' ');

/** What the engine's words come to. */
function isSame(verdict: string, own: 'pass' | 'block', rule: FilterRule | undefined): boolean {
  if (own === 'pass') return verdict === 'pass' || verdict === 'nomatch';
  return verdict === (rule === undefined || rule.answer === '' ? 'block' : `block ${rule.answer}`);
}

for (const [name, family, least] of [
  ['ipf-verdicts', 'inet', 3000],
  ['ipf6-verdicts', 'inet6', 1000],
] as const) {
  test(`${name}: every packet that no state decides about`, () => {
    const cases = readCases<Case>(name);
    const unjudged = new Map<string, number>();
    let [compared, left, whole] = [0, 0, 0];
    for (const { id, rules, packets, verdicts } of cases) {
      const file = parseFilterFile(rules.join('\n'), family);
      const [fault] = file.unjudged;
      if (fault !== undefined) {
        unjudged.set(fault.why, (unjudged.get(fault.why) ?? 0) + 1);
        continue;
      }
      whole += 1;
      const filter = createFilter(file.rules);
      const kept = new Set<string>();
      for (const [index, packet] of packets.entries()) {
        const passing = toPassing(packet);
        // An error quotes a packet, which may be of a flow that has state.
        const mayHaveState = kept.has(flowOf(packet)) || (kept.size > 0 && 'inner' in packet);
        if (mayHaveState) {
          left += 1;
          continue;
        }
        const { verdict, rule } = filter.decide(passing);
        const keeps = verdict === 'pass' && rule?.keepsState === true;
        if (keeps) {
          kept.add(flowOf(packet));
          // What cannot begin a state, a stray of TCP or an answer of ICMP, is for the engine's states to judge.
          if (!canBeginState(passing)) {
            left += 1;
            continue;
          }
        }
        assert.ok(
          isSame(verdicts[index] ?? '', verdict, rule),
          `${id}, packet ${index} ${JSON.stringify(packet)}: ${verdict} by "${rule?.text}", should be ${verdicts[index]}\n${rules.join('\n')}`,
        );
        compared += 1;
      }
    }
    process.stdout.write(
      `${name}: ${whole} of ${cases.length} cases, ${compared} packets compared, ${left} left to state; not judged: ${JSON.stringify([...unjudged])}\n`,
    );
    assert.ok(compared > least, `${compared}`);
  });
}

test.run();
