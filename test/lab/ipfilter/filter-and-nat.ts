// The whole way of a described packet through a zone's stack at one interface (§7.4): in goes NAT, then the filter; out the other way.
import { evaluate, type FilterState, passes, type Verdict } from './evaluate.ts';
import { type NatState, natIn, natOut } from './nat-evaluate.ts';
import type { Packet } from './packet.ts';
import type { RuleSet } from './rule-set.ts';

export interface StackState {
  readonly nat: NatState;
  /** Missing: no filter rules are loaded. */
  readonly filter?: { readonly rules: RuleSet; readonly state: FilterState };
}

export interface StackResult {
  /** "block" without a filter: NAT could make no session. */
  readonly verdict: Verdict;
  /** The packet as it leaves the hook; missing when it was blocked. */
  readonly packet?: Packet;
}

/** What becomes of one packet; sessions and states follow it. */
export function evaluateStack({ nat, filter }: StackState, packet: Packet): StackResult {
  const filtered = (seen: Packet, natted: boolean): Verdict =>
    filter === undefined ? 'nomatch' : evaluate(filter.rules, filter.state, seen, { natted });
  if (packet.dir === 'in') {
    const translated = natIn(nat, packet);
    if (translated.outcome === 'blocked') return { verdict: 'block' };
    const verdict = filtered(translated.packet, translated.outcome === 'translated');
    return passes(verdict) ? { verdict, packet: translated.packet } : { verdict };
  }
  const verdict = filtered(packet, false);
  if (!passes(verdict)) return { verdict };
  const translated = natOut(nat, packet, verdict !== 'nomatch');
  return translated.outcome === 'blocked' ? { verdict: 'block' } : { verdict, packet: translated.packet };
}
