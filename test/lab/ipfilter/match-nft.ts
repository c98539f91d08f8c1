// What a rule asks of a packet, as nftables expressions (lab.md part 9).
import { NotModelled } from '../daemon/call.ts';
import { formatIpv4, formatIpv6, formatMask } from './address-text.ts';
import { type AddressMatch, type Family, type FilterRule, type Match, NO_BYTES, type PortMatch } from './rule.ts';

const ICMP = 1;
const TCP = 6;
const UDP = 17;
const ICMP6 = 58;
const LAST_PORT = 65535;

/** The Linux device of an illumos interface name. A name that is not there yet is used as it is: it matches when it comes. */
export type DeviceOf = (name: string) => string;

/**
 * The expressions under which a rule matches: none when it never does, more than one where illumos looks at different fields of
 * different protocols. They exclude each other.
 *
 * @throws {NotModelled} naming what nftables cannot look at, or the lab does not show
 */
export function matchExpressions(rule: FilterRule, device: DeviceOf): string[] {
  refuse(rule);
  const link = linkExpression(rule, device);
  if (rule.match === undefined) return [link];
  const { match, family } = rule;
  if (match.tcpUdp?.looked === false) return [];
  const common = commonExpression(match, family);
  if (common === undefined) return [];
  const nat = natExpressions(match.properties.get('nat'), rule.direction);
  return protocolExpressions(match).flatMap((expression) => nat.map((each) => join(link, expression, common, each)));
}

const join = (...parts: readonly string[]) => parts.filter((part) => part !== '').join(' ');

function refuse(rule: FilterRule): void {
  const no = (what: string): never => {
    throw new NotModelled(`"${what}" of a filter rule in the kernel`);
  };
  const { match, keepState } = rule;
  if (rule.action === 'auth' || rule.action === 'preauth') no(rule.action);
  if (rule.to !== undefined) no('to');
  if (rule.dupTo !== undefined) no('dup-to');
  if (rule.replyTo !== undefined) no('reply-to');
  if (rule.fastroute) no('fastroute');
  if (rule.packetsPerSecond !== 0) no('pps');
  if (rule.natTag !== '') no('set-tag(nat)');
  if (rule.age[0] !== 0) no('age');
  if (keepState?.strict === true || keepState?.newIsn === true) no('strict or newisn');
  if ((keepState?.limit ?? 0) !== 0) no('limit');
  if (match === undefined) return;
  for (const property of match.properties.keys()) if (property !== 'nat') no(`with ${property}`);
  if (match.options.mask !== 0 || match.securityClasses.mask !== 0)
    no(rule.family === 'ipv4' ? 'with opt' : 'with v6hdrs');
}

function linkExpression({ interfaces: [name], direction }: FilterRule, device: DeviceOf): string {
  if (name === '' || name === '*' || name === '-') return '';
  return `${direction === 'in' ? 'iifname' : 'oifname'} "${device(name)}"`;
}

/** Addresses, tos and ttl; undefined when no packet fits. */
function commonExpression(match: Match, family: Family): string | undefined {
  const source = addressExpression('saddr', match.source, family);
  const destination = addressExpression('daddr', match.destination, family);
  if (source === undefined || destination === undefined) return undefined;
  // The engine takes every IPv6 packet's tos for 0.
  if (family === 'ipv6' && match.tos !== undefined && match.tos !== 0) return undefined;
  const tos = match.tos === undefined || family === 'ipv6' ? '' : `@nh,8,8 ${match.tos}`;
  const ttl = match.ttl === undefined ? '' : `${family === 'ipv4' ? 'ip ttl' : 'ip6 hoplimit'} ${match.ttl}`;
  return join(tos, ttl, source, destination);
}

/**
 * In: what NAT has just changed, which is the first way of a redirected connection (dnat) and the way back of a mapped one (snat);
 * errors about them belong to them, and what has no connection was not changed. Out: the filter runs before map, so nothing is
 * translated yet (conformance/README.md, with-nat.json).
 */
function natExpressions(wanted: boolean | undefined, direction: 'in' | 'out'): readonly string[] {
  if (wanted === undefined) return [''];
  if (direction === 'out') return wanted ? [] : [''];
  const is = wanted ? '!=' : '==';
  const changed = [`ct direction original ct status & dnat ${is} 0x0`, `ct direction reply ct status & snat ${is} 0x0`];
  return wanted ? changed : [...changed, 'ct state invalid,untracked'];
}

