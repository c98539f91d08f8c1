// The rendered rules in the filter engine that is held to illumos's own answers (test/fixtures/conformance).
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Nic, ZoneMetadata } from '../../src/domain/metadata.ts';
import { parseLinkName, parseNetworkName } from '../../src/domain/names.ts';
import { parseInterfaceAddress, parsePrefix } from '../../src/domain/prefix.ts';
import { VIEWS } from '../../src/render/views.ts';
import { createFilterState, evaluate } from '../lab/ipfilter/evaluate.ts';
import { loadFilter } from '../lab/ipfilter/load.ts';
import type { NatRule } from '../lab/ipfilter/nat-rule.ts';
import type { Packet } from '../lab/ipfilter/packet.ts';
import { parseNatFile } from '../lab/ipfilter/parse-nat.ts';
import { formatNatRule } from '../lab/ipfilter/print-nat.ts';
import { nic, proxyMetadata } from '../support/metadata.ts';
import { rendererOf } from '../support/rendered.ts';

const test = suite('rendered rules');
const render = await rendererOf();

function rendered(name: string, metadata = proxyMetadata()): string {
  const view = VIEWS[name];
  if (view === undefined) throw new Error(`no view for ${name}`);
  return render(name, view(metadata, {}));
}

/** Two hidden networks behind the proxy of the story. */
function twoNetworks() {
  const { nics, networks } = proxyMetadata();
  const lab = nic({
    link: parseLinkName('znic5'),
    network: parseNetworkName('lab'),
    addresses: [parseInterfaceAddress('10.3.0.1/16')],
    routers: [],
  });
  return proxyMetadata({
    nics: [...nics, lab],
    networks: [...networks, { name: parseNetworkName('lab'), prefixes: [parsePrefix('10.3.0.0/16')] }],
  });
}

/** The story with IPv6: a unique local network behind, a global address outside. */
function dual() {
  const [outside, inside] = proxyMetadata().nics;
  if (outside === undefined || inside === undefined) throw new Error('the story has two');
  const also = (one: Nic, text: string) => ({ ...one, addresses: [...one.addresses, parseInterfaceAddress(text)] });
  return proxyMetadata({ nics: [also(outside, '2001:db8::5/64'), also(inside, 'fd12:3456:789a:1::1/64')] });
}

for (const [what, metadata] of [
  ['the story', proxyMetadata()],
  ['two networks', twoNetworks()],
  ['both families', dual()],
  ['no NICs', proxyMetadata({ nics: [] })],
] as const) {
  for (const [name, family] of [
    ['ipf.conf.hbs', 'ipv4'],
    ['ipf6.conf.hbs', 'ipv6'],
  ] as const) {
    test(`${name} of ${what} is taken whole and without a word`, () => {
      const { ending, warnings, errnos, printed } = loadFilter(rendered(name, metadata), family);
      assert.equal([ending, warnings], ['done', []]);
      assert.ok(errnos.every((errno) => errno === 0));
      const written = rendered(name, metadata).split('\n');
      assert.is(printed.length, written.filter((line) => line !== '' && !line.startsWith('#')).length);
    });
  }

  test(`ipnat.conf of ${what} is taken whole and without a word`, () => {
    const rules: NatRule[] = [];
    const warnings: string[] = [];
    parseNatFile(Buffer.from(rendered('ipnat.conf.hbs', metadata)), {
      rule: (rule) => rules.push(rule),
      warn: (line) => warnings.push(line),
    });
    assert.equal(warnings, []);
    const written = rendered('ipnat.conf.hbs', metadata).split('\n');
    assert.equal(
      rules.map((rule) => formatNatRule(rule)),
      written.filter((line) => line !== '' && !line.startsWith('#')),
    );
  });
}

const web: Omit<Packet, 'dir' | 'if'> = {
  proto: 'tcp',
  src: '10.2.0.7',
  sport: 5000,
  dst: '198.51.100.9',
  dport: 80,
  flags: 'S',
};
const answer: Omit<Packet, 'dir' | 'if'> = {
  proto: 'tcp',
  src: '198.51.100.9',
  sport: 80,
  dst: '10.2.0.7',
  dport: 5000,
  flags: 'SA',
};
const stranger: Packet = {
  dir: 'in',
  if: 'pnic0',
  proto: 'tcp',
  src: '192.0.2.99',
  sport: 6000,
  dst: '10.2.0.2',
  dport: 80,
  flags: 'S',
};
const ping: Omit<Packet, 'dir' | 'if'> = {
  proto: 'icmp',
  src: '10.2.0.7',
  dst: '198.51.100.9',
  icmptype: 8,
  icmpid: 7,
};

