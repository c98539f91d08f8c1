// A filter rule as `ipf -v` and ipfstat print it (§11.9, ipfilter.md 4; conformance/ipf-grammar.json).
import { NotModelled } from '../daemon/call.ts';
import { formatIpv4, formatIpv6, formatMask } from './address-text.ts';
import { protocolName, serviceName } from './names.ts';
import { type AddressMatch, type FilterRule, type Match, type PortMatch, PROPERTIES, type Target } from './rule.ts';
import { ICMP_CODES, ICMP_TYPES, IPV4_OPTIONS, IPV6_HEADERS, SECURITY_CLASSES } from './words.ts';

const TCP_FLAGS = 'FSRPAUEC';
const ICMP = 1;
const TCP = 6;
const ICMP6 = 58;

/** The line of a rule, without newline. */
export function printRule(rule: FilterRule): string {
  const collection = rule.collection === 0 ? '' : `${rule.collection} `;
  return `${collection}${action(rule)} ${rule.direction} ${options(rule)}${conditions(rule)}${tail(rule)}`;
}

function action(rule: FilterRule): string {
  switch (rule.action) {
    case 'log':
      return log(rule);
    case 'skip':
      return `skip ${rule.skip}`;
    case 'block':
      return rule.answer === undefined ? 'block' : `block ${rule.answer}${answerCode(rule)}`;
    default:
      return rule.action;
  }
}

function answerCode(rule: FilterRule): string {
  const code = rule.answerCode;
  if (code === 0 || rule.answer === 'return-rst') return '';
  if (code > ICMP_CODES.length) return `(${code})`;
  if (code === ICMP_CODES.length) return '((null))';
  return code === 15 ? '(preced-cutoff)' : `(${ICMP_CODES[code]})`;
}

function log({ logOptions }: FilterRule): string {
  const { body, first, orBlock, level } = logOptions;
  return `log${body ? ' body' : ''}${first ? ' first' : ''}${orBlock ? ' or-block' : ''}${level === undefined ? '' : ` level ${level}`}`;
}

function options(rule: FilterRule): string {
  const [on, second, via, secondVia] = rule.interfaces;
  let text = '';
  // Two bits of the action decide, so that preauth hides its log.
  if (rule.log && rule.action !== 'log' && rule.action !== 'preauth') text += `${log(rule)} `;
  if (rule.quick) text += 'quick ';
  if (on !== '') text += `on ${on}${second === '' || second === '*' ? '' : `,${second}`} `;
  text += target('dup-to', rule.dupTo, rule) + target('to', rule.to, rule) + target('reply-to', rule.replyTo, rule);
  if (rule.fastroute) text += 'fastroute ';
  if ((via !== '' && via !== '*') || (secondVia !== '' && secondVia !== '*')) {
    text += rule.direction === 'out' ? 'in-via ' : 'out-via ';
    if (via !== '') text += `${via} ${secondVia === '' ? '' : `,${secondVia}`}`;
  }
  return text;
}

function target(word: string, to: Target | undefined, rule: FilterRule): string {
  if (to === undefined) return '';
  const bytes = to.address?.slice(0, rule.family === 'ipv6' ? 16 : 4) ?? [];
  const address = bytes.every((byte) => byte === 0) ? '' : `:${formatAddress(bytes, rule)}`;
  return `${word} ${to.interface}${address} `;
}

function formatAddress(bytes: readonly number[], { family }: FilterRule): string {
  return family === 'ipv6' ? formatIpv6(bytes) : formatIpv4(bytes);
}

function conditions(rule: FilterRule): string {
  const { match } = rule;
  if (match === undefined) return 'all';
  const tos = match.tos === undefined ? '' : `tos ${match.tos === 0 ? '0' : `0x${match.tos.toString(16)}`} `;
  const ttl = match.ttl === undefined ? '' : `ttl ${match.ttl} `;
  return (
    `${tos}${ttl}${protocol(match)}from ${side(match.source, match, rule)} to ${side(match.destination, match, rule)}` +
    `${icmp(match)}${flags(match)}${withWords(match, rule)}`
  );
}

function protocol(match: Match): string {
  if (match.tcpUdp !== undefined) return 'proto tcp/udp ';
  if (match.protocol === undefined) return '';
  return `proto ${protocolName(match.protocol) ?? match.protocol} `;
}

function side(where: AddressMatch, match: Match, rule: FilterRule): string {
  return `${where.not ? '!' : ''}${object(where, rule)}${where.port === undefined ? '' : port(where.port, match)}`;
}

function object(where: AddressMatch, rule: FilterRule): string {
  const ipv6 = rule.family === 'ipv6';
  const name = rule.interfaces[0];
  switch (where.kind) {
    case 'pool':
    case 'hash':
      return `${where.kind}/${where.table}`;
    case 'interface':
      return `${name}${formatMask(where.mask, ipv6)}`;
    case 'network':
      return `${name}//net`;
    case 'broadcast':
      return `${name}//bcast`;
    case 'netmasked':
      return `${name}//netmasked`;
    case 'peer':
      return `${name}//peer`;
    case 'address': {
      const all = [...where.address.slice(0, 4), ...where.mask.slice(0, 4)];
      if (!ipv6 && all.every((byte) => byte === 0)) return 'any';
      return `${formatAddress(where.address, rule)}${formatMask(where.mask, ipv6)}`;
    }
  }
}