function addressExpression(field: 'saddr' | 'daddr', where: AddressMatch, family: Family): string | undefined {
  if (where.kind !== 'address') throw new NotModelled(`${where.kind} as an address of a filter rule in the kernel`);
  const ipv6 = family === 'ipv6';
  const length = ipv6 ? 16 : 4;
  const address = where.address.slice(0, length);
  const mask = where.mask.slice(0, length);
  // Bits outside the mask fit no packet.
  if (address.some((byte, i) => (byte & ~(mask[i] ?? 0)) !== 0)) return where.not ? '' : undefined;
  if (mask.every((byte) => byte === 0)) return where.not ? undefined : '';
  const text = ipv6 ? formatIpv6 : formatIpv4;
  const full = [...address, ...NO_BYTES].slice(0, 16);
  const not = where.not ? '!= ' : '';
  const name = `${ipv6 ? 'ip6' : 'ip'} ${field}`;
  if (isPrefix(mask)) return `${name} ${not}${text(full)}${formatMask(where.mask, ipv6)}`;
  return `${name} & ${text([...mask, ...NO_BYTES].slice(0, 16))} ${where.not ? '!=' : '=='} ${text(full)}`;
}

function isPrefix(mask: readonly number[]): boolean {
  return /^1*0*$/.test(mask.map((byte) => byte.toString(2).padStart(8, '0')).join(''));
}

/** Protocol, ports, flags and ICMP types. TCP and UDP are never asked for a type, all others never have a port. */
function protocolExpressions(match: Match): string[] {
  const asked = match.tcpUdp !== undefined ? [TCP, UDP] : match.protocol === undefined ? undefined : [match.protocol];
  const transports = [TCP, UDP].filter((protocol) => asked === undefined || asked.includes(protocol));
  const ports = portExpressions(match);
  const needsPorts = match.source.port !== undefined || match.destination.port !== undefined;
  const { tcpFlags, icmp } = match;
  const needsFlags = tcpFlags.mask !== 0 || tcpFlags.bits !== 0;
  const needsIcmp = icmp.mask !== 0;
  if (!needsPorts && !needsFlags && !needsIcmp) return [protocolSet(asked)];
  const found: string[] = [];
  if (transports.length > 0 && ports !== undefined) {
    const flags = flagExpression(match);
    if (flags === '' || !transports.includes(TCP)) found.push(join(protocolSet(transports), ports));
    else {
      if (flags !== undefined) found.push(join(protocolSet([TCP]), ports, flags));
      if (transports.includes(UDP)) found.push(join(protocolSet([UDP]), ports));
    }
  }
  if (needsPorts || needsFlags) return found;
  const icmps = [ICMP, ICMP6].filter((protocol) => asked === undefined || asked.includes(protocol));
  const type = icmpExpression(match);
  if (icmps.length > 0 && type !== undefined) found.push(join(protocolSet(icmps), type));
  return found;
}

function protocolSet(protocols: readonly number[] | undefined): string {
  if (protocols === undefined) return '';
  const [only] = protocols;
  return `meta l4proto ${protocols.length === 1 ? only : `{ ${protocols.join(', ')} }`}`;
}

/** undefined: no port fits. */
function portExpressions({ source, destination }: Match): string | undefined {
  const from = portExpression('sport', source.port);
  const to = portExpression('dport', destination.port);
  return from === undefined || to === undefined ? undefined : join(from, to);
}

function portExpression(field: 'sport' | 'dport', wanted: PortMatch | undefined): string | undefined {
  if (wanted === undefined) return '';
  const ranges = portRanges(wanted).filter(([low, high]) => low <= high);
  if (ranges.length === 0) return undefined;
  const texts = ranges.map(([low, high]) => (low === high ? `${low}` : `${low}-${high}`));
  if (texts.includes(`0-${LAST_PORT}`)) return '';
  return `th ${field} ${texts.length === 1 ? texts[0] : `{ ${texts.join(', ')} }`}`;
}

/** The ports that a comparison takes, as ranges that may be empty. */
function portRanges({ operator, low, high }: PortMatch): (readonly [number, number])[] {
  switch (operator) {
    case '=':
      return [[low, low]];
    case '!=':
      return [
        [0, low - 1],
        [low + 1, LAST_PORT],
      ];
    case '<':
      return [[0, low - 1]];
    case '<=':
      return [[0, low]];
    case '>':
      return [[low + 1, LAST_PORT]];
    case '>=':
      return [[low, LAST_PORT]];
    case '><':
      return [[low + 1, high - 1]];
    case ':':
      return [[low, high]];
    case '<>':
      if (low > high) return [[0, LAST_PORT]];
      return [
        [0, low - 1],
        [high + 1, LAST_PORT],
      ];
  }
}

function flagExpression({ tcpFlags: { bits, mask } }: Match): string | undefined {
  if (mask === 0) return '';
  if ((bits & ~mask) !== 0) return undefined;
  return `tcp flags & 0x${mask.toString(16)} == 0x${bits.toString(16)}`;
}

function icmpExpression({ icmp: { bits, mask } }: Match): string | undefined {
  if ((bits & ~mask) !== 0) return undefined;
  const type = `@th,0,8 ${bits >> 8}`;
  return (mask & 0xff) === 0 ? type : `${type} @th,8,8 ${bits & 0xff}`;
}
