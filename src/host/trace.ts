import { type Address, FAMILY_NAMES, familyOf } from '../domain/address.ts';
import { OperatorError } from '../domain/errors.ts';
import { proxiesOf } from '../domain/forward-way.ts';
import type { RenderedFile } from '../domain/managed-file.ts';
import type { ZoneName } from '../domain/names.ts';
import { addressesOf, hasAddress, hasFamily } from '../domain/nic.ts';
import { networkOf, prefixContains } from '../domain/prefix.ts';
import { ownsAddress, proxyOf, type ZoneNic, type ZoneRecord } from '../domain/zone-record.ts';
import { canBeginState, createFilter, type Filter } from '../ipfilter/filter.ts';
import { parseFilterFile } from '../ipfilter/filter-rule.ts';
import { createNat, type Nat } from '../ipfilter/nat.ts';
import { parseNatFile } from '../ipfilter/nat-rule.ts';
import type { Packet, Passing } from '../ipfilter/packet.ts';
import { FILTER_FILES } from '../plan/filter.ts';
import { type Way, wayTowards } from '../plan/way.ts';

/** What is asked: the first packet of a connection, and where it begins. */
export interface Question {
  readonly packet: Packet;
  /** The zone that sends it. Undefined: it comes from outside. */
  readonly from?: ZoneName;
}

/** One thing that happens to the packet on its way. */
export interface Hop {
  readonly zone: ZoneName;
  readonly direction: 'in' | 'out';
  readonly link: string;
  /** pass, block; or map, rdr: it is translated. */
  readonly what: 'pass' | 'block' | 'map' | 'rdr';
  /** "ipf.conf:14"; empty: no line decides. */
  readonly where: string;
  /** The line itself, or why there is none. */
  readonly why: string;
  /** Addresses and ports behind it. */
  readonly packet: Packet;
}

export interface Trace {
  readonly hops: readonly Hop[];
  /** Where it ends: "zone web1", "outside, by e1000g0", or nowhere. */
  readonly end: string;
  readonly arrives: boolean;
  /** Lines of rules that are not judged, of zones on its way: with them it might go otherwise. */
  readonly unjudged: readonly string[];
}

/** The rules of one zone, made ready. */
interface Rules {
  readonly hasFilter: boolean;
  readonly filter: Filter;
  readonly nat: Nat;
}

/** A way has an end; what goes around for ever is a bug. */
const MOST_ZONES = 32;

/**
 * Follows a packet through zones, by the rules that are rendered for them. Pure; `filesOf` gives the files of a zone, none
 * where it has no filter.
 *
 * @throws {OperatorError} NOT_FOUND where it cannot begin
 */
