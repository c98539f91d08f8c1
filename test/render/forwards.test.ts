// Forwards as rules, read by the lab's own parsers and followed by its engine, both held to illumos's answers.
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { familyOf } from '../../src/domain/address.ts';
import { parseRedirect, type Redirect } from '../../src/domain/forward.ts';
import type { Nic, ZoneMetadata } from '../../src/domain/metadata.ts';
import { parseZoneName } from '../../src/domain/names.ts';
import { parseInterfaceAddress } from '../../src/domain/prefix.ts';
import { createFilterState } from '../lab/ipfilter/evaluate.ts';
import { evaluateStack } from '../lab/ipfilter/filter-and-nat.ts';
import { createNatState } from '../lab/ipfilter/nat-evaluate.ts';
import type { NatRule } from '../lab/ipfilter/nat-rule.ts';
import type { Packet } from '../lab/ipfilter/packet.ts';
import { parseNatFile } from '../lab/ipfilter/parse-nat.ts';
import { formatNatRule } from '../lab/ipfilter/print-nat.ts';
import { proxyMetadata } from '../support/metadata.ts';
import { loadRendered, renderedText } from '../support/rendered.ts';

const test = suite('rendered forwards');

/** The proxy of the story in both families, with these redirects to web1. */
function proxy(...redirects: readonly string[]): ZoneMetadata {
  const [outside, inside] = proxyMetadata().nics;
  if (outside === undefined || inside === undefined) throw new Error('the story has two');
  const also = (one: Nic, text: string) => ({ ...one, addresses: [...one.addresses, parseInterfaceAddress(text)] });
  return proxyMetadata({
    nics: [also(outside, '2001:db8::5/64'), also(inside, 'fd12:3456:789a:1::1/64')],
    forwards: [{ zone: parseZoneName('web1'), redirects: redirects.map(parseRedirect) }],
  });
}

const lines = (name: string, metadata: ZoneMetadata, word: RegExp) =>
  renderedText(name, metadata)
    .split('\n')
    .filter((line) => word.test(line));

function natRules(metadata: ZoneMetadata): NatRule[] {
  const rules: NatRule[] = [];
  parseNatFile(Buffer.from(renderedText('ipnat.conf.hbs', metadata)), {
    rule: (rule) => rules.push(rule),
    warn: (line) => assert.unreachable(line),
  });
  return rules;
}

test('rules name the inside and what was translated, redirects the outside', () => {
  const metadata = proxy(
    'tcp 203.0.113.5 443 10.2.0.2 8443',
    'udp 203.0.113.5 53 10.2.0.2 53',
    'tcp 203.0.113.5 8000-8010 10.2.0.2 9000',
    'udp 203.0.113.5 5000-5009 10.2.0.2 =7',
    'tcp 2001:db8::5 443 fd12:3456:789a:1::2 8443',
  );
  assert.equal(lines('ipnat.conf.hbs', metadata, /^rdr/), [
    'rdr pnic0 203.0.113.5/32 port 443 -> 10.2.0.2 port 8443 tcp',
    'rdr pnic0 203.0.113.5/32 port 53 -> 10.2.0.2 port 53 udp',
    'rdr pnic0 203.0.113.5/32 port 8000-8010 -> 10.2.0.2 port 9000 tcp',
    'rdr pnic0 203.0.113.5/32 port 5000-5009 -> 10.2.0.2 port = 7 udp',
    'rdr pnic0 2001:db8::5/128 port 443 -> fd12:3456:789a:1::2 port 8443 tcp',
  ]);
  assert.equal(lines('ipf.conf.hbs', metadata, /with nat/), [
    'pass in quick on pnic0 proto tcp from any to 10.2.0.2/32 port = 8443 flags S with nat keep state',
    'pass in quick on pnic0 proto udp from any to 10.2.0.2/32 port = 53 with nat keep state',
    'pass in quick on pnic0 proto tcp from any to 10.2.0.2/32 port 9000:9010 flags S with nat keep state',
    'pass in quick on pnic0 proto udp from any to 10.2.0.2/32 port = 7 with nat keep state',
  ]);
  assert.equal(lines('ipf6.conf.hbs', metadata, /with nat/), [
    'pass in quick on pnic0 proto tcp from any to fd12:3456:789a:1::2/128 port = 8443 flags S with nat keep state',
  ]);
});

test('two ports outside that lead to one inside have one rule: no rule stands twice', () => {
  const metadata = proxy('tcp 203.0.113.5 80 10.2.0.2 8080', 'tcp 203.0.113.5 81 10.2.0.2 8080');
  assert.is(lines('ipf.conf.hbs', metadata, /with nat/).length, 1);
  assert.is(natRules(metadata).length, 2 + 5);
  loadRendered(metadata, 'ipv4');
});

