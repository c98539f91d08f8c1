import { parseAnyZoneName, type ZoneName } from '../../domain/names.ts';
import { formatInterfaceAddress } from '../../domain/prefix.ts';
import {
  inOrder,
  MORE_ZONE_FIELDS,
  observeShownZones,
  type ShownZone,
  withProtection,
  ZONE_FIELDS,
  zoneRows,
} from '../../host/show-zones.ts';
import { chosenZones } from '../chosen-zones.ts';
import type { CliCommand, Context } from '../command.ts';
import { chooseFields, formatRows, outputOption, PARSABLE, type ShowOptions } from '../fields.ts';

/** Fields of a zone, not of its link: shown once in a table. */
const GROUPED = ['zone', 'role', 'state', 'applied', 'brand', 'zonepath', 'autoboot', 'id'];

export const showZoneCommand: CliCommand = {
  configure(command, act) {
    command
      .argument('[name]', 'name of a zone (default: all)')
      .addOption(PARSABLE)
      .addOption(outputOption([...ZONE_FIELDS, ...MORE_ZONE_FIELDS]))
      .option('--json', 'the records as JSON, and what is live')
      .action((name: string | undefined, options: ShowOptions) => {
        const zone = name === undefined ? undefined : parseAnyZoneName(name);
        const fields = chooseFields(options, ZONE_FIELDS, MORE_ZONE_FIELDS);
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
  const { zones } = await chosenZones(name, context);
  const asked =
    options.json === true || fields.includes('applied') ? 'applied' : fields.includes('state') ? 'state' : 'nothing';
  const known = await observeShownZones(inOrder(zones), asked, host.system);
  const links = fields.includes('protection') || fields.includes('allowed');
  const shown = links ? await withProtection(known, host.system) : known;
  if (options.json === true) print(`${JSON.stringify(shown.map(toJson), null, 2)}\n`);
  else
    print(
      formatRows(
        shown.flatMap((zone) => zoneRows(zone, fields)),
        fields,
        options,
        { colour, grouped: GROUPED },
      ),
    );
}

function toJson({ record: { nics, state: _, ...record }, state, applied }: ShownZone) {
  return {
    ...record,
    state,
    applied,
    nics: nics.map((nic) => ({ ...nic, addresses: nic.addresses.map(formatInterfaceAddress) })),
  };
}
