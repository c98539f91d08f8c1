// The grammar of ipnat's rules (§7.6, ipfilter.md 2). Each token is read only when the grammar cannot decide without it, because
// that is when illumos's parser reads it too: which token an error names, and how an address is scanned, depend on it.
import { createLexer, type Lexer } from './lexer.ts';
import { servicePort } from './names.ts';
import { AFTER_ADDRESS, AFTER_RULE, AFTER_TCP, createInput, type Input, NAT_WORDS } from './nat-input.ts';
import {
  andWords,
  type Compare,
  type NatFlag,
  type NatKind,
  type NatRule,
  type Net,
  ONES,
  type PortTest,
  prefixMask,
  type Words,
  wordsOf,
  ZERO,
} from './nat-rule.ts';
import { shareOut } from './nat-shares.ts';
import { type Family, type Host, lookUpHost, portOfProtocol, protocolWord, TCP, UDP } from './nat-words.ts';

const COMPARISONS: Readonly<Record<string, Compare>> = {
  '=': '=',
  eq: '=',
  ne: '!=',
  lt: '<',
  le: '<=',
  gt: '>',
  ge: '>=',
};
const NAME_LENGTH = 31;
const LABEL_LENGTH = 16;
const ICMP = 1;

type Address = Net & { readonly family: Family };

interface Draft {
  kind: NatKind;
  family: Family;
  interfaces: [string, string];
  flags: Set<NatFlag>;
  protocol: number;
  inner: Net;
  outer: Net;
  other: Net;
  source: PortTest;
  destination: PortTest;
  low: number;
  high: number;
  target: number;
  age: readonly [number, number];
  mssclamp: number;
  tag: string;
  proxy: string;
}

/** What the reader of a file is told while it is read. */
export interface NatSink {
  /** A complete rule, and the line the scanner has come to: that of the next token, 1 at the end of the file. */
  rule(rule: NatRule, line: number): void;
  /** A line for stderr, without newline. */
  warn(line: string): void;
}

/**
 * Reads a file of NAT rules. Rules are handed over one by one, so those before an error have been taken.
 *
 * @throws {SyntaxFailure} at the first error; nothing after it is read
 */
export function parseNatFile(file: Uint8Array, sink: NatSink): void {
  if (file.length === 0) return;
  const lexer = createLexer(file, NAT_WORDS, sink.warn);
  const input = createInput(lexer);
  let first = true;
  while (first || !input.at('end')) {
    first = false;
    if (input.taken('comment')) continue;
    if (input.at('string')) assignment(lexer, input);
    else sink.rule(statement(lexer, input, sink), lexer.line);
  }
}

function assignment(lexer: Lexer, input: Input): void {
  const name = input.take('string').text;
  input.take('=');
  lexer.setPlainNext(true);
  const value = input.take('string').text;
  input.take(';');
  lexer.setVariable(name, value);
}

function statement(lexer: Lexer, input: Input, sink: NatSink): NatRule {
  const { kind } = input.take('map', 'bimap', 'map-block', 'rdr');
  const draft = newDraft(kind === 'map' || kind === 'bimap' || kind === 'rdr' ? kind : 'map-block');
  const rule = ruleReader(lexer, input, draft, sink);
  if (draft.kind === 'rdr') rule.rdr();
  else if (draft.kind === 'map-block') rule.mapBlock();
  else rule.map();
  if (!input.taken(';')) input.expect(...AFTER_RULE);
  return finished(draft);
}

function newDraft(kind: NatKind): Draft {
  const nothing: Net = { address: ZERO, mask: ZERO };
  return {
    kind,
    family: 0,
    interfaces: ['', ''],
    flags: new Set(),
    protocol: 0,
    inner: nothing,
    outer: nothing,
    other: nothing,
    source: { low: 0, high: 0 },
    destination: { low: 0, high: 0 },
    low: 0,
    high: 0,
    target: 0,
    age: [0, 0],
    mssclamp: 0,
    tag: '',
    proxy: '',
  };
}

