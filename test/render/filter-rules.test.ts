// Rules of operators as lines of ipf, read by the lab's own parser and tried in its engine, both held to illumos's answers.
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { ZoneMetadata } from '../../src/domain/metadata.ts';
import { parseResolvedRule } from '../../src/domain/resolved-rule.ts';
import { createFilterState, evaluate } from '../lab/ipfilter/evaluate.ts';
import type { Packet } from '../lab/ipfilter/packet.ts';
import { memberMetadata, proxyMetadata } from '../support/metadata.ts';
import { type FilterFamily, loadRendered, renderedFilter } from '../support/rendered.ts';

const test = suite('rendered rules of operators');
const proxy = (...rules: readonly string[]) => proxyMetadata({ rules: rules.map(parseResolvedRule) });
const lines = (metadata: ZoneMetadata, family: FilterFamily) => renderedFilter(metadata, family).split('\n');

/** The lines that the rules add to what is there without them. */
function added(family: FilterFamily, ...rules: readonly string[]): string[] {
  const without = lines(proxy(), family);
  return lines(proxy(...rules), family).filter((line) => !without.includes(line));
}

const follow = (metadata: ZoneMetadata, packets: readonly Packet[]) => {
  const { set } = loadRendered(metadata, 'ipv4');
  const state = createFilterState();
  return packets.map((packet) => evaluate(set, state, packet));
};

test('each kind of rule is the lines that are meant', () => {
  for (const [rule, inet, inet6] of [
    [
      'allow in tcp from any to 203.0.113.5/32 port 22 note the office',
      ['# the office', 'pass in quick proto tcp from any to 203.0.113.5/32 port = 22 flags S keep state'],
      [],
    ],
    [
      'allow in log from 10.2.0.2/32,fd00:1::2/128 to any',
      [
        'pass in log first quick proto tcp from 10.2.0.2/32 to any flags S keep state',
        'pass in log first quick proto udp from 10.2.0.2/32 to any keep state',
        'pass in log first quick proto icmp from 10.2.0.2/32 to any keep state',
      ],
      [
        'pass in log first quick proto tcp from fd00:1::2/128 to any flags S keep state',
        'pass in log first quick proto udp from fd00:1::2/128 to any keep state',
        'pass in log first quick proto ipv6-icmp from fd00:1::2/128 to any keep state',
      ],
    ],
    ['block out log from any to any', ['block out log quick from any to any'], ['block out log quick from any to any']],
    [
      'reject in tcp/udp from any to any port 25-26',
      [
        'block return-rst in quick proto tcp from any to any port 25:26',
        'block return-icmp-as-dest(port-unr) in quick proto udp from any to any port 25:26',
      ],
      [
        'block return-rst in quick proto tcp from any to any port 25:26',
        'block in quick proto udp from any to any port 25:26',
      ],
    ],
    ['block in icmp from none to any', [], []],
    ['block in 47 from 192.0.2.0/24 to any', ['block in quick proto 47 from 192.0.2.0/24 to any'], []],
  ] as const) {
    assert.equal(added('ipv4', rule), inet, rule);
    assert.equal(added('ipv6', rule), inet6, rule);
    loadRendered(proxy(rule), 'ipv4');
    loadRendered(proxy(rule), 'ipv6');
  }
});

test('a line that stands already is left out: the kernel refuses it twice', () => {
  const rules = [
    'block in tcp from 10.2.0.2/32,10.2.0.3/32 to any port 25',
    'block in tcp from 10.2.0.3/32 to any port 25 note twice',
  ];
  assert.is(added('ipv4', ...rules).length, 2);
  loadRendered(proxy(...rules), 'ipv4');
});

const ask: Packet = {
  dir: 'in',
  if: 'pnic0',
  proto: 'tcp',
  src: '192.0.2.44',
  sport: 6000,
  dst: '203.0.113.5',
  dport: 22,
  flags: 'S',
};
const out: Packet = { ...ask, if: 'znic0', src: '10.2.0.2', dst: '192.0.2.44', dport: 25 };

test('the first rule that matches decides, and answers to what is allowed go back', () => {
  const metadata = proxy(
    'block in tcp from 192.0.2.45/32 to any port 22',
    'allow in tcp from 192.0.2.0/24 to 203.0.113.5/32 port 22',
    'block in tcp from 10.2.0.2/32 to any port 25',
  );
  const answer = {
    ...ask,
    dir: 'out',
    src: '203.0.113.5',
    sport: 22,
    dst: '192.0.2.44',
    dport: 6000,
    flags: 'SA',
  } as const;
  assert.equal(follow(metadata, [ask, answer]), ['pass', 'pass']);
  assert.equal(follow(metadata, [{ ...ask, src: '192.0.2.45' }]), ['block']);
  assert.equal(follow(metadata, [{ ...ask, src: '198.51.100.1' }]), ['block']);
  assert.equal(follow(metadata, [out, { ...out, dport: 80 }]), ['block', 'pass']);
  assert.equal(follow(proxy(), [ask, out]), ['block', 'pass']);
});

