import { RULE_FIELDS, ruleRows } from '../../host/show-rules.ts';
import { showCommand } from '../show-rows.ts';

export const showRuleCommand = showCommand({
  argument: 'name of the zone that filters',
  fields: RULE_FIELDS,
  grouped: ['zone'],
  rows: ruleRows,
});