function finished(draft: Draft): NatRule {
  const { family, ...rest } = draft;
  return shareOut({ ...rest, version: family === 6 ? 6 : 4, portsPerHost: 0, hostsPerAddress: 0 });
}

/** Sets the protocol, and takes back what does not go with it: ports are only for tcp, udp, and ICMP ids for icmp. */
function setProtocol(draft: Draft, protocol: number): void {
  const { flags } = draft;
  draft.protocol = protocol;
  if (protocol === TCP || protocol === UDP) {
    flags.add(protocol === TCP ? 'tcp' : 'udp');
    flags.delete(protocol === TCP ? 'udp' : 'tcp');
  } else if (protocol === ICMP) {
    flags.delete('tcp');
    flags.delete('udp');
    if (!flags.has('icmp-query')) {
      draft.source = untested(draft.source);
      draft.destination = untested(draft.destination);
      dropPorts(draft);
    }
  } else if (draft.kind !== 'map-block') {
    if (draft.source.low === 0) draft.source = untested(draft.source);
    if (draft.destination.low === 0) draft.destination = untested(draft.destination);
    dropPorts(draft);
    flags.delete('tcp');
    flags.delete('udp');
  }
  if (!flags.has('tcp') && !flags.has('udp')) flags.delete('fixed-port');
}

function untested({ low, high }: PortTest): PortTest {
  return { low, high };
}

function dropPorts(draft: Draft): void {
  draft.low = 0;
  draft.high = 0;
  draft.target = 0;
}

const cut16 = (value: number) => value & 0xffff;

