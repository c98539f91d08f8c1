import { type Address, addressFromValue, addressValue, familyOf } from '../domain/address.ts';
import type { NatRule } from './nat-rule.ts';
import { numberOf, type Passing } from './packet.ts';
import { inRange } from './words.ts';

/** What NAT makes of the first packet of a connection. */
export interface Translation {
  readonly rule: NatRule;
  /** The source it gets going out, the target it gets coming in. Undefined: the address of the link, which is not known. */
  readonly address: Address | undefined;
  /** The port; of a map the range it is taken from. Missing: the port stays. */
  readonly ports?: { readonly first: number; readonly last: number };
}

export interface Nat {
  /** Undefined: it is not translated. */
  translate(packet: Passing): Translation | undefined;
}

/**
 * Makes rules ready. The engine looks for a rule by the address under each mask there is, the longest first; rules whose
 * networks begin with the same address are found together, and then their order in the file decides (nat.json).
 */
export function createNat(rules: readonly NatRule[], addressOf: (link: string) => Address | undefined): Nat {
  const out = createFinder(rules.filter(({ kind }) => kind === 'map'));
  const into = createFinder(rules.filter(({ kind }) => kind === 'rdr'));
  return {
    translate(packet) {
      const family = familyOf(packet.source);
      const give = (rule: NatRule, value: bigint | undefined): Translation => {
        const address = value === undefined ? addressOf(rule.link) : addressFromValue(value, family);
        const ports = portsOf(rule, packet);
        return { rule, address, ...(ports === undefined ? {} : { ports }) };
      };
      if (packet.direction === 'out') {
        const rule = out(addressValue(packet.source), packet);
        return rule === undefined ? undefined : give(rule, rule.to);
      }
      const target = addressValue(packet.target);
      const rule = into(target, packet);
      return rule === undefined ? undefined : give(rule, rule.to);
    },
  };
}

function createFinder(rules: readonly NatRule[]) {
  const masks = [...new Map(rules.map(({ of }) => [of.length, of.mask])).entries()]
    .sort(([a], [b]) => b - a)
    .map(([, mask]) => mask);
  const begins = new Map<bigint, NatRule[]>();
  for (const rule of rules) {
    const known = begins.get(rule.of.value);
    if (known === undefined) begins.set(rule.of.value, [rule]);
    else known.push(rule);
  }
  const byBegin = new Map([...begins].map(([begin, found]) => [begin, createPortFinder(found)]));
  return (address: bigint, packet: Passing): NatRule | undefined => {
    for (const mask of masks) {
      const candidates = byBegin.get(address & mask)?.(packet.targetPort) ?? [];
      const found = candidates.find((rule) => inRange(address, rule.of) && fits(rule, packet));
      if (found !== undefined) return found;
    }
    return undefined;
  };
}

/** Ports that a rule is kept by, one each. */
const FEW = 16;

/** Of rules that are about few ports each, those of the packet's port, with all others, in the order of the file. */
function createPortFinder(rules: readonly NatRule[]): (port: number | undefined) => readonly NatRule[] {
  const isNarrow = ({ ports }: NatRule) => ports !== undefined && ports.last - ports.first < FEW;
  const wide = rules.filter((rule) => !isNarrow(rule));
  const places = new Map<number, NatRule[]>();
  for (const { ports } of rules.filter(isNarrow)) {
    for (let port = ports?.first ?? 0; port <= (ports?.last ?? -1); port++) places.set(port, []);
  }
  const wideOnly = places.size === 0;
  if (wideOnly) return () => wide;
  for (const rule of rules) {
    if (!isNarrow(rule)) for (const list of places.values()) list.push(rule);
    else for (let port = rule.ports?.first ?? 0; port <= (rule.ports?.last ?? -1); port++) places.get(port)?.push(rule);
  }
  return (port) => places.get(port ?? -1) ?? wide;
}

function fits({ link, protocols, ports, toPorts }: NatRule, packet: Passing): boolean {
  if (link !== packet.link) return false;
  const number = numberOf(packet);
  if (protocols !== undefined && !protocols.includes(number)) return false;
  // Ids are mapped of questions only.
  const isIcmp = number === 1 || number === 58;
  if (isIcmp && toPorts !== undefined && packet.icmpType !== 8 && packet.icmpType !== 128) return false;
  if (ports === undefined) return true;
  const port = packet.targetPort ?? -1;
  return port >= ports.first && port <= ports.last;
}

function portsOf({ kind, ports, toPorts }: NatRule, packet: Passing): Translation['ports'] {
  // Ids of ICMP stay as they are, also with icmpidmap (ipfilter.md, 3).
  if (toPorts === undefined || packet.sourcePort === undefined) return undefined;
  if (kind !== 'rdr') return { first: toPorts.first, last: toPorts.last };
  const offset = toPorts.one || ports === undefined ? 0 : (packet.targetPort ?? ports.first) - ports.first;
  return { first: toPorts.first + offset, last: toPorts.first + offset };
}
