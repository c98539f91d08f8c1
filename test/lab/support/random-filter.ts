// Random rule sets and packets from a seed, for holding the translation to the evaluator.
import type { Packet } from '../ipfilter/packet.ts';
import type { Family } from '../ipfilter/rule.ts';

export interface Random {
  /** A whole number below the bound. */
  below(bound: number): number;
  pick<T>(list: readonly T[]): T;
  chance(part: number): boolean;
}

/** A small generator (mulberry32): the same seed gives the same numbers everywhere. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 0x100000000;
  };
  const below = (bound: number) => Math.floor(next() * bound);
  return {
    below,
    pick(list) {
      const item = list[below(list.length)];
      if (item === undefined) throw new Error('nothing to pick from');
      return item;
    },
    chance: (part) => next() < part,
  };
}

const LINKS = ['pnic0', 'znic0', 'pnic1'];
const HOSTS: Readonly<Record<Family, { readonly inside: readonly string[]; readonly outside: readonly string[] }>> = {
  ipv4: { inside: ['10.2.0.2', '10.2.0.3', '10.2.0.7'], outside: ['198.51.100.9', '198.51.100.77', '203.0.113.77'] },
  ipv6: {
    inside: ['fd00:1::2', 'fd00:1::3', 'fd00:1::7'],
    outside: ['2001:db8:f::9', '2001:db8:f::77', '2001:db8:a::44'],
  },
};
const NETS: Readonly<Record<Family, readonly string[]>> = {
  ipv4: [
    'any',
    'any',
    '10.2.0.0/24',
    '10.2.0.2/32',
    '!10.2.0.0/24',
    '198.51.100.8/29',
    '198.51.100.0 mask 255.0.255.0',
    '!any',
    '0/1',
  ],
  ipv6: [
    'any',
    'any',
    'fd00:1::/64',
    'fd00:1::2/128',
    '!fd00:1::/64',
    '2001:db8:f::/48',
    'fd00:1::5/64',
    '!fd00:1::5/64',
    '8000::/1',
  ],
};
const PORTS = [22, 53, 80, 443, 2000, 2003, 8443];
const COMPARISONS = [
  '= 22',
  '= 80',
  '!= 53',
  '< 80',
  '> 443',
  '<= 80',
  '>= 2000',
  '2000:2005',
  '20 >< 443',
  '80 <> 2000',
  '90:80',
  '9 >< 10',
];
const FLAGS = ['S', 'S/SA', 'A/A', 'SA', '/S', 'S/SX', 'F/F'];

/** Rules with groups, skips, counts and states; heads come before their members. */
export function randomRules(random: Random, family: Family): string[] {
  const rules = [
    random.pick(['block in all', 'pass in all', 'block out all', 'count in all', 'log in all', 'count out all']),
  ];
  const heads: string[] = [];
  const count = 4 + random.below(12);
  for (let i = 0; i < count; i += 1) {
    const direction = random.pick(['in', 'in', 'out']);
    const members = heads.filter((head) => head.startsWith(direction));
    const group = members.length > 0 && random.chance(0.5) ? random.pick(members) : undefined;
    rules.push(randomRule(random, family, direction, group, heads));
  }
  return [...new Set(rules)];
}

function randomRule(
  random: Random,
  family: Family,
  direction: string,
  group: string | undefined,
  heads: string[],
): string {
  const action = random.pick([
    'block',
    'block',
    'pass',
    'pass',
    'pass',
    group === undefined ? 'count' : 'block',
    `skip ${random.below(4)}`,
    'log',
  ]);
  const decides = action === 'block' || action === 'pass';
  const words = [action, direction];
  if (decides && random.chance(0.15)) words.push('log');
  if (action !== 'log' && !action.startsWith('skip') && random.chance(0.4)) words.push('quick');
  if (random.chance(0.6)) words.push(`on ${random.pick(LINKS)}`);
  words.push(conditions(random, family));
  if (action === 'pass' && random.chance(0.4)) words.push('keep state');
  if (decides && random.chance(0.25)) {
    const head = `${direction}${heads.length}`;
    heads.push(head);
    words.push(`head ${head}`);
  }
  if (group !== undefined) words.push(`group ${group}`);
  return words.join(' ');
}

function conditions(random: Random, family: Family): string {
  if (random.chance(0.15)) return 'all';
  const icmp = family === 'ipv4' ? 'icmp' : 'ipv6-icmp';
  const protocol = random.pick(['tcp', 'tcp', 'udp', 'tcp/udp', icmp, 'gre', '', '']);
  const words = protocol === '' ? [] : [`proto ${protocol}`];
  const port = () =>
    protocol !== icmp && protocol !== 'gre' && random.chance(0.3) ? [`port ${random.pick(COMPARISONS)}`] : [];
  words.push('from', random.pick(NETS[family]), ...port(), 'to', random.pick(NETS[family]), ...port());
  if (protocol === 'tcp' && random.chance(0.4)) words.push(`flags ${random.pick(FLAGS)}`);
  if ((protocol === icmp && random.chance(0.5)) || random.chance(0.05)) {
    words.push(`icmp-type ${random.pick(family === 'ipv4' ? [8, 0, 3, 11, 13] : [128, 129, 1, 3])}`);
    if (random.chance(0.3)) words.push(`code ${random.pick([0, 1, 3])}`);
  }
  return words.join(' ');
}