function port({ operator, low, high }: PortMatch, match: Match): string {
  if (operator === ':') return ` port ${low}:${high}`;
  if (operator === '<>' || operator === '><') return ` port ${low} ${operator} ${high}`;
  return ` port ${operator} ${portName(low, match)}`;
}

function portName(number: number, match: Match): string | number {
  if (match.tcpUdp !== undefined) {
    const name = serviceName(number, 'tcp');
    return name !== undefined && name === serviceName(number, 'udp') ? name : number;
  }
  const name = match.protocol === undefined ? undefined : protocolName(match.protocol);
  // illumos asks only for protocols other than number 0.
  if (name === undefined || match.protocol === 0) return number;
  return serviceName(number, name) ?? number;
}

function icmp(match: Match): string {
  if ((match.protocol !== ICMP && match.protocol !== ICMP6) || match.icmp.mask === 0) return '';
  const type = match.icmp.bits >> 8;
  const name = match.protocol === ICMP ? ICMP_TYPES[type] : undefined;
  const code = (match.icmp.mask & 0xff) === 0 ? '' : ` code ${match.icmp.bits & 0xff}`;
  return ` icmp-type ${name ?? type}${code}`;
}

function flags(match: Match): string {
  const { bits, mask } = match.tcpFlags;
  if (match.protocol !== TCP || (bits === 0 && mask === 0)) return '';
  return ` flags ${flagLetters(bits)}${mask === 0 ? '' : `/${flagLetters(mask)}`}`;
}

function flagLetters(bits: number): string {
  return [...TCP_FLAGS].filter((_, i) => (bits & (1 << i)) !== 0).join('');
}

function withWords(match: Match, rule: FilterRule): string {
  const { options: wanted, securityClasses } = match;
  const optionWords = wanted.mask !== 0 || securityClasses.mask !== 0;
  const asked = PROPERTIES.filter((property) => match.properties.has(property));
  if (!optionWords && asked.length === 0) return '';
  let text = ' with';
  let separator = ' ';
  if (optionWords) text += rule.family === 'ipv6' ? headers(match) : ipOptions(match);
  for (const property of asked) {
    if (property === 'ipopts' && optionWords) continue;
    text += `${separator}${match.properties.get(property) === true ? '' : 'not '}${property}`;
    // illumos forgets the comma after "oow".
    if (property !== 'oow') separator = ',';
  }
  return text;
}

function ipOptions({ options: wanted, securityClasses }: Match): string {
  const named = (names: readonly string[], bits: number) => names.filter((_, i) => (bits & (1 << i)) !== 0).join(',');
  const not = wanted.mask & ~wanted.bits;
  const notClasses = securityClasses.mask & ~securityClasses.bits;
  if (not !== 0 && (wanted.bits !== 0 || securityClasses.mask !== 0))
    throw new NotModelled('options asked for both ways');
  if (notClasses !== 0) throw new NotModelled('"with not opt sec-class"');
  if (not !== 0) return ` not opt ${named(IPV4_OPTIONS, not)}`;
  const list = named(IPV4_OPTIONS, wanted.bits);
  const classes = securityClasses.bits === 0 ? '' : `sec-class ${named(SECURITY_CLASSES, securityClasses.bits)}`;
  return ` opt ${[list, classes].filter((part) => part !== '').join(',')}`;
}

function headers({ options: wanted }: Match): string {
  return ` v6hdrs ${IPV6_HEADERS.filter((_, i) => (wanted.mask & (1 << i)) !== 0).join(',')}`;
}

function tail(rule: FilterRule): string {
  return keeping(rule) + grouping(rule);
}

function keeping(rule: FilterRule): string {
  let text = '';
  if (rule.keepState !== undefined) {
    const { limit, strict, newIsn, noIcmpErrors, sync } = rule.keepState;
    const [forward, back] = rule.age;
    const words = [
      ...(limit === 0 ? [] : [`limit ${limit}`]),
      ...(strict ? ['strict'] : []),
      ...(newIsn ? ['newisn'] : []),
      ...(noIcmpErrors ? ['no-icmp-err'] : []),
      ...(sync ? ['sync'] : []),
      ...(forward === 0 ? [] : [`age ${forward}/${back}`]),
    ];
    text += ` keep state${words.length === 0 ? '' : ` (${words.join(',')})`}`;
  }
  if (rule.keepFrags !== undefined) text += ` keep frags${rule.keepFrags.strict ? ' ( strict )' : ''}`;
  return text;
}

function grouping(rule: FilterRule): string {
  const tags = [
    ...(rule.logTag === undefined ? [] : [`log=${rule.logTag}`]),
    ...(rule.natTag === '' ? [] : [`nat=${rule.natTag}`]),
  ];
  return (
    (rule.head === '' ? '' : ` head ${rule.head}`) +
    (rule.group === '' ? '' : ` group ${rule.group}`) +
    (tags.length === 0 ? '' : ` set-tag(${tags.join(', ')})`) +
    (rule.packetsPerSecond === 0 ? '' : ` pps ${rule.packetsPerSecond}`)
  );
}
