import { OperatorError } from '../domain/errors.ts';
import { describeForward } from '../domain/forward.ts';
import { wayOf } from '../domain/forward-way.ts';
import { formatPortRange } from '../domain/port.ts';
import { formatRule } from '../domain/rule.ts';
import { type Known, whyNever } from '../domain/rule-ends.ts';
import type { ZoneRecord } from '../domain/zone-record.ts';
import type { Drift } from '../plan/drift.ts';

/** Forwards that lead nowhere: their outside address, or the zone's inside one, is not there any more. */
export function findLostForwards(zone: ZoneRecord, zones: readonly ZoneRecord[]): Drift[] {
  return zone.forwards.flatMap((forward) => {
    const way = wayOf(forward, zone, zones);
    if (typeof way !== 'string') return [];
    const { protocol, outside, ports } = forward;
    const what = `forward ${describeForward(forward)}`;
    const fault = new OperatorError('DRIFT', `Cannot mend ${what} to zone "${zone.name}": ${way}`, {
      hint: `if it is not wanted any more:   znetadm delete-forward -a ${outside} ${protocol}/${formatPortRange(ports)}`,
    });
    return [
      { of: `zone "${zone.name}"`, item: what, expected: 'a way through its proxy', found: way, plan: [], fault },
    ];
  });
}

/** Rules that can match nothing: whom they name is gone, or has no address of that family. */
export function findDeadRules(zone: ZoneRecord, known: Known): Drift[] {
  return zone.rules.flatMap((rule, index) => {
    const [number, never] = [index + 1, whyNever(rule, zone, known)];
    if (never === undefined) return [];
    const fault = new OperatorError('DRIFT', `Cannot mend rule ${number} of zone "${zone.name}": ${never}`, {
      hint: `its text:                       ${formatRule(rule)}\nif it is not wanted any more:   znetadm delete-rule ${zone.name} ${number}`,
    });
    const item = `rule ${number}`;
    return [{ of: `zone "${zone.name}"`, item, expected: 'packets it can match', found: never, plan: [], fault }];
  });
}
