import { parseAnyZoneName, type ZoneName } from '../../domain/names.ts';
import { SITE_FIELDS, siteRows } from '../../host/show-sites.ts';
import { chosenZones } from '../chosen-zones.ts';
import type { CliCommand, Context } from '../command.ts';
import { AS_JSON, chooseFields, formatShown, outputOption, PARSABLE, type ShowOptions } from '../fields.ts';

export const showSiteCommand: CliCommand = {
  configure(command, act) {
    command
      .argument('[zone]', 'name of the zone that serves them (default: all)')
      .addOption(PARSABLE)
      .addOption(outputOption(SITE_FIELDS))
      .addOption(AS_JSON)
      .action((name: string | undefined, options: ShowOptions) => {
        const zone = name === undefined ? undefined : parseAnyZoneName(name);
        const fields = chooseFields(options, SITE_FIELDS, []);
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
  const rows = await siteRows(zones, records.zones, host.system);
  print(formatShown(rows, fields, options, { colour }));
}
