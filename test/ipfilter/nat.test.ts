// NAT as trace judges it, held to what illumos's own engine made of packets (test/fixtures/conformance).
//
// A trace asks about the first packet of a connection, so those are compared that belong to none of the packets before.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Address } from '../../src/domain/address.ts';
import { createNat } from '../../src/ipfilter/nat.ts';
import { parseNatFile } from '../../src/ipfilter/nat-rule.ts';
import { type CasePacket, readCases, toPassing } from '../support/conformance-packet.ts';

interface Ends {
  readonly src: string;
  readonly dst: string;
  readonly sport?: number;
  readonly dport?: number;
  readonly icmpid?: number;
}

interface Step extends CasePacket, Ends {
  readonly forwarded?: true;
  readonly verdict: string;
  readonly after?: Ends;
}

interface Case {
  readonly id: string;
  readonly ifaddresses: Readonly<Record<string, string>>;
  readonly nat: readonly string[];
  readonly steps: readonly Step[];
}

const test = suite('NAT');

const flowOf = (proto: unknown, { src, dst, sport, dport, icmpid = 0 }: Ends) =>
  [proto, ...[`${src} ${sport ?? icmpid}`, `${dst} ${dport ?? icmpid}`].sort()].join(' ');

for (const [name, family, least] of [
  ['nat', 'inet', 800],
  ['nat66', 'inet6', 200],
] as const) {
  test(`${name}: the first packet of every connection, at every hook`, () => {
    const unjudged = new Map<string, number>();
    const cases = readCases<Case>(name);
    let [compared, left, whole] = [0, 0, 0];
    for (const { id, ifaddresses, nat, steps } of cases) {
      const file = parseNatFile(nat.join('\n'), family);
      const [fault] = file.unjudged;
      if (fault !== undefined) {
        unjudged.set(fault.why, (unjudged.get(fault.why) ?? 0) + 1);
        continue;
      }
      whole += 1;
      const rules = createNat(file.rules, (link) => ifaddresses[link] as Address | undefined);
      const known = new Set<string>();
      const taken = new Map<string, number>();
      let firstHalf = false;
      for (const [index, step] of steps.entries()) {
        const flow = flowOf(step.proto, step);
        const isNew: boolean = step.forwarded === true ? firstHalf : !known.has(flow) && !('inner' in step);
        if (step.forwarded !== true) firstHalf = isNew;
        known.add(flow);
        if (step.after !== undefined) known.add(flowOf(step.proto, { ...step, ...step.after }));
        if (!isNew || step.after === undefined) {
          left += 1;
          continue;
        }
        const found = rules.translate(toPassing(step));
        const range = found?.ports;
        const size = range === undefined ? 0 : range.last - range.first + 1;
        const used = taken.get(found?.rule.text ?? '') ?? 0;
        if (step.dir === 'out' && range !== undefined) {
          // A range that is used up is passed over, which depends on the connections there are.
          if (used >= size / 2) {
            left += 1;
            continue;
          }
          taken.set(found?.rule.text ?? '', used + 1);
        }
        const where = `${id}, step ${index} ${JSON.stringify(step)}: ${found?.rule.text}\n${nat.join('\n')}`;
        const changed = step.dir === 'out' ? 'src' : 'dst';
        assert.is(found?.address ?? step[changed], step.after[changed], where);
        const port = step.dir === 'out' ? (step.after.sport ?? step.after.icmpid) : step.after.dport;
        const had = step.dir === 'out' ? (step.sport ?? step.icmpid) : step.dport;
        const { first, last } = found?.ports ?? { first: had ?? 0, last: had ?? 0 };
        if (port !== undefined) assert.ok(port >= first && port <= last, where);
        compared += 1;
      }
    }
    process.stdout.write(
      `${name}: ${whole} of ${cases.length} cases, ${compared} packets compared, ${left} of connections begun; not judged: ${JSON.stringify([...unjudged])}\n`,
    );
    assert.ok(compared > least, `${compared}`);
  });
}

test.run();
