// The translation to nftables, judged by the evaluator with real packets (lab.md parts 9 and 22).
import { readFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { NotModelled } from '../daemon/call.ts';
import { type LabHandle, startLab } from '../lab.ts';
import { evaluateStack } from './filter-and-nat.ts';
import { formatAddress } from './format-address.ts';
import { createNatState } from './nat-evaluate.ts';
import { type NatInterface, natScript } from './nat-nft.ts';
import type { NatRule } from './nat-rule.ts';
import { type Connection, parseConnections } from './nat-sessions.ts';
import type { Packet } from './packet.ts';
import { parseNatFile } from './parse-nat.ts';
import { addressBytes, rawPacket } from './raw-packet.ts';

interface Context {
  lab: LabHandle;
}

const test = suite<Context>('NAT in the kernel');

const INTERFACES: readonly NatInterface[] = [
  { name: 'pnic0', device: 'pnic0', ipv4: '203.0.113.5' },
  { name: 'znic0', device: 'znic0', ipv4: '10.2.0.1' },
];
const LOCAL = ['203.0.113.5', '10.2.0.1', '127.0.0.1', '2001:db8::1', '::1'];

/** The global zone between two networks that take everything. */
const WIRES = `
ip netns add inside; ip netns add outside
ip link add pnic0 type veth peer name out0 netns outside
ip link add znic0 type veth peer name in0 netns inside
for name in ipv4/ip_forward ipv6/conf/all/forwarding ipv4/conf/all/route_localnet; do echo 1 > /proc/sys/net/$name; done
for set in pif4 pif6; do nft add element inet pif $set '{ "pnic0", "znic0" }'; done
ip addr add 203.0.113.5/24 dev pnic0; ip addr add 10.2.0.1/24 dev znic0
ip addr add 2001:db8::1/64 dev pnic0 nodad; ip addr add fd00:1::1/64 dev znic0 nodad
ip link set pnic0 up; ip link set znic0 up
ip route add 10.0.0.0/8 dev znic0; ip route add default dev pnic0
ip -6 route add fd00::/16 dev znic0; ip -6 route add default dev pnic0
mac() { ip -j link show "$1" | sed 's/.*"address":"\\([^"]*\\)".*/\\1/'; }
ip -n outside link set out0 up; ip -n inside link set in0 up
ip -n outside addr add 192.0.2.250/32 dev out0; ip -n inside addr add 10.2.0.250/32 dev in0
ip -n outside addr add 2001:db8:ffff::1/128 dev out0 nodad; ip -n inside addr add fd00:ffff::1/128 dev in0 nodad
for pair in outside:out0:pnic0:203.0.113.5:2001:db8::1 inside:in0:znic0:10.2.0.1:fd00:1::1; do
  IFS=: read -r ns far near four six <<< "$pair"
  ip -n $ns neigh replace $four lladdr $(mac $near) dev $far; ip -n $ns neigh replace $six lladdr $(mac $near) dev $far
  ip -n $ns route add default via $four dev $far onlink; ip -n $ns -6 route add default via $six dev $far onlink
done
`;

/** One line a packet: family, destination and packet in hexadecimal. */
const SEND = `socket(A,2,3,255) && socket(B,10,3,255) or die $!; while (<STDIN>) { my ($v, $d, $p) = split; my $to = $v == 4
? pack("S n a4 x8", 2, 0, pack("H*", $d)) : pack("S n N a16 N", 10, 0, 0, pack("H*", $d), 0);
send($v == 4 ? *A : *B, pack("H*", $p), 0, $to) or die "$!: $_"; }`;

/** Everything out of the connection table (lab.md part 10). */
const FORGET = `socket(S,16,3,12) or die $!; send(S, pack("LSSLLCCn",20,258,5,1,0,0,0,0), 0) or die $!; recv(S, my $a, 999, 0);`;

test.before(async (context) => {
  context.lab = await startLab();
  await context.lab.mustRun(['bash', '-ec', WIRES], { netns: 'z0' });
});

test.after(async ({ lab }) => {
  await lab.stop();
});

/** Small and repeatable: the same sequence in every run. */
function createRandom(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
}

interface Flow {
  /** Where it is sent from, and where it goes in. */
  readonly from: 'inside' | 'outside';
  readonly packet: Packet;
}

const HOSTS = {
  4: {
    inside: ['10.2.0.2', '10.2.0.3', '10.2.0.4', '10.2.0.7', '10.2.0.130', '10.3.0.5', '192.168.1.1'],
    outside: ['198.51.100.9', '192.0.2.44', '198.18.0.1'],
    own: ['203.0.113.5', '203.0.113.6', '203.0.113.9', '203.0.113.12', '10.2.0.2'],
    icmp: 'icmp',
    echo: 8,
  },
  6: {
    inside: ['fd00:1::2', 'fd00:1::3', 'fd00:1::7', 'fd00:1:0:2::5', 'fd00:2::5'],
    outside: ['2001:db8:f::9', '2001:db8:a::44'],
    own: ['2001:db8::1', '2001:db8::9', '2001:db8::7', 'fd00:1::2'],
    icmp: 'ipv6-icmp',
    echo: 128,
  },
} as const;
const PORTS = [22, 25, 53, 80, 443, 8000, 8003, 8010, 8443, 9000];

/** `first`: source ports and ids begin there, so that no set of rules meets what is left of the one before. */
function randomFlows(version: 4 | 6, count: number, first: number, random: (limit: number) => number): Flow[] {
  const { inside, outside, own, icmp, echo } = HOSTS[version];
  const one = <T>(of: readonly [T, ...T[]] | readonly T[]): T => {
    const found = of[random(of.length)];
    if (found === undefined) throw new Error('nothing to choose from');
    return found;
  };
  return Array.from({ length: count }, (_, i): Flow => {
    const from = random(2) === 0 ? 'inside' : 'outside';
    const src = one<string>(from === 'inside' ? inside : outside);
    const dst = one<string>(from === 'inside' ? outside : own);
    const base = { dir: 'in', if: from === 'inside' ? 'znic0' : 'pnic0', src, dst } as const;
    const kind = random(8);
    if (kind === 0)
      return { from, packet: { ...base, proto: icmp, icmptype: echo, icmpcode: 0, icmpid: first + i, icmpseq: 1 } };
    const ports = { sport: first + i, dport: one(PORTS) };
    if (kind < 5) return { from, packet: { ...base, proto: 'tcp', flags: 'S', seq: 1000, ...ports } };
    return { from, packet: { ...base, proto: 'udp', ...ports } };
  });
}

interface Seen {
  readonly src: string;
  readonly dst: string;
  readonly sport: number;
  readonly dport: number;
}

/** What the evaluator makes of a packet that comes in and, unless it is for the router, goes out. Undefined: blocked. */
function expected(state: ReturnType<typeof createNatState>, packet: Packet): Seen | undefined {
  const { packet: inner } = evaluateStack({ nat: state }, packet);
  if (inner === undefined) return undefined;
  const toInside = inner.dst.startsWith('10.') || inner.dst.startsWith('fd00:');
  const leaving = { ...inner, dir: 'out', if: toInside ? 'znic0' : 'pnic0' } as const;
  const out = LOCAL.includes(inner.dst) ? inner : evaluateStack({ nat: state }, leaving).packet;
  if (out === undefined) return undefined;
  return { src: out.src, dst: out.dst, sport: out.sport ?? 0, dport: out.dport ?? 0 };
}

function seenOf(connections: readonly Connection[], packet: Packet): Seen | undefined {
  const found = connections.find(({ version, forth, icmp }) => {
    const here = formatAddress(version, forth.from) === packet.src && formatAddress(version, forth.to) === packet.dst;
    if (packet.icmpid !== undefined) return here && icmp?.id === packet.icmpid;
    return here && forth.fromPort === packet.sport && forth.toPort === packet.dport;
  });
  if (found === undefined) return undefined;
  const { version, back } = found;
  const text = (address: typeof back.from) => formatAddress(version, address);
  return { src: text(back.to), dst: text(back.from), sport: back.toPort, dport: back.fromPort };
}

/** Linux picks another port than illumos: both have to be of one range, or one host's share (lab.md part 19). */
function samePick(rules: readonly NatRule[], a: number, b: number): boolean {
  return rules.some((rule) => {
    const { low, high, portsPerHost: share } = rule;
    if (low === 0 || rule.kind === 'rdr') return false;
    if (rule.flags.has('auto') && share > 0) return Math.floor((a - 1024) / share) === Math.floor((b - 1024) / share);
    return a >= low && a <= high && b >= low && b <= high;
  });
}

const same = (rules: readonly NatRule[], a: Seen, b: Seen) =>
  a.src === b.src &&
  a.dst === b.dst &&
  a.dport === b.dport &&
  (a.sport === b.sport || samePick(rules, a.sport, b.sport));

async function send(lab: LabHandle, netns: 'inside' | 'outside', flows: readonly Flow[]): Promise<void> {
  const lines = flows
    .filter(({ from }) => from === netns)
    .map(({ packet }) => {
      const target = addressBytes(packet.dst).toString('hex');
      return `${packet.dst.includes(':') ? 6 : 4} ${target} ${rawPacket(packet).toString('hex')}\n`;
    });
  await lab.mustRun(['perl', '-e', SEND], { netns, stdin: lines.join('') });
}

function natRules(texts: readonly string[]): NatRule[] {
  const rules: NatRule[] = [];
  const file = Buffer.from(texts.map((text) => `${text}\n`).join(''));
  parseNatFile(file, { rule: (rule) => rules.push(rule), warn: () => undefined });
  return rules;
}

/** Every so manieth set of rules. */
const SAMPLE = 7;
const FLOWS = 24;

for (const [file, version] of [
  ['nat.json', 4],
  ['nat66.json', 6],
] as const) {
  test(`translates as the evaluator says, rule sets of ${file}`, async ({ lab }) => {
    const { cases } = JSON.parse(readFileSync(`test/fixtures/conformance/${file}`, 'utf8')) as {
      cases: { id: string; nat: string[] }[];
    };
    const counts = { sets: 0, refused: 0, packets: 0, blocked: 0, otherPort: 0 };
    const wrong: string[] = [];
    for (const { id, nat } of cases.filter((_, i) => i % SAMPLE === 0)) {
      const rules = natRules(nat);
      const random = createRandom(counts.sets + 1);
      let script: string;
      try {
        script = natScript(rules, INTERFACES);
      } catch (error) {
        if (!(error instanceof NotModelled)) throw error;
        counts.refused += 1;
        continue;
      }
      counts.sets += 1;
      await lab.mustRun(['bash', '-ec', `nft -f -; perl -e '${FORGET}'`], { netns: 'z0', stdin: script });
      const flows = randomFlows(version, FLOWS, 2000 + counts.sets * FLOWS, random);
      const state = createNatState(rules, {
        addresses: { ipv4: { pnic0: '203.0.113.5', znic0: '10.2.0.1' } },
        random: (limit) => random(limit),
      });
      const inOrder = [
        ...flows.filter(({ from }) => from === 'inside'),
        ...flows.filter(({ from }) => from === 'outside'),
      ];
      await send(lab, 'inside', flows);
      await send(lab, 'outside', flows);
      const table = parseConnections(await lab.mustRun(['cat', '/proc/net/nf_conntrack'], { netns: 'z0' }));
      for (const { packet } of inOrder) {
        const want = expected(state, packet);
        if (want === undefined) {
          counts.blocked += 1;
          continue;
        }
        counts.packets += 1;
        const have = seenOf(table, packet);
        // A reset from a closed port of the router ends the entry at once.
        if (have === undefined && packet.proto === 'tcp' && LOCAL.includes(want.dst)) continue;
        // A range that illumos finds full leaves the packet to the next rule; Linux looks for another port (lab.md part 19).
        if (have !== undefined && want.sport === packet.sport && same(rules, have, { ...want, sport: have.sport })) {
          if (have.sport !== want.sport) counts.otherPort += 1;
          continue;
        }
        if (have === undefined || !same(rules, have, want)) {
          wrong.push(`${id} ${JSON.stringify([nat, packet, want, have])}`);
        }
      }
    }
    console.log(`${file} in the kernel: ${JSON.stringify(counts)}, ${wrong.length} differ`);
    assert.equal(wrong, []);
    assert.ok(counts.otherPort * 100 < counts.packets);
  });
}

test.run();
