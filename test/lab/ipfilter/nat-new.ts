// How the engine makes a session: which address and port stand for the inside, and when there is none left (ipfilter.md 3).
import { NotModelled } from '../daemon/call.ts';
import { type Flow, hasPorts, isQuery } from './nat-flow.ts';
import type { LoadedNat } from './nat-match.ts';
import { andWords, FIRST_SHARED_PORT, notWords, orWords, sameWords, type Words, ZERO } from './nat-rule.ts';
import { findFromInside, findFromOutside, type HostPair, type NatState } from './nat-state.ts';
import { type Session, swap16 } from './nat-table.ts';
import { formatNatRule } from './print-nat.ts';

export interface Made {
  readonly session: Session<LoadedNat>;
  /** A round-robin rule goes to the back of its queue. */
  readonly move: boolean;
}

const isWhole = ({ rule: { version } }: LoadedNat, mask: Words) =>
  version === 4 ? mask[0] === 0xffffffff : mask.every((word) => word === 0xffffffff);
const isZero = ({ rule: { version } }: LoadedNat, words: Words) =>
  version === 4 ? words[0] === 0 : sameWords(words, ZERO);

/** Finds or makes the record of an address given to two hosts. Without a rule: only finds. */
function hostPair(
  state: NatState,
  rule: LoadedNat | undefined,
  flow: Flow,
  mapped: Words,
  port: number,
): HostPair | undefined {
  const known = state.pairs.find(
    (pair) =>
      sameWords(pair.source, flow.source) &&
      sameWords(pair.destination, flow.destination) &&
      (rule === undefined || rule === pair.rule) &&
      (port === 0 || port === pair.port),
  );
  if (known !== undefined) {
    known.uses += 1;
    return known;
  }
  if (rule === undefined) return undefined;
  const made = { rule, source: flow.source, destination: flow.destination, mapped, port, uses: 1 };
  state.pairs.unshift(made);
  return made;
}

function release(state: NatState, pair: HostPair): void {
  pair.uses -= 1;
  if (pair.uses === 0) state.pairs.splice(state.pairs.indexOf(pair), 1);
}

/** A session for a packet that leaves. Undefined: every address and port tried is taken. */
export function makeMap(state: NatState, flow: Flow, name: string, loaded: LoadedNat): Made | undefined {
  const ports = hasPorts(flow);
  const sourcePort = ports ? swap16(flow.sourcePort) : isQuery(flow) ? swap16(flow.icmpId) : 0;
  const [firstAddress, firstPort] = [loaded.nextAddress, loaded.nextPort];
  let pair: HostPair | undefined;
  for (let tries = 0; ; tries += 1) {
    let address = loaded.nextAddress;
    if (tries === 0) {
      pair = hostPair(state, loaded, flow, address, 0);
      address = pair?.mapped ?? address;
    } else if (tries === 1 && pair !== undefined) {
      release(state, pair);
      pair = undefined;
    }
    const place = mapPlace(state, flow, name, loaded, address, tries);
    if (place === undefined) {
      if (pair !== undefined) release(state, pair);
      return undefined;
    }
    const chosen = place.port === 0 && (ports || isQuery(flow)) ? sourcePort : place.port;
    if (!isTaken(state, flow, name, place.address, chosen)) {
      if (pair === undefined) hostPair(state, loaded, flow, place.address, 0);
      const [innerPort, outerPort] = ports ? [sourcePort, chosen] : isQuery(flow) ? [chosen, chosen] : [0, 0];
      return {
        move: false,
        session: {
          ...sessionBase(flow, name, loaded),
          inner: flow.source,
          outer: place.address,
          other: flow.destination,
          innerPort,
          outerPort,
          otherPort: ports ? swap16(flow.destinationPort) : 0,
          outbound: true,
        },
      };
    }
    const wrapped = loaded.nextPort !== 0 && loaded.nextPort === firstPort && !isZero(loaded, loaded.nextAddress);
    if (wrapped && sameWords(firstAddress, loaded.nextAddress)) {
      if (pair !== undefined) release(state, pair);
      return undefined;
    }
  }
}

function sessionBase(flow: Flow, name: string, rule: LoadedNat) {
  const kind = hasPorts(flow) ? ('ports' as const) : isQuery(flow) ? ('query' as const) : ('none' as const);
  return { version: flow.version, protocol: flow.protocol, kind, interface: name, rule };
}