/** The table of default-rules.md without its forward; `natted` is what NAT has changed before the filter sees it. */
const TABLE: readonly (readonly [what: string, packet: Packet, verdict: string, natted?: true])[] = [
  ['a member to the world, coming in', { dir: 'in', if: 'znic0', ...web }, 'pass'],
  ['the same, going out', { dir: 'out', if: 'pnic0', ...web }, 'pass'],
  ['its answer, translated back', { dir: 'in', if: 'pnic0', ...answer }, 'pass', true],
  ['its answer to the member', { dir: 'out', if: 'znic0', ...answer }, 'pass'],
  ['a stranger to the proxy', { ...stranger, dst: '203.0.113.5', dport: 22 }, 'block'],
  ['a stranger to an inside address', stranger, 'block'],
  ['a stranger with an inside source', { ...stranger, src: '10.2.0.3', dst: '203.0.113.5' }, 'block'],
  [
    'a spoofed inside source',
    { dir: 'in', if: 'znic0', proto: 'udp', src: '192.168.9.9', sport: 53, dst: '198.51.100.9', dport: 53 },
    'block',
  ],
  [
    'a member asking the proxy for a name',
    { dir: 'in', if: 'znic0', proto: 'udp', src: '10.2.0.7', sport: 5353, dst: '10.2.0.1', dport: 53 },
    'pass',
  ],
  ['a ping of a member, coming in', { dir: 'in', if: 'znic0', ...ping }, 'pass'],
  ['a ping of a member, going out', { dir: 'out', if: 'pnic0', ...ping }, 'pass'],
  ['the proxy itself to the world', { dir: 'out', if: 'pnic0', ...web, src: '203.0.113.5', sport: 40000 }, 'pass'],
  ['the proxy itself to a member', { dir: 'out', if: 'znic0', ...web, src: '10.2.0.1', dst: '10.2.0.7' }, 'pass'],
  ['another protocol', { dir: 'out', if: 'pnic0', proto: 47, src: '10.2.0.7', dst: '198.51.100.9' }, 'block'],
  ['a late stranger that fits no state', { ...stranger, flags: 'A', dst: '203.0.113.5' }, 'block'],
];

test('every packet of default-rules.md gets its verdict', () => {
  const { set } = loadFilter(rendered('ipf.conf.hbs'), 'ipv4');
  const state = createFilterState();
  const verdicts = TABLE.map(([what, packet, , natted]) => [
    what,
    evaluate(set, state, packet, natted ? { natted } : {}),
  ]);
  assert.equal(
    verdicts,
    TABLE.map(([what, , verdict]) => [what, verdict]),
  );
});

test('IPv6 lets neighbours speak and nothing else', () => {
  const { set } = loadFilter(rendered('ipf6.conf.hbs'), 'ipv6');
  const state = createFilterState();
  const between = { src: 'fe80::1', dst: 'fe80::2' };
  const icmp = (dir: 'in' | 'out', link: string, icmptype: number): Packet => ({
    dir,
    if: link,
    proto: 'ipv6-icmp',
    ...between,
    icmptype,
  });
  const verdict = (packet: Packet) => evaluate(set, state, packet);
  assert.equal(
    [135, 136].map((type) => verdict(icmp('in', 'znic0', type))),
    ['pass', 'pass'],
  );
  assert.equal(
    [135, 136].map((type) => verdict(icmp('out', 'pnic0', type))),
    ['pass', 'pass'],
  );
  assert.is(verdict(icmp('in', 'znic0', 134)), 'block');
  assert.is(verdict(icmp('in', 'pnic0', 128)), 'block');
  for (const dir of ['in', 'out'] as const) {
    for (const link of ['pnic0', 'znic0']) {
      const tcp: Packet = {
        dir,
        if: link,
        proto: 'tcp',
        src: 'fd00::2',
        sport: 1,
        dst: '2001:db8::1',
        dport: 80,
        flags: 'S',
      };
      assert.is(verdict(tcp), 'block');
    }
  }
});

/** default-rules.md, ipf6.conf: the table of IPv4 with the addresses of IPv6. */
test('IPv6 of a network behind the proxy: every packet gets the verdict that it has in IPv4', () => {
  const { set } = loadFilter(rendered('ipf6.conf.hbs', dual()), 'ipv6');
  const state = createFilterState();
  const inet6: Readonly<Record<string, string>> = {
    '10.2.0.7': 'fd12:3456:789a:1::7',
    '10.2.0.2': 'fd12:3456:789a:1::2',
    '10.2.0.3': 'fd12:3456:789a:1::3',
    '10.2.0.1': 'fd12:3456:789a:1::1',
    '198.51.100.9': '2001:db8:ffff::9',
    '203.0.113.5': '2001:db8::5',
    '192.0.2.99': '2001:db8:99::1',
    '192.168.9.9': 'fd99::9',
  };
  const of = (address: string) => {
    const found = inet6[address];
    if (found === undefined) throw new Error(`no IPv6 address for ${address}`);
    return found;
  };
  const verdicts = TABLE.map(([what, packet, , natted]) => {
    const icmp = packet.proto === 'icmp' ? { proto: 'ipv6-icmp', icmptype: 128 } : {};
    const { src = '', dst = '' } = packet;
    return [what, evaluate(set, state, { ...packet, ...icmp, src: of(src), dst: of(dst) }, natted ? { natted } : {})];
  });
  assert.equal(
    verdicts,
    TABLE.map(([what, , verdict]) => [what, verdict]),
  );
});

test('a unique local network is translated, and one that is known outside is not', () => {
  const lines = (metadata: ZoneMetadata) =>
    rendered('ipnat.conf.hbs', metadata)
      .split('\n')
      .filter((line) => line.includes('::'));
  const metadata = dual();
  assert.equal(lines(metadata), [
    'map pnic0 fd12:3456:789a:1::/64 -> 2001:db8::5/128 portmap tcp/udp 10000:29999',
    'map pnic0 fd12:3456:789a:1::/64 -> 2001:db8::5/128',
  ]);
  const [outside, inside] = metadata.nics;
  if (outside === undefined || inside === undefined) throw new Error('the story has two');
  const routed = { ...inside, addresses: [parseInterfaceAddress('2001:db8:7::1/64')] };
  assert.equal(lines({ ...metadata, nics: [outside, routed] }), []);
  const unknown = { ...outside, addresses: [], addrconf: true };
  assert.match(lines({ ...metadata, nics: [unknown, inside] })[1] ?? '', / -> 0\/128$/);
});

test.run();
