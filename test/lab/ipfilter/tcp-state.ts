// How far a TCP connection is, as the state table follows it (lab.md part 9: replies pass by state).
import { ACK, FIN, type PacketInfo, PUSH, RST, SYN } from './packet-info.ts';

/** Sequence numbers seen from one side: end of what it sent, end of what it may send, its largest window. */
export interface Side {
  end: number;
  maxEnd: number;
  maxWindow: number;
}

export interface TcpState {
  /** [0] is the side that sent the first packet. */
  readonly sides: [Side, Side];
  readonly states: [number, number];
  /** Began with a SYN: from then on every step has to be right. */
  readonly fromSyn: boolean;
  readonly strict: boolean;
}

const LISTEN = 0;
const SYN_SENT = 1;
const SYN_RECEIVED = 2;
const HALF_ESTABLISHED = 3;
const ESTABLISHED = 4;
const CLOSE_WAIT = 5;
const FIN_WAIT_1 = 6;
const CLOSING = 7;
const LAST_ACK = 8;
const TIME_WAIT = 10;
const CLOSED = 11;

const OPENING = SYN | ACK;
const NO_ECN = 0x3f;
/** FIN, SYN, RST and ACK. */
const ACK_MASK = FIN | SYN | RST | ACK;
const MAX_ACK_SKEW = 66000;

const unsigned = (number: number) => number >>> 0;
const behind = (a: number, b: number) => ((a - b) | 0) >= 0;

/** A connection as its first packet shows it. */
export function openTcp(packet: PacketInfo, strict: boolean): TcpState {
  const fromSyn = (packet.tcpFlags & OPENING) === SYN;
  const end = unsigned(packet.seq + consumed(packet));
  const window = Math.max(packet.window, 1);
  const state: TcpState = {
    sides: [
      { end, maxEnd: end, maxWindow: window },
      fromSyn ? { end: 0, maxEnd: 0, maxWindow: 1 } : { end: packet.ack, maxEnd: packet.ack, maxWindow: window * 4 },
    ],
    states: [LISTEN, LISTEN],
    fromSyn,
    strict,
  };
  advance(state, packet);
  return state;
}

/** Bytes of sequence space a packet takes. */
function consumed({ tcpFlags, tcpData }: PacketInfo): number {
  return tcpData + ((tcpFlags & SYN) !== 0 ? 1 : 0) + ((tcpFlags & FIN) !== 0 ? 1 : 0);
}

/**
 * Whether a packet belongs to the connection; moves the connection on if so. `fromFirst`: its source port is that of the first packet.
 * Sets `outOfWindow` on the packet when its numbers do not fit.
 */
export function followTcp(state: TcpState, packet: PacketInfo, fromFirst: boolean): boolean {
  const from = !packet.reverse && !(state.fromSyn && !fromFirst) ? 0 : 1;
  const here = state.states[from === 0 ? 1 : 0];
  const there = state.states[from];
  if ((packet.tcpFlags & OPENING) === SYN && here > ESTABLISHED && there > ESTABLISHED) {
    state.states[0] = CLOSED;
    state.states[1] = CLOSED;
    return false;
  }
  const own = state.sides[from];
  const other = state.sides[from === 0 ? 1 : 0];
  if (!inWindow(state, packet, own, other)) {
    packet.outOfWindow = true;
    return false;
  }
  return advance(state, packet);
}

function inWindow(state: TcpState, packet: PacketInfo, own: Side, other: Side): boolean {
  const { tcpFlags, seq } = packet;
  const window = Math.max(packet.window, 1);
  const end = unsigned(seq + consumed(packet));
  if (own.end === 0 && (!state.fromSyn || (tcpFlags & OPENING) === OPENING)) {
    own.end = unsigned(end - 1);
    own.maxWindow = 1;
    own.maxEnd = unsigned(end + window);
  }
  const acknowledges = (tcpFlags & ACK) !== 0 && !((tcpFlags & RST) !== 0 && packet.ack === 0);
  const ack = acknowledges ? packet.ack : other.end;
  const skew = (other.end - ack) | 0;
  if (state.strict && seq !== own.end) return false;
  if (!acceptable(state, packet, own, other, skew)) return false;
  if (skew < 0) other.end = ack;
  if (own.maxWindow < window) own.maxWindow = window;
  if (((end - own.end) | 0) > 0) own.end = end;
  if (behind(unsigned(ack + window), other.maxEnd)) other.maxEnd = unsigned(ack + window);
  return true;
}

