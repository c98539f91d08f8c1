import { formatRule } from '../domain/rule.ts';
import { type Known, whyNever } from '../domain/rule-ends.ts';
import type { ZoneRecord } from '../domain/zone-record.ts';

/** The fields of show-rule, in the order they are shown. `never` says why a rule can match nothing; empty: it can. */
export const RULE_FIELDS = ['zone', 'number', 'rule', 'never'] as const;

/** The rules of these zones, each zone's in the order in which they are tried. */
export function ruleRows(zones: readonly ZoneRecord[], known: Known): Record<string, string>[] {
  return zones.flatMap((zone) =>
    zone.rules.map((rule, index) => ({
      zone: zone.name,
      number: `${index + 1}`,
      rule: formatRule(rule),
      never: whyNever(rule, zone, known) ?? '',
    })),
  );
}
