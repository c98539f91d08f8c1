import { formatEndpoint } from '../domain/endpoint.ts';
import { OperatorError } from '../domain/errors.ts';
import type { ZoneName } from '../domain/names.ts';
import { formatRule, MOST_RULES, type Rule } from '../domain/rule.ts';
import { whyNever } from '../domain/rule-ends.ts';
import { hasMethod, type ZoneRecord } from '../domain/zone-record.ts';
import { carryOutChange, look, planZoneChange, readReady, type Seen, type ZoneChange } from './change-zone.ts';
import { finishingTelling } from './finish-telling.ts';
import type { Host } from './host.ts';
import { planLate, planPublications, plansOf } from './publications.ts';
import { findNetwork, findZone, type Records } from './store.ts';

/** A rule that is asked for: at its number, the others after it, or last. */
export interface RuleRequest {
  readonly zone: ZoneName;
  readonly rule: Rule;
  /** From 1. Missing: last. */
  readonly number?: number;
}

/**
 * Plans a rule of a zone. Changes nothing.
 *
 * @throws {OperatorError} NOT_FOUND for a zone, group or network that there is not, EXISTS, VALUE_INVALID for a number past
 * the end, too many, or a zone that filters nothing, IN_USE, RECORD_INVALID, TEMPLATE_INVALID
 */
export async function planAddRule({ zone, rule, number }: RuleRequest, host: Host): Promise<ZoneChange> {
  const purpose = `add a rule to zone "${zone}"`;
  const { records, before } = await readReady(zone, purpose, host);
  refuseUnfiltered(before);
  refuseUnknown(rule, records);
  const never = whyNever(rule, before, records);
  if (never !== undefined) {
    throw new OperatorError('VALUE_INVALID', `Cannot ${purpose}: it would never match: ${never}`, {
      hint: 'A rule is about zones that there are, and addresses that they have or that are reserved (set-network --reserve)',
    });
  }
  const text = formatRule(rule);
  const at = numberOf(rule, before) - 1;
  if (at >= 0 && (number === undefined || number === at + 1)) {
    const change = await planZoneChange(unchanged(before), records, host);
    if (change.plan.length > 0) return change;
    throw new OperatorError('EXISTS', `Cannot ${purpose}: it has it already, as number ${at + 1}`, {
      hint: `See: znetadm show-rule ${zone}`,
    });
  }
  const others = before.rules.filter((_, index) => index !== at);
  const place = (number ?? others.length + 1) - 1;
  if (place > others.length) {
    throw new OperatorError('VALUE_INVALID', `Cannot ${purpose} as number ${number}: it has ${others.length}`, {
      hint: `Take a number from 1 to ${others.length + 1}, or leave it out`,
    });
  }
  if (others.length >= MOST_RULES) {
    throw new OperatorError('VALUE_INVALID', `Cannot ${purpose}: it has ${others.length} already`, {
      hint: 'Groups and prefixes make one rule of many',
    });
  }
  const after = { ...before, rules: [...others.slice(0, place), rule, ...others.slice(place)] };
  return await planZoneChange({ before, after, told: [after], note: `rule ${place + 1}: ${text}` }, records, host);
}

/**
 * Plans that rules of a zone go: one by its text, which may be asked for twice, or several by their numbers. Changes nothing.
 *
 * Numbers are refused while the zone has not been told of the rules that are recorded.
 *
 * @throws {OperatorError} NOT_FOUND, IN_USE, RECORD_INVALID, TEMPLATE_INVALID
 */
export async function planDeleteRules(
  zone: ZoneName,
  which: Rule | readonly number[],
  host: Host,
): Promise<ZoneChange> {
  const purpose = `delete a rule of zone "${zone}"`;
  const { records, before } = await readReady(zone, purpose, host);
  const numbers = isRule(which) ? [numberOf(which, before)] : which;
  const missing = numbers.find((number) => before.rules[number - 1] === undefined);
  if (missing !== undefined) {
    const what = isRule(which) ? 'such rule' : `number ${missing}`;
    throw new OperatorError('NOT_FOUND', `Cannot ${purpose}: it has no ${what}`, {
      hint: `See: znetadm show-rule ${zone}`,
    });
  }
  const seen = await look(host.system);
  if (!isRule(which)) await refuseRenumbered(before, records, seen, host);
  const after = { ...before, rules: before.rules.filter((_, index) => !numbers.includes(index + 1)) };
  const note = `without rule ${numbers.join(', ')}`;
  return await planZoneChange({ before, after, told: [after], note, seen }, records, host);
}

const isRule = (which: Rule | readonly number[]): which is Rule => 'action' in which;

/** From 1; 0 for a rule that it does not have. */
export function numberOf(rule: Rule, { rules }: ZoneRecord): number {
  const text = formatRule(rule);
  return rules.findIndex((one) => formatRule(one) === text) + 1;
}

export async function addRule(request: RuleRequest, host: Host): Promise<ZoneChange> {
  return await carryOutChange(request.zone, () => planAddRule(request, host), host);
}

export async function deleteRules(zone: ZoneName, which: Rule | readonly number[], host: Host): Promise<ZoneChange> {
  const concerned = ({ zones }: Records) => zones.filter(({ name }) => name === zone);
  return await finishingTelling(concerned, host, () =>
    carryOutChange(zone, () => planDeleteRules(zone, which, host), host),
  );
}

/**
 * A run that was cut off may have taken the rule away already, and its number is another one's by now.
 *
 * @throws {OperatorError} IN_USE
 */
async function refuseRenumbered(zone: ZoneRecord, records: Records, seen: Seen, { system }: Host): Promise<void> {
  const publications = await planPublications([zone], records, { ...seen, system });
  const untold = [...plansOf(publications), ...(await planLate(publications, system))];
  if (untold.length === 0) return;
  const why = 'it was not told yet of those that are recorded, and their numbers may have changed';
  throw new OperatorError('IN_USE', `Cannot delete a rule of zone "${zone.name}" by its number: ${why}`, {
    hint: `to tell it:   znetadm repair\nthen see:     znetadm show-rule ${zone.name}`,
  });
}

const unchanged = (zone: ZoneRecord) => ({ before: zone, after: zone, told: [zone], note: '' });

/** @throws {OperatorError} VALUE_INVALID */
function refuseUnfiltered(zone: ZoneRecord): void {
  if (hasMethod(zone)) return;
  const why = 'what is inside it is not ours to configure';
  throw new OperatorError('VALUE_INVALID', `Cannot add a rule to zone "${zone.name}": ${why}`, {
    hint: 'A rule of its proxy holds for what passes there',
  });
}

/** A name that nobody has is a slip of the pen now; later its zone may go, which `check` tells. */
function refuseUnknown({ from, to }: Rule, records: Records): void {
  for (const end of [from, to]) {
    if (end.kind === 'zone') findZone(end.name, records);
    if (end.kind === 'network') findNetwork(end.name, records);
    if (end.kind !== 'group' || records.zones.some(({ groups }) => groups.includes(end.name))) continue;
    const known = [...new Set(records.zones.flatMap(({ groups }) => groups))].sort();
    throw new OperatorError('NOT_FOUND', `Cannot add a rule: no zone is in ${formatEndpoint(end)}`, {
      hint: `to put one into it: znetadm set-zone -g ${end.name} ZONE${known.length === 0 ? '' : `\nthere are:          ${known.join(', ')}`}`,
    });
  }
}