test('who lies about being inside is not let in by a rule, and path MTU comes through one that blocks ICMP', () => {
  const all = proxy('allow in from any to any', 'block in icmp from any to any');
  assert.equal(follow(all, [{ ...ask, src: '10.2.0.2' }]), ['block']);
  const metadata = proxy('block in icmp from any to any');
  const error: Packet = {
    dir: 'in',
    if: 'pnic0',
    proto: 'icmp',
    src: '192.0.2.1',
    dst: '10.2.0.2',
    icmptype: 3,
    icmpcode: 4,
    mtu: 1400,
    inner: { proto: 'tcp', src: '10.2.0.2', sport: 6000, dst: '192.0.2.44', dport: 80 },
  };
  const { set } = loadRendered(metadata, 'ipv4');
  const state = createFilterState();
  assert.is(evaluate(set, state, { ...out, dport: 80 }), 'pass');
  assert.is(evaluate(set, state, { ...out, dport: 80, dir: 'out', if: 'pnic0' }), 'pass');
  // NAT has led it to the inside before the filter sees it.
  assert.is(evaluate(set, state, error, { natted: true }), 'pass');
  const ping = { ...error, icmptype: 8, icmpcode: 0 };
  assert.is(evaluate(set, state, ping, { natted: true }), 'block');
});

test('a member is open but for its rules, and a rule that says what is usual is no second line', () => {
  const member = memberMetadata({
    rules: ['allow out from any to any', 'block in tcp from 10.2.0.3/32 to 10.2.0.2/32 port 8080'].map(
      parseResolvedRule,
    ),
  });
  loadRendered(member, 'ipv6');
  const link = memberMetadata().nics[0]?.link ?? '';
  const from = (src: string, dport: number): Packet => ({ ...ask, if: link, src, dst: '10.2.0.2', dport });
  assert.equal(follow(member, [from('10.2.0.3', 8080)]), ['block']);
  assert.equal(follow(member, [from('10.2.0.3', 80), from('10.2.0.4', 8080)]), ['pass', 'pass']);
  const closed = memberMetadata({ rules: ['block in from any to any'].map(parseResolvedRule) });
  const mine: Packet = { ...ask, dir: 'out', if: link, src: '10.2.0.2', dst: '192.0.2.44', dport: 80 };
  const answer: Packet = { ...ask, if: link, src: '192.0.2.44', sport: 80, dst: '10.2.0.2', dport: 6000, flags: 'SA' };
  assert.equal(follow(closed, [mine, answer]), ['pass', 'pass']);
  assert.equal(follow(closed, [answer]), ['block']);
});

const word = fc.constantFrom('any', '10.2.0.2/32,fd00:1::2/128', '192.0.2.0/24', '2001:db8::/32', 'none');
const note = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 60 }).filter((one) => {
  try {
    return parseResolvedRule(`block in from any to any note ${one}`).note === one;
  } catch {
    return false;
  }
});
const anyRule = fc
  .record({
    action: fc.constantFrom('allow', 'block', 'reject'),
    direction: fc.constantFrom('in', 'out'),
    log: fc.boolean(),
    protocol: fc.constantFrom('', 'tcp ', 'udp ', 'tcp/udp ', 'icmp ', '47 '),
    from: word,
    to: word,
    port: fc.integer({ min: 1, max: 65535 }),
    note,
  })
  .map(({ action, direction, log, protocol, from, to, port, note: text }) => {
    const way = action === 'reject' ? 'in' : direction;
    const ports = protocol.includes('p ') && !protocol.includes('icmp') ? ` port ${port}` : '';
    return `${action} ${way} ${log ? 'log ' : ''}${protocol}from ${from} to ${to}${ports} note ${text}`;
  });

test('whatever the rules and notes, the checker takes every line, none of a note is a rule, and none is lost', () => {
  fc.assert(
    fc.property(fc.array(anyRule, { minLength: 1, maxLength: 6 }), (rules) => {
      for (const family of ['ipv4', 'ipv6'] as const) {
        const { printed } = loadRendered(proxy(...rules), family);
        const without = loadRendered(proxy(), family).printed.length;
        loadRendered(memberMetadata({ rules: rules.map(parseResolvedRule) }), family);
        const lines = added(family, ...rules).filter((line) => !line.startsWith('#'));
        assert.is(printed.length, without + lines.length);
      }
    }),
    { numRuns: 100 },
  );
});

test.run();