export async function traceWay(
  { packet, from }: Question,
  zones: readonly ZoneRecord[],
  filesOf: (zone: ZoneRecord) => Promise<readonly RenderedFile[]>,
): Promise<Trace> {
  const family = familyOf(packet.target);
  const hops: Hop[] = [];
  const unjudged = new Set<string>();
  const living = zones.filter(({ state }) => state !== 'deleting');

  /** Who has an address on a link of a network; without a network, on one that leads outside. */
  const holderOf = (address: Address, network: string | undefined, but?: ZoneRecord) =>
    living.find((zone) => zone !== but && zone.nics.some((nic) => nic.network === network && hasAddress(nic, address)));

  async function readRules(zone: ZoneRecord): Promise<Rules> {
    const files = new Map((await filesOf(zone)).map(({ file, content }) => [file.path, content]));
    const filter = parseFilterFile(files.get(FILTER_FILES[family]) ?? '', family);
    const nat = parseNatFile(files.get(FILTER_FILES.nat) ?? '', family);
    for (const [path, lines] of [
      [FILTER_FILES[family], filter.unjudged],
      [FILTER_FILES.nat, nat.unjudged],
    ] as const) {
      for (const { line, text, why } of lines)
        unjudged.add(`zone ${zone.name}, ${baseOf(path)}:${line}: ${text}: ${why}`);
    }
    const addressOf = (link: string) => {
      const nic = zone.nics.find((one) => one.link === link);
      return nic === undefined ? undefined : addressesOf(nic, family)[0]?.address;
    };
    return {
      hasFilter: filter.rules.length > 0,
      filter: createFilter(filter.rules),
      nat: createNat(nat.rules, addressOf),
    };
  }

  /** Asks the filter of a zone, and says what comes of it: "kept" where a state lets it out again. */
  function filterAt(zone: ZoneRecord, { filter, hasFilter }: Rules, passing: Passing): 'block' | 'pass' | 'kept' {
    const { verdict, rule } = filter.decide(passing);
    const blocked = verdict === 'block' || (rule?.keepsState === true && !canBeginState(passing));
    const why = hasFilter ? 'no line is about it' : 'it has no filter';
    hops.push({
      zone: zone.name,
      direction: passing.direction,
      link: passing.link,
      what: blocked ? 'block' : 'pass',
      where: rule === undefined ? '' : `${baseOf(FILTER_FILES[family])}:${rule.line}`,
      why: rule?.text ?? why,
      packet: passing,
    });
    return blocked ? 'block' : rule?.keepsState === true ? 'kept' : 'pass';
  }

  function translateAt(zone: ZoneRecord, { nat }: Rules, passing: Passing): Passing {
    const found = nat.translate(passing);
    if (found === undefined) return passing;
    const { rule, address, ports } = found;
    const port =
      ports === undefined
        ? {}
        : passing.direction === 'out'
          ? { sourcePort: ports.first }
          : { targetPort: ports.first };
    const end = address === undefined ? {} : passing.direction === 'out' ? { source: address } : { target: address };
    const after: Passing = { ...passing, ...end, ...port, translated: passing.direction === 'in' };
    const where = `${baseOf(FILTER_FILES.nat)}:${rule.line}`;
    hops.push({
      zone: zone.name,
      direction: passing.direction,
      link: passing.link,
      what: rule.kind,
      where,
      why: rule.text,
      packet: after,
    });
    return after;
  }

  const blocked = (): Trace => ({ hops, end: 'it is blocked', arrives: false, unjudged: [...unjudged] });
  const ends = (end: string, arrives: boolean): Trace => ({ hops, end, arrives, unjudged: [...unjudged] });

  /** A packet that a zone has, of its own or to be passed on, goes out by one of its links. */
  async function leave(
    zone: ZoneRecord,
    rules: Rules,
    packet: Packet,
    { hasState, depth }: { readonly hasState: boolean; readonly depth: number },
  ): Promise<Trace> {
    // What a zone says to itself passes no filter: set intercept_loopback is off.
    if (ownsAddress(zone, packet.target)) return ends(`zone ${zone.name}`, true);
    const way = wayTowards(zone, packet.target);
    if (way === undefined) return ends(`nowhere: zone ${zone.name} has no way to ${packet.target}`, false);
    const { link } = way.nic;
    const passing: Passing = { ...packet, direction: 'out', link };
    if (hasState) {
      hops.push({
        zone: zone.name,
        direction: 'out',
        link,
        what: 'pass',
        where: '',
        why: 'by the state of its way in',
        packet,
      });
    } else if (filterAt(zone, rules, passing) === 'block') return blocked();
    const after = translateAt(zone, rules, passing);
    return await cross(zone, way, after, depth);
  }

  /** From a link to the next zone, or outside. */
  async function cross(zone: ZoneRecord, { nic, via }: Way, packet: Packet, depth: number): Promise<Trace> {
    if (depth > MOST_ZONES) return ends('nowhere: it goes around', false);
    const { network } = nic;
    const hop = via === 'learnt' ? undefined : (via ?? packet.target);
    const other = hop === undefined ? undefined : holderOf(hop, network, zone);
    if (network === undefined) {
      if (other !== undefined) return await enter(other, packet, depth + 1, { hop });
      const hidden = living.find((one) => ownsAddress(one, packet.target));
      return hidden === undefined
        ? ends(`outside, by ${nic.over}`, true)
        : ends(`it leaves by ${nic.over}, where zone ${hidden.name} is not`, false);
    }
    const next = hop === undefined ? proxyOf(network, living) : other;
    if (next === undefined)
      return ends(`nowhere: nobody on network ${network} ${hop === undefined ? 'is its router' : `has ${hop}`}`, false);
    return await enter(next, packet, depth + 1, { network });
  }

  async function enter(
    zone: ZoneRecord,
    packet: Packet,
    depth: number,
    { network, hop = packet.target }: { readonly network?: string; readonly hop?: Address | undefined } = {},
  ): Promise<Trace> {
    const nic = zone.nics.find((link) =>
      network === undefined ? link.network === undefined && hasAddress(link, hop) : link.network === network,
    );
    const link = nic ?? zone.nics.find((one) => one.side === 'outside');
    if (link === undefined) return ends(`nowhere: zone ${zone.name} has no link there`, false);
    const rules = await readRules(zone);
    const after = translateAt(zone, rules, { ...packet, direction: 'in', link: link.link });
    const filtered = filterAt(zone, rules, after);
    if (filtered === 'block') return blocked();
    if (ownsAddress(zone, after.target)) return ends(`zone ${zone.name}`, true);
    if (zone.role !== 'proxy') return ends(`nowhere: zone ${zone.name} passes nothing on`, false);
    const { translated: _, ...plain } = after;
    return await leave(zone, rules, plain, { hasState: filtered === 'kept', depth });
  }

  if (from !== undefined) {
    const zone = living.find(({ name }) => name === from);
    if (zone === undefined) throw notFound(`there is no zone "${from}"`);
    return await leave(zone, await readRules(zone), packet, { hasState: false, depth: 0 });
  }
  const first = holderOf(packet.target, undefined) ?? outermost(packet.target, living);
  if (first === undefined) throw notFound(`no zone has ${packet.target}, and no proxy is in front of it`);
  const outside = first.nics.filter(({ network }) => network === undefined);
  if (!outside.some((nic) => hasFamily(nic, family)))
    return ends(`nowhere: zone ${first.name} has no ${FAMILY_NAMES[family]} outside`, false);
  return await enter(first, packet, 0);
}

/** The proxy in front of a hidden address, or in front of that proxy, that the outside knows of. */
function outermost(target: Address, zones: readonly ZoneRecord[]): ZoneRecord | undefined {
  const isBehind = (nic: ZoneNic) =>
    nic.side === 'inside' && nic.addresses.some((one) => prefixContains(networkOf(one), target));
  let proxy = zones.find(({ role, nics }) => role === 'proxy' && nics.some(isBehind));
  for (let depth = 0; depth < MOST_ZONES && proxy?.nics.every(({ network }) => network !== undefined); depth++) {
    [proxy] = proxiesOf(proxy, zones);
  }
  return proxy;
}

function notFound(why: string): OperatorError {
  return new OperatorError('NOT_FOUND', `Cannot trace that: ${why}`, {
    hint: 'The zones there are: znetadm show-zone',
  });
}

const baseOf = (path: string) => path.slice(path.lastIndexOf('/') + 1);