/** The conformance data come from a build that looks at the acknowledged numbers only; illumos's kernel also bounds `seq`. */
function acceptable(state: TcpState, { seq, tcpFlags }: PacketInfo, own: Side, other: Side, skew: number): boolean {
  if (Math.abs(skew) <= MAX_ACK_SKEW) return true;
  if (seq === 0 && tcpFlags === (RST | ACK) && Math.abs(skew) <= 1) return true;
  if (state.fromSyn) return false;
  if (seq === own.maxEnd && skew === 0) return true;
  return behind(unsigned(seq + other.maxWindow), unsigned(own.end - other.maxWindow));
}

/** The step of the connection's state machine; false when the packet is no step of a connection in that state. */
function advance({ states, fromSyn }: TcpState, packet: PacketInfo): boolean {
  const side = packet.reverse ? 1 : 0;
  const otherSide = packet.reverse ? 0 : 1;
  const { tcpFlags: flags } = packet;
  const other = states[otherSide];
  if ((flags & RST) !== 0) {
    states[side] = (flags & PUSH) === 0 && packet.tcpData === 0 ? CLOSED : CLOSE_WAIT;
    if (other <= ESTABLISHED) states[otherSide] = CLOSE_WAIT;
    return true;
  }
  const next = nextState(states[side], other, flags, fromSyn);
  if (next === undefined) return false;
  states[side] = next;
  return true;
}

function nextState(own: number, other: number, flags: number, fromSyn: boolean): number | undefined {
  const plain = flags & NO_ECN;
  const justAck = (flags & (SYN | FIN | ACK)) === ACK;
  const fin = (flags & FIN) !== 0;
  switch (own) {
    case LISTEN:
      return fromListen(other, flags, fromSyn);
    case SYN_SENT:
      if (plain === SYN) return own;
      if (justAck) return ESTABLISHED;
      if (fin) return FIN_WAIT_1;
      return (flags & OPENING) === OPENING ? SYN_RECEIVED : undefined;
    case SYN_RECEIVED:
      if (justAck) return ESTABLISHED;
      if (plain === OPENING) return own;
      return fin ? FIN_WAIT_1 : undefined;
    case HALF_ESTABLISHED:
      if (fin) return FIN_WAIT_1;
      if ((flags & ACK_MASK) !== ACK) return undefined;
      if (other <= SYN_RECEIVED) return own;
      return other <= ESTABLISHED ? ESTABLISHED : undefined;
    case ESTABLISHED:
      if (fin) return other === FIN_WAIT_1 ? CLOSING : FIN_WAIT_1;
      return (flags & ACK) !== 0 && other === FIN_WAIT_1 ? CLOSE_WAIT : own;
    case CLOSE_WAIT:
      return fin ? LAST_ACK : own;
    case FIN_WAIT_1:
      return (flags & ACK) !== 0 && other > CLOSE_WAIT ? LAST_ACK : own;
    case CLOSING:
      return (flags & (FIN | ACK)) === ACK ? TIME_WAIT : own;
    case TIME_WAIT:
      return other === LAST_ACK ? CLOSED : own;
    default:
      return own;
  }
}

function fromListen(other: number, flags: number, fromSyn: boolean): number | undefined {
  // A connection picked up under way: it did not begin with a SYN.
  if (!fromSyn && (flags & ACK_MASK) === ACK) {
    if (other === LISTEN || other === SYN_RECEIVED) return HALF_ESTABLISHED;
    if (other === HALF_ESTABLISHED || other === ESTABLISHED) return ESTABLISHED;
  }
  if ((flags & OPENING) === OPENING) return SYN_RECEIVED;
  return (flags & OPENING) === SYN ? SYN_SENT : undefined;
}