const stranger: Packet = {
  dir: 'in',
  if: 'pnic0',
  proto: 'tcp',
  src: '192.0.2.44',
  sport: 6000,
  dst: '203.0.113.5',
  dport: 443,
  flags: 'S',
};

/** What becomes of packets, one after the other, in the whole stack of the proxy. */
function follow(metadata: ZoneMetadata, packets: readonly Packet[], family: 'ipv4' | 'ipv6' = 'ipv4'): string[] {
  const { set } = loadRendered(metadata, family);
  const state = {
    nat: createNatState(natRules(metadata)),
    filter: { rules: set, state: createFilterState() },
  };
  return packets.map((packet) => {
    const { verdict, packet: after } = evaluateStack(state, packet);
    if (after === undefined) return verdict;
    const { src, sport, dst, dport } = after;
    return `${verdict} ${src},${sport} ${dst},${dport}`;
  });
}

test('a stranger reaches what is forwarded and its answer goes back; nothing else passes', () => {
  const metadata = proxy('tcp 203.0.113.5 443 10.2.0.2 8443');
  const inside = { src: '192.0.2.44', sport: 6000, dst: '10.2.0.2', dport: 8443 };
  const answer = { ...stranger, src: '10.2.0.2', sport: 8443, dst: '192.0.2.44', dport: 6000, flags: 'SA' };
  assert.equal(
    follow(metadata, [
      stranger,
      { ...stranger, ...inside, dir: 'out', if: 'znic0' },
      { ...answer, if: 'znic0' },
      { ...answer, dir: 'out', if: 'pnic0' },
      { ...stranger, sport: 6001, dport: 8443 },
      { ...stranger, sport: 6002, dport: 22 },
      { ...stranger, sport: 6003, dst: '10.2.0.2', dport: 8443 },
      { ...stranger, sport: 6004, proto: 'udp' },
    ]),
    [
      'pass 192.0.2.44,6000 10.2.0.2,8443',
      'pass 192.0.2.44,6000 10.2.0.2,8443',
      'pass 10.2.0.2,8443 192.0.2.44,6000',
      'pass 203.0.113.5,443 192.0.2.44,6000',
      'block',
      'block',
      'block',
      'block',
    ],
  );
});

test('each port of a range leads to its own', () => {
  const metadata = proxy('tcp 203.0.113.5 8000-8010 10.2.0.2 9000');
  const to = (dport: number) => follow(metadata, [{ ...stranger, dport }]);
  assert.equal(to(8000), ['pass 192.0.2.44,6000 10.2.0.2,9000']);
  assert.equal(to(8010), ['pass 192.0.2.44,6000 10.2.0.2,9010']);
  assert.equal([...to(7999), ...to(8011)], ['block', 'block']);
});

test('IPv6 likewise', () => {
  const metadata = proxy('tcp 2001:db8::5 443 fd12:3456:789a:1::2 8443');
  const from = { ...stranger, src: '2001:db8:9::9', dst: '2001:db8::5' };
  assert.equal(follow(metadata, [from, { ...from, sport: 6001, dst: 'fd12:3456:789a:1::2', dport: 8443 }], 'ipv6'), [
    'pass 2001:db8:9::9,6000 fd12:3456:789a:1::2,8443',
    'block',
  ]);
});

const port = fc.integer({ min: 1, max: 65535 });
const anyRedirect = fc
  .record({ protocol: fc.constantFrom('tcp', 'udp'), six: fc.boolean(), a: port, b: port, to: port, one: fc.boolean() })
  .map(({ protocol, six, a, b, to, one }) => {
    const [first, last] = [Math.min(a, b), Math.max(a, b)];
    const [outside, inside] = six ? ['2001:db8::5', 'fd12:3456:789a:1::2'] : ['203.0.113.5', '10.2.0.2'];
    const start = one ? `=${to}` : `${Math.min(to, 65535 - (last - first))}`;
    return `${protocol} ${outside} ${first}-${last} ${inside} ${start === '0' ? '1' : start}`;
  })
  .filter((redirect) => {
    try {
      return parseRedirect(redirect) !== undefined;
    } catch {
      return false;
    }
  });

test('whatever is forwarded, the checkers take every line, and print the ports that are meant', () => {
  fc.assert(
    fc.property(fc.uniqueArray(anyRedirect, { minLength: 1, maxLength: 6 }), (redirects) => {
      const metadata = proxy(...redirects);
      loadRendered(metadata, 'ipv4');
      loadRendered(metadata, 'ipv6');
      const printed = natRules(metadata).map((rule) => formatNatRule(rule));
      assert.equal(printed, lines('ipnat.conf.hbs', metadata, /^(rdr|map)/));
      const wanted = redirects.map(parseRedirect).filter((one: Redirect) => familyOf(one.to) === 'inet').length;
      assert.is(printed.filter((line) => /^rdr \S+ 203/.test(line)).length, wanted);
    }),
    { numRuns: 60 },
  );
});

test.run();
