import { readFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createFilterState, evaluate } from './evaluate.ts';
import { loadFilter } from './load.ts';
import type { Packet } from './packet.ts';
import type { Family } from './rule.ts';

interface Case {
  readonly id: string;
  readonly rules: readonly string[];
  readonly packets: readonly Packet[];
  readonly verdicts: readonly string[];
}

const test = suite('ipf verdicts');

for (const [file, family] of [
  ['ipf-verdicts.json', 'ipv4'],
  ['ipf6-verdicts.json', 'ipv6'],
] as const) {
  test(`says to every packet of ${file} what illumos's engine says`, () => {
    const { cases } = JSON.parse(readFileSync(`test/fixtures/conformance/${file}`, 'utf8')) as { cases: Case[] };
    const wrong = cases.flatMap((each) => differences(each, family));
    const packets = cases.reduce((sum, each) => sum + each.packets.length, 0);
    console.log(
      `${file}: ${cases.length - new Set(wrong.map(({ id }) => id)).size} of ${cases.length} cases, ${packets} packets`,
    );
    assert.equal(wrong.slice(0, 5), []);
  });
}

function differences({ id, rules, packets, verdicts }: Case, family: Family) {
  const loaded = loadFilter(`${rules.join('\n')}\n`, family);
  assert.equal([loaded.ending, loaded.warnings], ['done', []], id);
  const state = createFilterState();
  return packets.flatMap((packet, i) => {
    const verdict = evaluate(loaded.set, state, packet);
    return verdict === verdicts[i] ? [] : [{ id, i, packet, verdict, wanted: verdicts[i] }];
  });
}

test.run();
