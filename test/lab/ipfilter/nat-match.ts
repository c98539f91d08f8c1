// Which rules a packet may fit, and in which order the engine asks them (§7.4).
import { NotModelled } from '../daemon/call.ts';
import { type Flow, hasPorts, isQuery, TCP } from './nat-flow.ts';
import {
  andWords,
  countBits6,
  type NatRule,
  type Net,
  type PortTest,
  prefixLength4,
  prefixMask,
  sameWords,
  type Words,
} from './nat-rule.ts';
import { ruleBucket } from './nat-table.ts';
import { formatNatRule } from './print-nat.ts';

/** A rule in the kernel, with what moves: the next port and address to give away. */
export interface LoadedNat {
  readonly rule: NatRule;
  nextPort: number;
  nextAddress: Words;
}

export interface RuleTable {
  add(loaded: LoadedNat): void;
  /** Puts a rule behind those it competes with: round-robin. */
  moveBack(loaded: LoadedNat): void;
  /** Rules to ask about an address, in order; some come again. */
  candidates(version: 4 | 6, address: Words): Generator<LoadedNat>;
}

/**
 * Rules lie in buckets by their network's address, in the order of loading. The packet's address is cut to each length of mask in use,
 * longest first, and the rules of that bucket are asked. So a longer mask goes first, but among rules for networks that begin with the
 * same address the order of loading decides, whatever their lengths.
 */
export function createRuleTable(net: (rule: NatRule) => Net): RuleTable {
  const buckets = new Map<number, LoadedNat[]>();
  const lengths = { 4: new Set<number>(), 6: new Set<number>() };

  function bucketOf({ version }: NatRule, { address, mask }: Net): LoadedNat[] {
    return bucketAt(ruleBucket(version, andWords(address, mask)));
  }

  function bucketAt(place: number): LoadedNat[] {
    const known = buckets.get(place);
    if (known !== undefined) return known;
    const made: LoadedNat[] = [];
    buckets.set(place, made);
    return made;
  }

  function add(loaded: LoadedNat): void {
    const { rule } = loaded;
    const { mask } = net(rule);
    const length = rule.version === 4 ? prefixLength4(mask[0]) : countBits6(mask);
    // A mask with gaps is found only by chance.
    if (length !== undefined) lengths[rule.version].add(length);
    bucketOf(rule, net(rule)).push(loaded);
  }

  return {
    add,
    moveBack(loaded) {
      const bucket = bucketOf(loaded.rule, net(loaded.rule));
      bucket.splice(bucket.indexOf(loaded), 1);
      bucket.push(loaded);
    },
    *candidates(version, address) {
      const passes = version === 4 ? passes4(lengths[4]) : passes6(lengths[6]);
      for (const length of passes) {
        const mask = prefixMask(version, length);
        if (mask !== undefined) yield* [...bucketAt(ruleBucket(version, andWords(address, mask)))];
      }
    },
  };
}

const descending = (lengths: Iterable<number>) => [...lengths].sort((a, b) => b - a);

const passes4 = (lengths: ReadonlySet<number>) => [32, ...descending(lengths).filter((length) => length < 32)];

/** Going on to the next 32 bits, the engine also asks with exactly the bits before them. */
function passes6(lengths: ReadonlySet<number>): number[] {
  const used = descending(lengths).filter((length) => length < 128);
  const words = [96, 64, 32, 0].map((first) => used.filter((length) => length >= first && length < first + 32));
  return [128, ...words.flatMap((word, i) => (i > 0 && word.length > 0 ? [128 - i * 32, ...word] : word))];
}

/** Whether a rule fits a packet on an interface. */
export function fits(rule: NatRule, flow: Flow, direction: 'in' | 'out', onInterface: string): boolean {
  const out = direction === 'out';
  const name = rule.interfaces[out ? 1 : 0];
  if (!['', '*', '-'].includes(name) && name !== onInterface) return false;
  if (rule.version !== flow.version || (rule.protocol !== 0 && rule.protocol !== flow.protocol)) return false;
  if ((rule.flags.has('tcp') || rule.flags.has('udp')) && !fitsTransport(rule, flow)) return false;
  if (!(rule.flags.has('conditions') ? fitsConditions(rule, flow, out) : fitsPlain(rule, flow, out))) return false;
  if (rule.proxy !== '') throw new NotModelled(`proxy in the NAT rule "${formatNatRule(rule)}"`);
  return true;
}

const fitsTransport = (rule: NatRule, flow: Flow) =>
  hasPorts(flow) && rule.flags.has(flow.protocol === TCP ? 'tcp' : 'udp');

const within = (address: Words, net: Net) => sameWords(andWords(address, net.mask), net.address);

function fitsPlain(rule: NatRule, flow: Flow, out: boolean): boolean {
  if (out) return within(flow.source, rule.inner);
  if (!within(flow.destination, rule.outer)) return false;
  if (rule.low === 0) return true;
  const port = hasPorts(flow) ? flow.destinationPort : isQuery(flow) ? flow.icmpId : 0;
  return port >= rule.low && port <= rule.high;
}

function fitsConditions(rule: NatRule, flow: Flow, out: boolean): boolean {
  const [source, destination] = out ? [rule.inner, rule.other] : [rule.other, rule.outer];
  // A map forgets a "!" before from, a rdr one before to, a bimap both.
  const notSource = rule.kind === 'rdr' && rule.flags.has('not-source');
  const notDestination = rule.kind === 'map' && rule.flags.has('not-destination');
  if (within(flow.source, source) === notSource) return false;
  if (within(flow.destination, destination) === notDestination) return false;
  if (!hasPorts(flow)) return rule.source.compare === undefined && rule.destination.compare === undefined;
  return fitsPort(rule.source, flow.sourcePort) && fitsPort(rule.destination, flow.destinationPort);
}

function fitsPort({ compare, low, high }: PortTest, port: number): boolean {
  if (compare === undefined) return true;
  switch (compare) {
    case '=':
      return port === low;
    case '!=':
      return port !== low;
    case '<':
      return port < low;
    case '>':
      return port > low;
    case '<=':
      return port <= low;
    case '>=':
      return port >= low;
    case '><':
      return port > low && port < high;
    case '<>':
      return port < low || port > high;
  }
}