export interface FlowPacket {
  readonly flow: number;
  readonly packet: Packet;
}

/**
 * Flows and strays, interleaved. Strays that conntrack does not know (SYN with ACK, FIN, RST, an answer to nothing) stand alone: what
 * the engine makes of a flow that begins so, the kernel cannot (lab.md part 9).
 */
export function randomPackets(random: Random, family: Family): FlowPacket[] {
  const all = Array.from({ length: 5 }, (_, i) => randomFlow(random, family, 1024 + i * 64 + random.below(60)));
  const flows = all.filter((flow, i) => !all.slice(0, i).some((other) => isOneToLinux(flow, other)));
  const packets: FlowPacket[] = [];
  while (flows.some((flow) => flow.length > 0)) {
    const flow = random.below(flows.length);
    const packet = flows[flow]?.shift();
    if (packet !== undefined) packets.push({ flow, packet });
  }
  return packets;
}

/**
 * Whether two flows differ by their link alone: ipf binds a state to the links it has seen, conntrack does not. Flows with
 * ports never do, by theirs.
 */
function isOneToLinux([one]: readonly Packet[], [other]: readonly Packet[]): boolean {
  if (one === undefined || other === undefined || one.if === other.if) return false;
  const tuple = ({ dir, proto, src, dst, sport, dport, icmpid }: Packet) =>
    [dir, proto, src, dst, sport, dport, icmpid].join(' ');
  return tuple(one) === tuple(other);
}

function randomFlow(random: Random, family: Family, id: number): Packet[] {
  const { inside, outside } = HOSTS[family];
  const [src, dst] = random.chance(0.5)
    ? [random.pick(inside), random.pick(outside)]
    : [random.pick(outside), random.pick(inside)];
  const link = random.pick(LINKS);
  const dir = random.pick(['in', 'out'] as const);
  const there = { dir, if: link, src, dst };
  const back = { dir: dir === 'in' ? ('out' as const) : ('in' as const), if: link, src: dst, dst: src };
  switch (random.below(6)) {
    case 0:
      return udpFlow(random, family, there, back, id);
    case 1:
      return pingFlow(random, family, there, back, id);
    case 2:
      return [stray(random, family, there, id)];
    case 3:
      return [{ ...there, proto: random.pick([47, 50, 89]), len: 16 }];
    default:
      return tcpFlow(random, there, back, id);
  }
}

type Ends = Pick<Packet, 'dir' | 'if' | 'src' | 'dst'>;

function udpFlow(random: Random, family: Family, there: Ends, back: Ends, sport: number): Packet[] {
  const dport = random.pick(PORTS);
  const first: Packet = { ...there, proto: 'udp', sport, dport, len: random.below(20) };
  const answer: Packet = { ...back, proto: 'udp', sport: dport, dport: sport };
  const unreachable =
    family === 'ipv4' ? { proto: 'icmp', icmptype: 3, icmpcode: 3 } : { proto: 'ipv6-icmp', icmptype: 1, icmpcode: 4 };
  const { dir: _, if: __, ...inner } = first;
  return random.chance(0.3)
    ? [first, { ...back, ...unreachable, inner }]
    : [first, answer, first].slice(0, 1 + random.below(3));
}

function pingFlow(random: Random, family: Family, there: Ends, back: Ends, icmpid: number): Packet[] {
  const [proto, echo, reply] = family === 'ipv4' ? ['icmp', 8, 0] : ['ipv6-icmp', 128, 129];
  const ask: Packet = { ...there, proto: String(proto), icmptype: Number(echo), icmpcode: 0, icmpid, icmpseq: 1 };
  const answer: Packet = { ...back, proto: String(proto), icmptype: Number(reply), icmpcode: 0, icmpid, icmpseq: 1 };
  return random.chance(0.7) ? [ask, answer] : [ask];
}

function stray(random: Random, family: Family, there: Ends, sport: number): Packet {
  if (random.chance(0.3)) {
    const icmp = family === 'ipv4' ? { proto: 'icmp', icmptype: 0 } : { proto: 'ipv6-icmp', icmptype: 129 };
    return { ...there, ...icmp, icmpcode: 0, icmpid: sport, icmpseq: 1 };
  }
  return {
    ...there,
    proto: 'tcp',
    sport,
    dport: random.pick(PORTS),
    flags: random.pick(['SA', 'FA', 'R', 'A', 'PA']),
    seq: 1000,
    ack: 2000,
  };
}

function tcpFlow(random: Random, there: Ends, back: Ends, sport: number): Packet[] {
  const dport = random.pick(PORTS);
  const [a, b] = [random.below(2 ** 31), random.below(2 ** 31)];
  const to = (flags: string, seq: number, ack: number, len = 0): Packet => ({
    ...there,
    proto: 'tcp',
    sport,
    dport,
    flags,
    seq,
    ack,
    len,
  });
  const from = (flags: string, seq: number, ack: number, len = 0): Packet => ({
    ...back,
    proto: 'tcp',
    sport: dport,
    dport: sport,
    flags,
    seq,
    ack,
    len,
  });
  const whole = [
    to('S', a, 0),
    from('SA', b, a + 1),
    to('A', a + 1, b + 1),
    to('PA', a + 1, b + 1, 20),
    from('PA', b + 1, a + 21, 30),
    to('FA', a + 21, b + 31),
  ];
  return whole.slice(0, 1 + random.below(whole.length));
}
