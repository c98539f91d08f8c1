import { readFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createFilterState } from './evaluate.ts';
import { evaluateStack, type StackState } from './filter-and-nat.ts';
import { loadFilter } from './load.ts';
import { createNatState } from './nat-evaluate.ts';
import type { NatRule } from './nat-rule.ts';
import type { Packet } from './packet.ts';
import { parseNatFile } from './parse-nat.ts';

const test = suite('NAT evaluator');

interface After {
  readonly src: string;
  readonly dst: string;
  readonly sport?: number;
  readonly dport?: number;
  readonly icmpid?: number;
  readonly inner?: Omit<After, 'inner'>;
}

type Step = Packet & {
  readonly verdict: string;
  readonly after?: After;
  readonly sportRange?: readonly [number, number];
};

interface Case {
  readonly id: string;
  readonly kind: string;
  readonly ifaddresses: Readonly<Record<string, string>>;
  readonly nat: readonly string[];
  readonly rules: readonly string[] | null;
  readonly steps: readonly Step[];
}

const lines = (texts: readonly string[]) => texts.map((text) => `${text}\n`).join('');

function natRules(texts: readonly string[]): NatRule[] {
  const rules: NatRule[] = [];
  parseNatFile(Buffer.from(lines(texts)), { rule: (rule) => rules.push(rule), warn: () => undefined });
  return rules;
}

/** The engine's random picks are taken from the data: a choice below the limit is all that is known of them. */
function stackOf({ nat, rules, ifaddresses, steps }: Case, current: () => Step | undefined): StackState {
  const loaded = natRules(nat);
  const random = (limit: number) => {
    const low = loaded.find((rule) => rule.high - rule.low + 1 === limit)?.low ?? 0;
    const pick = (current()?.after?.sport ?? -1) - low;
    assert.ok(pick >= 0 && pick < limit, `${pick} of ${limit}`);
    return pick;
  };
  const state = createNatState(loaded, { addresses: { ipv4: ifaddresses }, random });
  if (rules === null) return { nat: state };
  const family = steps[0]?.src.includes(':') ? 'ipv6' : 'ipv4';
  return { nat: state, filter: { rules: loadFilter(lines(rules), family).set, state: createFilterState() } };
}

const pick = ({ src, dst, sport, dport, icmpid, inner }: After): After => ({
  src,
  dst,
  ...(sport === undefined ? {} : { sport }),
  ...(dport === undefined ? {} : { dport }),
  ...(icmpid === undefined ? {} : { icmpid }),
  ...(inner === undefined ? {} : { inner: pick(inner) }),
});

/** The first step that differs, told; undefined when none does. */
function difference(one: Case): string | undefined {
  let current: Step | undefined;
  const stack = stackOf(one, () => current);
  for (const [i, step] of one.steps.entries()) {
    current = step;
    const { verdict, packet } = evaluateStack(stack, step);
    const have = packet === undefined ? 'nothing' : JSON.stringify(pick(packet));
    const want = step.after === undefined ? 'nothing' : JSON.stringify(pick(step.after));
    if (verdict !== step.verdict || have !== want) return `step ${i} ${JSON.stringify(step)}: ${verdict} ${have}`;
  }
  return undefined;
}

for (const file of ['nat.json', 'with-nat.json', 'nat66.json']) {
  test(`answers ${file} as illumos's engine does`, () => {
    const { cases }: { cases: readonly Case[] } = JSON.parse(readFileSync(`test/fixtures/conformance/${file}`, 'utf8'));
    const wrong = cases.flatMap((one) => {
      const told = difference(one);
      return told === undefined ? [] : [`${one.id} ${JSON.stringify([one.nat, one.rules])}: ${told}`];
    });
    const steps = cases.reduce((sum, one) => sum + one.steps.length, 0);
    console.log(
      `${file}: ${cases.length - wrong.length} of ${cases.length} cases (${steps} packets), ${wrong.length} not`,
    );
    assert.equal(wrong, []);
  });
}

test.run();
