import { FORWARD_FIELDS, forwardRows } from '../../host/show-forwards.ts';
import { showCommand } from '../show-rows.ts';

export const showForwardCommand = showCommand({
  argument: 'name of the zone they lead to',
  fields: FORWARD_FIELDS,
  rows: forwardRows,
});
