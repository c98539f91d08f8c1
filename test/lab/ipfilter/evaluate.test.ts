// What the conformance data does not ask: skip and count.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createFilterState, evaluate } from './evaluate.ts';
import { loadFilter } from './load.ts';
import type { Packet } from './packet.ts';
import { listOf } from './rule-set.ts';

const test = suite('ipf evaluator');

const PACKET: Packet = {
  dir: 'in',
  if: 'pnic0',
  proto: 'udp',
  src: '192.0.2.1',
  sport: 53,
  dst: '192.0.2.2',
  dport: 53,
};

/** The verdict on the packet, and the hits of the rules that decide and of those that count. */
function judge(rules: readonly string[]) {
  const { set, ending } = loadFilter(`${rules.join('\n')}\n`, 'ipv4');
  assert.is(ending, 'done');
  const verdict = evaluate(set, createFilterState(), PACKET);
  const hits = (kind: 'filter' | 'count') => listOf(set, 'ipv4', 'in', kind).rules.map((rule) => rule.hits);
  return { verdict, filter: hits('filter'), count: hits('count') };
}

test('skip passes over as many rules as it says', () => {
  assert.equal(judge(['skip 1 in all', 'block in quick all', 'pass in all']), {
    verdict: 'pass',
    filter: [1, 0, 1],
    count: [],
  });
  assert.equal(judge(['skip 9 in all', 'block in all']), { verdict: 'nomatch', filter: [1, 0], count: [] });
  assert.equal(judge(['skip 1 in proto tcp all', 'block in all']), { verdict: 'block', filter: [0, 1], count: [] });
});

test('rules that count have a list of their own: skip does not count them, quick does not keep packets from them', () => {
  assert.equal(judge(['skip 1 in all', 'count in all', 'block in quick all', 'pass in quick all', 'count in all']), {
    verdict: 'pass',
    filter: [1, 0, 1],
    count: [1],
  });
  assert.equal(judge(['pass in quick all', 'count in proto udp all', 'block in all']), {
    verdict: 'pass',
    filter: [1, 0],
    count: [1],
  });
});

test('without a match a packet passes', () => {
  assert.equal(judge(['block in proto tcp all']), { verdict: 'nomatch', filter: [0], count: [] });
});

test.run();
