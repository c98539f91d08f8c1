import { parseZoneName, type ZoneName } from '../../domain/names.ts';
import { RULE_FIELDS, ruleRows } from '../../host/show-rules.ts';
import { findZone, readRecords } from '../../host/store.ts';
import type { CliCommand, Context } from '../command.ts';
import { chooseFields, formatRows, type ShowOptions } from '../fields.ts';

export const showRuleCommand: CliCommand = {
  configure(command, act) {
    command
      .argument('[zone]', 'name of the zone that filters (default: all)')
      .option('-p, --parsable', 'for programs: fields parted by ":"')
      .option('-o, --output <fields>', `fields to show: ${RULE_FIELDS.join(', ')}`)
      .option('--json', 'the same as JSON')
      .action((name: string | undefined, options: ShowOptions) => {
        const zone = name === undefined ? undefined : parseZoneName(name);
        const fields = chooseFields(options, RULE_FIELDS, []);
        act((context) => run(zone, fields, options, context));
      });
  },
};

async function run(
  name: ZoneName | undefined,
  fields: readonly string[],
  options: ShowOptions,
  { host, print, complain, colour }: Context,
): Promise<void> {
  const records = await readRecords(host.system);
  for (const fault of records.damaged) complain(fault);
  const rows = ruleRows(name === undefined ? records.zones : [findZone(name, records)], records);
  const shown = formatRows(rows, fields, options, { colour, grouped: ['zone'] });
  print(options.json === true ? `${JSON.stringify(rows, null, 2)}\n` : shown);
}