/** The address and port (as `swap16` gives it; 0: the packet's own) for a try, moving the rule on. Undefined: no more to try. */
function mapPlace(
  state: NatState,
  flow: Flow,
  name: string,
  loaded: LoadedNat,
  next: Words,
  tries: number,
): { address: Words; port: number } | undefined {
  const { rule } = loaded;
  const { inner, outer } = rule;
  const ports = hasPorts(flow);
  const whole = isWhole(loaded, outer.mask);
  let address = next;
  let port = 0;
  if (whole && loaded.nextPort === 0 && tries > 0) return undefined;
  if (rule.kind === 'bimap' && sameWords(inner.mask, outer.mask)) {
    address = orWords(outer.address, andWords(flow.source, notWords(inner.mask)));
  } else if (rule.kind === 'map-block') {
    return blockPlace(flow, loaded, tries);
  } else if (whole && isZero(loaded, outer.address)) {
    const own = tries > 0 ? undefined : state.addressOf(rule.version, name);
    if (own === undefined) return undefined;
    address = own;
  } else if (isZero(loaded, outer.mask) && isZero(loaded, outer.address)) {
    if (tries > 0) return undefined;
    address = flow.source;
  } else if (!whole && loaded.nextPort === 0 && tries > 0) addressOn(loaded);

  if (ports && rule.flags.has('auto')) {
    if (rule.version === 4 && rule.portsPerHost !== 0) {
      const host = flow.source[0] % rule.hostsPerAddress;
      const offset = (flow.sourcePort + (tries % rule.portsPerHost)) & 0xffff;
      port = swap16(((offset % rule.portsPerHost) + rule.portsPerHost * host + FIRST_SHARED_PORT) & 0xffff);
    }
  } else if (ports && loaded.nextPort !== 0) {
    port = swap16(nextPort(state, loaded, whole));
  }
  stayWithin(loaded, whole);
  return { address, port };
}

function nextPort(state: NatState, loaded: LoadedNat, whole: boolean): number {
  const { low, high, flags, version } = loaded.rule;
  // IPv6 never picks the last port, and so has none to pick from when there is only one.
  const choice = version === 4 ? high - low + 1 : high - low;
  if (!flags.has('sequential') && choice === 0)
    throw new NotModelled('one IPv6 port at random: illumos divides by zero');
  const port = flags.has('sequential') ? loaded.nextPort : low + state.random(choice);
  loaded.nextPort += 1;
  if (loaded.nextPort > high) {
    loaded.nextPort = low;
    if (!whole) addressOn(loaded);
  }
  return port;
}

function addressOn(loaded: LoadedNat): void {
  if (loaded.rule.version === 6) throw new NotModelled('an IPv6 map to several addresses');
  loaded.nextAddress = [(loaded.nextAddress[0] + 1) >>> 0, 0, 0, 0];
}

/** After the last address comes the first again: of a range itself, of a network the one after its own. */
function stayWithin(loaded: LoadedNat, whole: boolean): void {
  const { rule } = loaded;
  if (rule.version === 6) return;
  const next = loaded.nextAddress[0];
  const [first, mask] = [rule.outer.address[0], rule.outer.mask[0]];
  if (rule.flags.has('range')) {
    if (next > mask) loaded.nextAddress = [first, 0, 0, 0];
  } else if (!whole && ((next + 1) & mask) >>> 0 > first) loaded.nextAddress = [(first + 1) >>> 0, 0, 0, 0];
}

/** map-block: the host's number decides the address and the block of ports; tries go through the block. */
function blockPlace(flow: Flow, loaded: LoadedNat, tries: number): { address: Words; port: number } | undefined {
  const { rule } = loaded;
  const { inner, outer, portsPerHost, hostsPerAddress } = rule;
  if (rule.version === 6) throw new NotModelled(`an IPv6 map-block: "${formatNatRule(rule)}"`);
  const ports = hasPorts(flow);
  if (tries >= portsPerHost || (tries > 0 && !ports)) return undefined;
  if (hostsPerAddress === 0) throw new NotModelled('map-block with too many ports: illumos divides by zero');
  const host = (flow.source[0] & ~inner.mask[0]) >>> 0;
  const block = (Math.floor(host / hostsPerAddress) & ~outer.mask[0]) >>> 0;
  const address: Words = [(block + outer.address[0]) >>> 0, 0, 0, 0];
  const whole = isWhole(loaded, outer.mask);
  const offset = (flow.sourcePort + tries) & 0xffff;
  const port = (offset % portsPerHost) + portsPerHost * (host % hostsPerAddress) + FIRST_SHARED_PORT;
  stayWithin(loaded, whole);
  return { address, port: ports ? swap16(port & 0xffff) : 0 };
}

