// What NAT remembers between packets, and how a packet finds its session.
import { ICMP, ICMP6 } from './nat-flow.ts';
import type { LoadedNat, RuleTable } from './nat-match.ts';
import { sameWords, type Words } from './nat-rule.ts';
import type { Session, SessionTable } from './nat-table.ts';

export type Found = Session<LoadedNat>;

/** An address already given to a pair of hosts: they keep it. */
export interface HostPair {
  readonly rule: LoadedNat;
  readonly source: Words;
  readonly destination: Words;
  readonly mapped: Words;
  readonly port: number;
  uses: number;
}

export interface NatState {
  readonly maps: RuleTable;
  readonly rdrs: RuleTable;
  readonly sessions: SessionTable<LoadedNat>;
  /** Latest first. */
  readonly pairs: HostPair[];
  readonly random: (limit: number) => number;
  /** The address of an interface that 0/32 means; undefined when it has none. */
  addressOf(version: 4 | 6, name: string): Words | undefined;
}

/** Numbers that a lookup goes by. ICMP has one, which stands for either port (an error's quotation for the other one). */
export interface Key {
  readonly protocol: number;
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly quoted: boolean;
}

/** The session of a packet from `source` outside to the address that stands for the inside. */
export function findFromOutside(
  state: NatState,
  version: 4 | 6,
  name: string,
  key: Key,
  source: Words,
  mapped: Words,
): Found | undefined {
  const { protocol, sourcePort, destinationPort, quoted } = key;
  return state.sessions.fromOutside(version, source, mapped, sourcePort, destinationPort).find((session) => {
    if (!isSession(session, version, name, protocol)) return false;
    if (!sameWords(session.other, source) || !sameWords(session.outer, mapped)) return false;
    if (session.kind === 'ports' && hasPortNumbers(protocol)) {
      return session.otherPort === sourcePort && session.outerPort === destinationPort;
    }
    if (protocol === ICMP || protocol === ICMP6) {
      return !isIcmpOf(version, protocol) || session.outerPort === (quoted ? sourcePort : destinationPort);
    }
    return true;
  });
}

/** The session of a packet from inside. ICMP is not told apart by its id, but by the bucket that the id leads to. */
export function findFromInside(
  state: NatState,
  version: 4 | 6,
  name: string,
  key: Key,
  source: Words,
  destination: Words,
): Found | undefined {
  const { protocol, sourcePort, destinationPort } = key;
  return state.sessions.fromInside(version, source, destination, sourcePort, destinationPort).find((session) => {
    if (!isSession(session, version, name, protocol)) return false;
    if (!sameWords(session.inner, source) || !sameWords(session.other, destination)) return false;
    if (!hasPortNumbers(protocol)) return true;
    return session.otherPort === destinationPort && session.innerPort === sourcePort;
  });
}

const hasPortNumbers = (protocol: number) => protocol === 6 || protocol === 17;
const isIcmpOf = (version: 4 | 6, protocol: number) => protocol === (version === 4 ? ICMP : ICMP6);

function isSession(session: Found, version: 4 | 6, name: string, protocol: number): boolean {
  return session.version === version && session.interface === name && session.protocol === protocol;
}