function ruleReader(lexer: Lexer, input: Input, draft: Draft, sink: NatSink) {
  const { flags } = draft;
  const fail = (message: string) => lexer.failure(message);
  const isTcpUdp = () => flags.has('tcp') || flags.has('udp');

  function checkFamilies(number: number, left: Family, right: Family): void {
    if (left !== 0 && right !== 0 && left !== right) throw fail(`${number}.address family mismatch`);
  }

  function interfaces(): void {
    const first = input.take('string').text.slice(0, NAME_LENGTH);
    const second = input.taken(',') ? input.take('string').text.slice(0, NAME_LENGTH) : '';
    lexer.setExpectAddress(true);
    draft.interfaces = [first, second];
  }

  function finishInterfaces(): void {
    const [first, second] = draft.interfaces;
    if (second === '') draft.interfaces = [first, first];
  }

  function map(): void {
    interfaces();
    const conditional = input.at('from');
    const left = conditional ? conditions(false) : addressOrNet();
    input.take('->');
    const right = outside();
    const ports = input.at('portmap', 'icmpidmap');
    if (ports) portMap();
    else proxy();
    mapOptions();
    checkFamilies((conditional ? 3 : 1) + (ports ? 1 : 0), left.family, right.family);
    if (!conditional) draft.inner = left;
    draft.outer = right;
    finishInterfaces();
    if (!isTcpUdp() && !(ports && flags.has('icmp-query'))) setProtocol(draft, draft.protocol);
  }

  function mapBlock(): void {
    interfaces();
    const left = addressOrNet();
    input.take('->');
    const right = addressOrNet();
    if (input.taken('ports')) {
      if (input.taken('auto')) flags.add('auto');
      else draft.low = cut16(input.take('number', 'auto').number);
    }
    mapOptions();
    checkFamilies(5, left.family, right.family);
    draft.inner = left;
    draft.outer = right;
    finishInterfaces();
    if (!isTcpUdp()) setProtocol(draft, draft.protocol);
  }

  function rdr(): void {
    interfaces();
    const conditional = input.at('from', '!');
    const left = conditional ? conditions(true) : addressOrNet();
    const ports = !conditional && leftPorts();
    input.take('->');
    const target = targets();
    const targetPort = ports || conditional;
    if (targetPort) rightPort();
    protocolOnce();
    rdrOptions();
    checkFamilies(conditional ? 7 : ports ? 6 : 8, left.family, target);
    if (!conditional) draft.outer = left;
    const anyPort = draft.low !== 0 || draft.high !== 0 || draft.target !== 0;
    if (targetPort && draft.protocol === 0 && !isTcpUdp() && anyPort) setProtocol(draft, TCP);
    finishInterfaces();
  }

  /** `from A [port …] [!] to B [port …]`; the family is that of A. */
  function conditions(isRdr: boolean): Address {
    if (isRdr && input.taken('!')) flags.add('not-source');
    input.take('from');
    flags.add('conditions');
    lexer.setExpectAddress(true);
    const from = addressOrNet();
    if (input.at('port')) draft.source = portTest();
    if (isRdr) draft.other = from;
    else draft.inner = from;
    const negated = !isRdr && input.taken('!');
    input.take('to');
    const to = addressOrNet();
    if (isRdr) draft.outer = to;
    else draft.other = to;
    if (input.at('port')) {
      draft.destination = portTest();
      if (isRdr) draft.low = draft.destination.low;
    } else input.expect('->');
    const number = isRdr ? (flags.has('not-source') ? 14 : 13) : negated ? 12 : 11;
    checkFamilies(number, from.family, to.family);
    if (negated) flags.add('not-destination');
    return from;
  }

  function portTest(): PortTest {
    input.take('port');
    if (input.at(...Object.keys(COMPARISONS))) {
      const compare = COMPARISONS[input.take(...Object.keys(COMPARISONS)).kind] ?? '=';
      return { compare, low: port(), high: 0 };
    }
    const low = port();
    const compare = input.take('<>', '><').kind === '<>' ? '<>' : '><';
    return { compare, low, high: port() };
  }

  function port(): number {
    const token = input.take('number', 'string');
    const value = token.kind === 'number' ? token.number : servicePort(token.text);
    if (value === undefined || value > 65535) throw fail('invalid port number');
    return value;
  }

  function outside(): Address {
    if (!input.taken('range')) {
      const net = addressOrNet();
      return net.family === 0 ? { ...net, family: draft.family } : net;
    }
    const low = host();
    input.take('-');
    const high = host();
    checkFamilies(9, low.family, high.family);
    flags.add('range');
    lexer.setExpectAddress(false);
    return { address: low.address, mask: high.address, family: low.family };
  }

  function addressOrNet(): Address {
    if (input.taken('any')) {
      lexer.setExpectAddress(false);
      return { address: ZERO, mask: ZERO, family: draft.family };
    }
    const { address, family } = host();
    if (input.taken('/')) return slashed(address, family);
    if (input.taken('mask')) return input.at('hex') ? hexMasked(address) : masked(2, address, family);
    lexer.setExpectAddress(false);
    return { address, mask: family === 4 ? [0xffffffff, 0, 0, 0] : ONES, family };
  }

  function slashed(address: Words, known: Family): Address {
    if (input.at('hex')) return hexMasked(address);
    if (input.at('ipv6')) return masked(1, address, known);
    const bits = input.take('number').number;
    if (input.at('.')) return withMask(1, address, known, { address: dottedQuad(bits), family: 4 });
    let family = known;
    if (family === 0) {
      input.expect(...AFTER_ADDRESS);
      if (address[0] !== 0) throw fail('invalid addr');
      if (bits === 0 || bits === 32) family = 4;
      else if (bits === 128) family = 6;
      else throw fail('invalid mask');
      draft.family = family;
    }
    // A length that does not exist leaves in the mask what lay there: the number of the family, lowest byte first.
    const mask = prefixMask(family === 6 ? 6 : 4, bits) ?? [family * 0x1000000, 0, 0, 0];
    lexer.setExpectAddress(false);
    return { address: andWords(address, mask), mask, family };
  }

  /** `mask A.B.C.D`, where a number has to begin a dotted quad. */
  function masked(number: number, address: Words, family: Family): Address {
    if (input.at('ipv6')) return withMask(number, address, family, { address: ipv6(), family: 6 });
    return withMask(number, address, family, { address: dottedQuad(input.take('number').number), family: 4 });
  }

  function withMask(number: number, address: Words, family: Family, mask: Host): Address {
    if (family !== mask.family) throw fail(`${number}.address family mismatch`);
    lexer.setExpectAddress(false);
    return { address: andWords(address, mask.address), mask: mask.address, family };
  }

  /** The scanner goes on expecting an address, as after no other mask. */
  function hexMasked(address: Words): Address {
    const mask: Words = [input.take('hex').number, 0, 0, 0];
    return { address: andWords(address, [mask[0], 0xffffffff, 0xffffffff, 0xffffffff]), mask, family: 4 };
  }

  function host(): Host {
    if (input.at('string')) return namedHost(input.take('string').text);
    if (input.at('ipv6')) {
      draft.family = 6;
      return { address: ipv6(), family: 6 };
    }
    const { number } = input.take('number');
    if (input.at('.')) {
      const address = dottedQuad(number);
      draft.family = 4;
      return { address, family: 4 };
    }
    if (input.at('ipv6')) return { address: ipv6(), family: 6 };
    if (number !== 0) draft.family = 4;
    return { address: [number, 0, 0, 0], family: draft.family };
  }

  function ipv6(): Words {
    return wordsOf(input.take('ipv6').address ?? []);
  }

  function dottedQuad(first: number): Words {
    const octets = [first];
    while (octets.length < 4) {
      input.take('.');
      octets.push(input.take('number').number);
    }
    if (octets.some((octet) => octet > 255)) throw fail('Invalid octet string for IP address');
    return [octets.reduce((value, octet) => value * 256 + octet, 0), 0, 0, 0];
  }

  function namedHost(name: string): Host {
    const found = lookUpHost(name);
    if (found === undefined) throw fail('Unknown hostname');
    draft.family = found.family;
    return found;
  }

  /** `port N`, `port N-M` on the left of a rdr; false when there is none. */
  function leftPorts(): boolean {
    if (!input.taken('port')) return false;
    draft.low = port();
    draft.high = draft.low;
    if (input.taken('-') || input.taken(':')) draft.high = port();
    return true;
  }

  function rightPort(): void {
    input.take('port');
    if (input.taken('=')) {
      draft.target = port();
      flags.add('fixed-port');
    } else draft.target = port();
  }

  function targets(): Family {
    const first = host();
    if (input.taken('/')) return maskedTarget(first, input.take('number').number);
    if (input.taken(',')) {
      lexer.setExpectAddress(true);
      const second = host();
      if (first.family !== second.family) throw fail('10.address family mismatch');
      flags.add('split');
      draft.inner = { address: first.address, mask: second.address };
      lexer.setExpectAddress(false);
      return first.family;
    }
    const family = first.family === 0 ? draft.family : first.family;
    draft.inner = { address: first.address, mask: family === 4 ? [0xffffffff, 0, 0, 0] : ONES };
    return family;
  }

  /** Only the address 0 may have a mask: the interface's address, or the packet's own. */
  function maskedTarget(target: Host, bits: number): Family {
    let family = target.family === 0 ? draft.family : target.family;
    const zero = target.address[0] === 0;
    const whole = family === 6 ? 128 : 32;
    if (family !== 0 && (!zero || (bits !== 0 && bits !== whole))) throw fail('Invalid mask for dip');
    if (family === 0 && zero && (bits === 32 || bits === 0)) family = 4;
    else if (family === 0 && bits === 128) family = 6;
    const mask = (family === 0 ? undefined : prefixMask(family, bits)) ?? ZERO;
    draft.inner = { address: target.address, mask };
    draft.family = family;
    return family;
  }

  function portMap(): void {
    if (input.taken('icmpidmap')) {
      icmpIds();
      return;
    }
    input.take('portmap');
    portMapProtocol();
    if (input.taken('auto')) {
      flags.add('auto');
      draft.low = 1024;
      draft.high = 65535;
      if (input.taken('sequential')) flags.add('sequential');
      return;
    }
    const low = port();
    input.take(':');
    const high = port();
    if (input.taken('sequential')) flags.add('sequential');
    draft.low = low;
    draft.high = high;
  }

  function portMapProtocol(): void {
    if (input.taken('tcp')) {
      if (input.taken('/')) {
        input.take('udp');
        setTcpUdp();
      } else setProtocol(draft, TCP);
    } else if (input.taken('udp')) setProtocol(draft, UDP);
    else if (input.taken('tcpudp')) setTcpUdp();
  }

  function setTcpUdp(): void {
    flags.add('tcp');
    flags.add('udp');
    draft.protocol = 0;
  }

  /** Everything said before with words of its own ("from", "range") is forgotten. */
  function icmpIds(): void {
    const protocol = input.take('string').text;
    const low = input.take('number').number;
    input.take(':');
    const high = input.take('number').number;
    if (protocol !== 'icmp') throw fail('icmpidmap not followed by icmp');
    if (low > 65535 || high > 65535) throw fail('invalid ICMP Id number');
    flags.clear();
    flags.add('icmp-query');
    draft.low = low;
    draft.high = high;
  }

  /** `proxy port P LABEL/PROTOCOL`, or nothing. */
  function proxy(): void {
    if (!input.taken('proxy')) return;
    input.take('port');
    labelledProxy();
  }

  function labelledProxy(): void {
    const first = input.take('number', 'string');
    const named = first.kind === 'string';
    if (first.number > 65535) throw fail('invalid port number');
    const label = input.take('string').text.slice(0, LABEL_LENGTH);
    input.take('/');
    const protocol = protocolWord(input.take('number', 'tcp', 'udp', 'string'));
    draft.proxy = label;
    const wanted = named ? portOfProtocol(first.text, protocol) : first.number;
    if (wanted === undefined) throw fail('invalid port number');
    if (named || draft.destination.compare === undefined) draft.destination = { ...draft.destination, low: wanted };
    else if (wanted !== draft.destination.low) throw fail('proxy port numbers not consistant');
    setProtocol(draft, protocol);
  }

  function mapOptions(): void {
    if (input.taken('round-robin')) flags.add('round-robin');
    fragAndAge();
    clamp();
    tag();
    protocolOnce();
  }

  function rdrOptions(): void {
    if (input.taken('round-robin')) flags.add('round-robin');
    fragAndAge();
    if (input.taken('sticky')) {
      if (flags.has('round-robin') || flags.has('split')) flags.add('sticky');
      else sink.warn("'sticky' for use with round-robin/IP splitting only");
    }
    clamp();
    if (input.taken('proxy')) {
      if (input.taken('port')) labelledProxy();
      else {
        draft.proxy = input.take('string').text.slice(0, LABEL_LENGTH);
        draft.destination = { ...draft.destination, low: draft.target };
        tag();
        return;
      }
    }
    if (draft.proxy !== '') {
      draft.low = draft.destination.low;
      draft.high = draft.low;
      draft.target = draft.low;
    }
    tag();
  }

  function fragAndAge(): void {
    if (input.taken('frag')) flags.add('frag');
    if (!input.taken('age')) return;
    const forth = input.take('number').number;
    draft.age = [forth, input.taken('/') ? input.take('number').number : forth];
  }

  function clamp(): void {
    if (input.taken('mssclamp')) draft.mssclamp = input.take('number').number;
  }

  function tag(): void {
    if (input.taken('tag')) draft.tag = input.take('string').text.slice(0, LABEL_LENGTH);
    else if (draft.kind === 'rdr') input.expect(...AFTER_RULE, ';');
  }

  /** A protocol at the end, unless one was set before. */
  function protocolOnce(): void {
    const once = () => {
      if (draft.protocol !== 0 || isTcpUdp()) throw fail('protocol set twice');
    };
    if (input.taken('tcpudp')) {
      once();
      setTcpUdp();
    } else if (input.taken('tcp')) {
      const both = input.taken('/');
      if (both) input.take('udp');
      else input.expect(...AFTER_TCP);
      once();
      if (both) setTcpUdp();
      else setProtocol(draft, TCP);
    } else if (input.at('number', 'udp', 'string')) {
      const protocol = protocolWord(input.take('number', 'udp', 'string'));
      once();
      setProtocol(draft, protocol);
    } else if (draft.kind !== 'rdr') input.expect(...AFTER_RULE, ';');
  }

  return { map, mapBlock, rdr };
}
