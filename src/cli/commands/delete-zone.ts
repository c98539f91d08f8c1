import { parseZoneName, type ZoneName } from '../../domain/names.ts';
import { deleteZone, planDeleteZone, removalPlan } from '../../host/delete-zone.ts';
import { type CliCommand, type Context, NOTHING_CHANGED } from '../command.ts';
import { formatPlan } from '../print-plan.ts';

interface Options {
  readonly recursive?: true;
  readonly dryRun?: true;
  readonly verbose?: true;
}

export const deleteZoneCommand: CliCommand = {
  configure(command, act) {
    command
      .argument('<name>', 'name of the zone')
      .option('-r, --recursive', 'the zones behind it first')
      .option('-n, --dry-run', 'print what would be done, and change nothing')
      .option('-v, --verbose', 'print files too')
      .action((name: string, options: Options) => {
        const zone = parseZoneName(name);
        act((context) => run(zone, options, context));
      });
  },
};

async function run(name: ZoneName, { recursive, dryRun, verbose }: Options, { host, print }: Context): Promise<void> {
  if (dryRun === true) {
    const removals = await planDeleteZone(name, recursive === true, host);
    print(formatPlan(removals.flatMap(removalPlan), verbose === true));
    print(NOTHING_CHANGED);
    return;
  }
  for (const zone of await deleteZone(name, recursive === true, host)) print(`zone ${zone}: deleted\n`);
}
