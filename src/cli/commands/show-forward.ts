import { parseAnyZoneName, type ZoneName } from '../../domain/names.ts';
import { FORWARD_FIELDS, forwardRows } from '../../host/show-forwards.ts';
import { chosenZones } from '../chosen-zones.ts';
import type { CliCommand, Context } from '../command.ts';
import { AS_JSON, chooseFields, formatShown, outputOption, PARSABLE, type ShowOptions } from '../fields.ts';

export const showForwardCommand: CliCommand = {
  configure(command, act) {
    command
      .argument('[zone]', 'name of the zone they lead to (default: all)')
      .addOption(PARSABLE)
      .addOption(outputOption(FORWARD_FIELDS))
      .addOption(AS_JSON)
      .action((name: string | undefined, options: ShowOptions) => {
        const zone = name === undefined ? undefined : parseAnyZoneName(name);
        const fields = chooseFields(options, FORWARD_FIELDS, []);
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
  const { host, print, colour } = context;
  const { records, zones } = await chosenZones(name, context);
  const rows = await forwardRows(zones, records, host.system);
  print(formatShown(rows, fields, options, { colour }));
}
