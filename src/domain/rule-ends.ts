import { type Address, familyOf } from './address.ts';
import { type Endpoint, formatEndpoint } from './endpoint.ts';
import type { NetworkName } from './names.ts';
import { hostLength, hostPrefix, type Network } from './network.ts';
import { type Prefix, prefixContains } from './prefix.ts';
import { overlapsReservation } from './reservation.ts';
import type { ResolvedRule } from './resolved-rule.ts';
import type { Rule } from './rule.ts';
import type { ZoneRecord } from './zone-record.ts';

/** What names in rules stand for. Zones that are being deleted stand for nobody. */
export interface Known {
  readonly networks: readonly Network[];
  readonly zones: readonly ZoneRecord[];
}

/** A rule of a zone with addresses in place of names. */
export function resolveRule(rule: Rule, zone: ZoneRecord, known: Known): ResolvedRule {
  const { from, to, ...words } = rule;
  return { ...words, from: resolveEnd(from, zone, known), to: resolveEnd(to, zone, known) };
}

/** Whom an end of a rule stands for now. Empty: nobody. */
export function resolveEnd(end: Endpoint, zone: ZoneRecord, { networks, zones }: Known): 'any' | readonly Prefix[] {
  const living = zones.filter(({ state }) => state !== 'deleting');
  switch (end.kind) {
    case 'any':
      return 'any';
    case 'self':
      return addressesOf(zone);
    case 'zone':
      return living.filter(({ name }) => name === end.name).flatMap(addressesOf);
    case 'group':
      return living.filter(({ groups }) => groups.includes(end.name)).flatMap(addressesOf);
    case 'network':
      return networks.filter(({ name }) => name === end.name).flatMap(({ prefixes }) => prefixes);
    case 'prefix':
      return [end.prefix];
  }
}

function addressesOf({ nics }: ZoneRecord): Prefix[] {
  return nics.flatMap(({ addresses }) => addresses.map(({ address }) => hostPrefix(address)));
}

/** Whether a rule of another zone stands for this one too: by its name, or by a group it is in. */
export function namesZone({ from, to }: Rule, { name, groups }: ZoneRecord): boolean {
  return [from, to].some(
    (end) => (end.kind === 'zone' && end.name === name) || (end.kind === 'group' && groups.includes(end.name)),
  );
}

export function namesNetwork({ from, to }: Rule, network: NetworkName): boolean {
  return [from, to].some((end) => end.kind === 'network' && end.name === network);
}

/** A rule with the new name of a network in place of the old one. The rule itself when it does not name it. */
export function withNetworkRenamed(rule: Rule, before: NetworkName, after: NetworkName): Rule {
  if (before === after || !namesNetwork(rule, before)) return rule;
  const renamed = (end: Endpoint): Endpoint =>
    end.kind === 'network' && end.name === before ? { kind: 'network', name: after } : end;
  return { ...rule, from: renamed(rule.from), to: renamed(rule.to) };
}

/** Why a rule can never match, as things are. Undefined: it can. */
export function whyNever(rule: Rule, zone: ZoneRecord, known: Known): string | undefined {
  const ends = [rule.from, rule.to].map((end) => ({ end, who: resolveEnd(end, zone, known) }));
  const nobody = ends.find(({ who }) => who.length === 0);
  if (nobody !== undefined) return `${formatEndpoint(nobody.end)} stands for nobody`;
  const deserted = ends.flatMap(({ end }) => whyDeserted(end, known) ?? [])[0];
  if (deserted !== undefined) return deserted;
  const families = ends.map(({ who }) =>
    who === 'any' ? undefined : new Set(who.map(({ address }) => familyOf(address))),
  );
  const [from, to] = families;
  if (from !== undefined && to !== undefined && ![...from].some((family) => to.has(family))) {
    return 'its ends have no family in common';
  }
  return whyElsewhere(
    rule,
    zone,
    ends.map(({ who }) => who),
  );
}

/** Why nobody has an address that is written out: who had it is gone, and who gets it next is not who was meant. */
function whyDeserted(end: Endpoint, { networks, zones }: Known): string | undefined {
  if (end.kind !== 'prefix') return undefined;
  const { prefix } = end;
  const network = networks.find(({ prefixes }) =>
    prefixes.some((one) => one.length <= prefix.length && prefixContains(one, prefix.address)),
  );
  if (network === undefined) return undefined;
  const { name, routers, reservations } = network;
  const isOne = prefix.length === hostLength(prefix.address);
  const isIn = (address: Address) => address === prefix.address || (!isOne && prefixContains(prefix, address));
  const holds = ({ state, nics }: ZoneRecord) =>
    state !== 'deleting' &&
    nics.some((nic) => nic.network === name && nic.addresses.some(({ address }) => isIn(address)));
  const isHeld = routers.some(isIn) || zones.some(holds);
  // What is reserved may be somebody's of whom nothing is recorded.
  if (isHeld || reservations.some((one) => overlapsReservation(prefix, one))) return undefined;
  return `nobody on network ${name} has ${formatEndpoint(end)}`;
}

/**
 * What a rule is about has to come by. A packet that a proxy passes on is judged on its way in: state is kept there, and lets
 * it out without a look at the rules (ipfilter.md, 5).
 */
function whyElsewhere(
  { direction }: Rule,
  zone: ZoneRecord,
  [from = 'any', to = 'any']: readonly ('any' | readonly Prefix[])[],
): string | undefined {
  const own = addressesOf(zone);
  const isOwn = (who: 'any' | readonly Prefix[]) =>
    who === 'any' ||
    zone.nics.some(({ dhcp, addrconf }) => dhcp || addrconf) ||
    own.some(({ address }) => who.some((prefix) => prefixContains(prefix, address)));
  if (direction === 'out' && !isOwn(from)) {
    return `"out" is what ${zone.name} itself sends, and it is none of those${zone.role === 'proxy' ? '; what it passes on is judged by "in"' : ''}`;
  }
  if (direction === 'in' && zone.role === 'member' && !isOwn(to)) return `${zone.name} is none of those it goes to`;
  return undefined;
}