/** Whether a packet back to this address and port would already belong to a session. */
function isTaken(state: NatState, flow: Flow, name: string, address: Words, port: number): boolean {
  const ports = hasPorts(flow);
  // The engine turns an ICMP id round once too often here, so two hosts with one id do not meet.
  const key = {
    protocol: flow.protocol,
    sourcePort: ports ? swap16(flow.destinationPort) : 0,
    destinationPort: ports ? port : isIcmp(flow) ? swap16(port) : 0,
    quoted: false,
  };
  return findFromOutside(state, flow.version, name, key, flow.destination, address) !== undefined;
}

const isIcmp = ({ version, protocol }: Flow) => protocol === (version === 4 ? 1 : 58);

/** A session for a packet that comes in. Undefined: there is one like it inside already. */
export function makeRdr(state: NatState, flow: Flow, name: string, fitting: LoadedNat): Made | undefined {
  const ports = hasPorts(flow);
  const port = ports ? swap16(flow.destinationPort) : isQuery(flow) ? swap16(flow.icmpId) : 0;
  const sourcePort = ports ? swap16(flow.sourcePort) : port;
  const { flags } = fitting.rule;
  const before =
    flags.has('round-robin') && flags.has('sticky') ? hostPair(state, undefined, flow, ZERO, port) : undefined;
  const loaded = before?.rule ?? fitting;
  const target = rdrTarget(state, flow, name, loaded, before, port);
  if (target === undefined) return undefined;
  const nextPort = rdrPort(loaded, port);
  let inner = target.address;
  if (isZero(loaded, inner)) {
    if (nextPort === port) return undefined;
    inner = flow.destination;
  }
  // For ICMP the engine compares with what stands first in the packet: type and code.
  const key = {
    protocol: flow.protocol,
    sourcePort: ports ? nextPort : 0,
    destinationPort: ports ? sourcePort : isIcmp(flow) ? flow.icmpType + flow.icmpCode * 256 : 0,
    quoted: false,
  };
  if (findFromInside(state, flow.version, name, key, inner, flow.source) !== undefined) return undefined;
  if (flow.version === 6 && loaded.rule.flags.has('sticky')) hostPair(state, loaded, flow, inner, port);
  const query = isQuery(flow);
  return {
    move: target.move && before === undefined,
    session: {
      ...sessionBase(flow, name, loaded),
      inner,
      outer: flow.destination,
      other: flow.source,
      innerPort: ports || query ? nextPort : 0,
      outerPort: ports ? port : query ? nextPort : 0,
      otherPort: ports ? sourcePort : 0,
      outbound: false,
    },
  };
}

function rdrTarget(
  state: NatState,
  flow: Flow,
  name: string,
  loaded: LoadedNat,
  before: HostPair | undefined,
  port: number,
): { address: Words; move: boolean } | undefined {
  const { rule } = loaded;
  const { inner, outer, flags } = rule;
  if (flags.has('split')) {
    let pair = before;
    let address = loaded.nextAddress;
    let move = true;
    if (flags.has('sticky') && !flags.has('round-robin')) {
      pair = hostPair(state, loaded, flow, address, port);
      address = pair?.mapped ?? address;
      move = false;
    }
    if (pair === undefined || pair.uses === 1) {
      const first = sameWords(inner.address, address);
      loaded.nextAddress = first ? inner.mask : inner.address;
      if (first) move = false;
    }
    return { address, move };
  }
  if (isZero(loaded, inner.address) && isWhole(loaded, inner.mask)) {
    const own = state.addressOf(rule.version, name);
    return own === undefined ? undefined : { address: own, move: true };
  }
  if (isZero(loaded, inner.address) && isZero(loaded, inner.mask)) return { address: flow.destination, move: true };
  if (rule.kind === 'bimap' && sameWords(inner.mask, outer.mask)) {
    return { address: orWords(inner.address, andWords(flow.destination, notWords(inner.mask))), move: true };
  }
  return { address: inner.address, move: true };
}

/** The port inside, as `swap16` gives it. */
function rdrPort({ rule }: LoadedNat, port: number): number {
  if (rule.kind === 'bimap' || rule.target === 0) return port;
  if (rule.flags.has('fixed-port') || rule.low === rule.high) return swap16(rule.target);
  return swap16((swap16(port) - rule.low + rule.target) & 0xffff);
}
