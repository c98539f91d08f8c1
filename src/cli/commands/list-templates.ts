import { parseAnyZoneName, type ZoneName } from '../../domain/names.ts';
import { hasMethod } from '../../domain/zone-record.ts';
import { siteTemplates } from '../../host/site-templates.ts';
import { findZone, readRecords } from '../../host/store.ts';
import { createOutlooks, ownNames, TEMPLATE_FIELDS, templateRows } from '../../host/zone-templates.ts';
import type { CliCommand, Context } from '../command.ts';
import { AS_JSON, chooseFields, formatShown, outputOption, PARSABLE, type ShowOptions } from '../fields.ts';

const HELP = `
ORIGIN is "zone" (in the zone itself; seen while it runs), "host for this zone", "host", or "shipped"; the first that has a template wins.
`;

export const listTemplatesCommand: CliCommand = {
  configure(command, act) {
    command
      .argument('[zone]', 'name of the zone (default: all)')
      .addOption(PARSABLE)
      .addOption(outputOption(TEMPLATE_FIELDS))
      .addOption(AS_JSON)
      .addHelpText('after', HELP)
      .action((name: string | undefined, options: ShowOptions) => {
        const zone = name === undefined ? undefined : parseAnyZoneName(name);
        const fields = chooseFields(options, TEMPLATE_FIELDS, []);
        act((context) => run(zone, fields, options, context));
      });
  },
};

async function run(
  name: ZoneName | undefined,
  fields: readonly string[],
  options: ShowOptions,
  { host, print, colour }: Context,
): Promise<void> {
  const records = await readRecords(host.system);
  const zones = name === undefined ? records.zones.filter(hasMethod) : [findZone(name, records)];
  const outlookOf = await createOutlooks(siteTemplates(host.system), host.system);
  const rowsOf = async (zone: ZoneName) => {
    const outlook = await outlookOf(zone);
    return templateRows(outlook, await ownNames(outlook, host.system));
  };
  const rows = (await Promise.all(zones.map((zone) => rowsOf(zone.name)))).flat();
  print(formatShown(rows, fields, options, { colour, grouped: ['zone'] }));
}
