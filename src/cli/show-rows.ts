import { parseAnyZoneName } from '../domain/names.ts';
import type { ZoneRecord } from '../domain/zone-record.ts';
import type { Records } from '../host/store.ts';
import type { System } from '../system/system.ts';
import { chosenZones } from './chosen-zones.ts';
import type { CliCommand } from './command.ts';
import { AS_JSON, chooseFields, formatShown, outputOption, PARSABLE, type ShowOptions } from './fields.ts';
import type { Row } from './table.ts';

/** What a command shows of one zone, or of all. */
interface Shown<F extends string> {
  /** What the argument [zone] means: "name of the zone that …". */
  readonly argument: string;
  readonly fields: readonly F[];
  readonly grouped?: readonly F[];
  rows(zones: readonly ZoneRecord[], records: Records, system: System): readonly Row[] | Promise<readonly Row[]>;
}

/** The command that shows rows of the zone that is named, or of all: as a table, for programs, or as JSON. */
export function showCommand<F extends string>({ argument, fields: known, grouped = [], rows }: Shown<F>): CliCommand {
  return {
    configure(command, act) {
      command
        .argument('[zone]', `${argument} (default: all)`)
        .addOption(PARSABLE)
        .addOption(outputOption(known))
        .addOption(AS_JSON)
        .action((name: string | undefined, options: ShowOptions) => {
          const zone = name === undefined ? undefined : parseAnyZoneName(name);
          const fields = chooseFields(options, known, []);
          act(async (context) => {
            const { records, zones } = await chosenZones(zone, context);
            const shown = await rows(zones, records, context.host.system);
            context.print(formatShown(shown, fields, options, { colour: context.colour, grouped }));
          });
        });
    },
  };
}
