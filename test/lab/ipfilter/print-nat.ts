// NAT rules as ipnat -v and ipnat -l print them (ipfilter.md 2, ipnat-grammar.json).
import { formatAddress, formatIpv4 } from './format-address.ts';
import { protocolName, serviceName } from './names.ts';
import {
  countBits6,
  type NatRule,
  type Net,
  type PortTest,
  prefixLength4,
  sameWords,
  type Words,
  ZERO,
} from './nat-rule.ts';

/** One line, without newline. Text is one character a byte, as it was read. `numeric`: ports without names. */
export function formatNatRule(rule: NatRule, numeric = false): string {
  const [first, second] = rule.interfaces;
  const names = second !== '' && second !== first ? `${first},${second} ` : first;
  const head = `${rule.kind} ${names} ${formatConditions(rule, numeric)}`;
  return rule.kind === 'rdr' ? head + formatRdr(rule) : head + formatMap(rule, numeric);
}

function formatConditions(rule: NatRule, numeric: boolean): string {
  if (!rule.flags.has('conditions')) return '';
  const [from, to] = rule.kind === 'rdr' ? [rule.other, rule.outer] : [rule.inner, rule.other];
  const notFrom = rule.flags.has('not-source') ? '! ' : '';
  const notTo = rule.flags.has('not-destination') ? ' !' : '';
  const source = formatTest(rule, rule.source, numeric);
  const destination = formatTest(rule, rule.destination, numeric);
  return `${notFrom}from ${formatHostMask(rule, from)}${source}${notTo} to ${formatHostMask(rule, to)}${destination}`;
}

function formatRdr(rule: NatRule): string {
  const ports = hasPorts(rule);
  let text = '';
  if (!rule.flags.has('conditions')) {
    text += formatNet(rule, rule.outer);
    if (ports) text += ` port ${rule.low}${rule.high === rule.low ? '' : `-${rule.high}`}`;
  }
  text += ` -> ${formatAddress(rule.version, rule.inner.address)}`;
  if (rule.flags.has('split')) text += `,${formatAddress(rule.version, rule.inner.mask)}`;
  if (isZero(rule, rule.inner.address)) text += formatMask(rule, rule.inner.mask);
  if (ports) text += ` port ${rule.flags.has('fixed-port') ? '= ' : ''}${rule.target}`;
  text += ` ${formatProtocol(rule)}`;
  if (rule.flags.has('round-robin')) text += ' round-robin';
  text += formatFragAndAge(rule);
  if (rule.flags.has('sticky')) text += ' sticky';
  if (rule.mssclamp !== 0) text += ` mssclamp ${rule.mssclamp | 0}`;
  if (rule.proxy !== '') text += ` proxy ${rule.proxy}`;
  if (rule.tag !== '') text += ` tag ${rule.tag}`;
  return text;
}

function formatMap(rule: NatRule, numeric: boolean): string {
  let text = rule.flags.has('conditions') ? '' : formatNet(rule, rule.inner);
  text += ' -> ';
  if (rule.flags.has('range')) {
    const { address, mask } = rule.outer;
    text += `range ${formatAddress(rule.version, address)}-${formatAddress(rule.version, mask)}`;
  } else text += formatNet(rule, rule.outer);
  text += formatPortMap(rule, numeric);
  text += formatFragAndAge(rule);
  if (rule.mssclamp !== 0) text += ` mssclamp ${rule.mssclamp | 0}`;
  if (rule.tag !== '') text += ` tag ${rule.tag}`;
  if (rule.flags.has('sequential')) text += ' sequential';
  return text;
}

function formatPortMap(rule: NatRule, numeric: boolean): string {
  if (rule.proxy !== '') {
    const port = rule.destination.low === 0 ? '' : portName(rule.protocol, rule.destination.low, numeric);
    return ` proxy port ${port} ${rule.proxy}/${protocolName(rule.protocol) ?? rule.protocol}`;
  }
  if (rule.kind === 'map-block') return ` ports ${rule.low === 0 && rule.flags.has('auto') ? 'auto' : rule.low}`;
  if (rule.low !== 0 || rule.high !== 0) {
    const word = rule.flags.has('icmp-query') ? 'icmpidmap' : 'portmap';
    const range = rule.flags.has('auto') ? 'auto' : `${rule.low}:${rule.high}`;
    return ` ${word} ${formatProtocol(rule)} ${range}`;
  }
  return hasPorts(rule) || rule.protocol !== 0 ? ` ${formatProtocol(rule)}` : '';
}

function formatFragAndAge(rule: NatRule): string {
  const [forth, back] = rule.age;
  const age = forth !== 0 || back !== 0 ? ` age ${forth | 0}/${back | 0}` : '';
  return `${rule.flags.has('frag') ? ' frag' : ''}${age}`;
}

function formatProtocol(rule: NatRule): string {
  const tcp = rule.flags.has('tcp');
  const udp = rule.flags.has('udp');
  if (tcp && udp) return 'tcp/udp';
  if (tcp) return 'tcp';
  if (udp) return 'udp';
  if (rule.flags.has('icmp-query')) return 'icmp';
  return protocolName(rule.protocol) ?? String(rule.protocol);
}

function formatTest(rule: NatRule, test: PortTest, numeric: boolean): string {
  const { compare, low, high } = test;
  if (compare === undefined) return '';
  if (compare === '<>' || compare === '><') return ` port ${low} ${compare} ${high}`;
  return ` port ${compare} ${portName(rule.protocol, low, numeric)}`;
}

/** With no single protocol there is no name; a rule whose protocol is no protocol needs the name for tcp and udp. */
function portName(protocol: number, port: number, numeric: boolean): string {
  if (numeric) return String(port);
  if (protocol === -1) return (serviceName(port, 'udp') && serviceName(port, 'tcp')) ?? String(port);
  return serviceName(port, protocolName(protocol) ?? '') ?? String(port);
}

function formatNet(rule: NatRule, net: Net): string {
  return formatAddress(rule.version, net.address) + formatMask(rule, net.mask);
}

function formatHostMask(rule: NatRule, net: Net): string {
  if (rule.version === 4 && net.address[0] === 0 && net.mask[0] === 0) return 'any';
  return formatNet(rule, net);
}

function formatMask(rule: NatRule, mask: Words): string {
  if (rule.version === 6) return `/${countBits6(mask)}`;
  return `/${prefixLength4(mask[0]) ?? formatIpv4(mask[0])}`;
}

function isZero(rule: NatRule, address: Words): boolean {
  return rule.version === 4 ? address[0] === 0 : sameWords(address, ZERO);
}

function hasPorts(rule: NatRule): boolean {
  return rule.flags.has('tcp') || rule.flags.has('udp');
}
