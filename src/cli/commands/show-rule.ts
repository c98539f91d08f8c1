import { parseAnyZoneName, type ZoneName } from '../../domain/names.ts';
import { RULE_FIELDS, ruleRows } from '../../host/show-rules.ts';
import { chosenZones } from '../chosen-zones.ts';
import type { CliCommand, Context } from '../command.ts';
import { AS_JSON, chooseFields, formatShown, outputOption, PARSABLE, type ShowOptions } from '../fields.ts';

export const showRuleCommand: CliCommand = {
  configure(command, act) {
    command
      .argument('[zone]', 'name of the zone that filters (default: all)')
      .addOption(PARSABLE)
      .addOption(outputOption(RULE_FIELDS))
      .addOption(AS_JSON)
      .action((name: string | undefined, options: ShowOptions) => {
        const zone = name === undefined ? undefined : parseAnyZoneName(name);
        const fields = chooseFields(options, RULE_FIELDS, []);
        act((context) => run(zone, fields, options, context));
      });
  },
};

async function run(
  name: ZoneName | undefined,
  fields: readonly string[],
  options: ShowOptions,
  context: Context,
): Promise<void> {
  const { print, colour } = context;
  const { records, zones } = await chosenZones(name, context);
  const rows = ruleRows(zones, records);
  print(formatShown(rows, fields, options, { colour, grouped: ['zone'] }));
}
