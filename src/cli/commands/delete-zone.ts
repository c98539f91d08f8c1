import { parseZoneName, type ZoneName } from '../../domain/names.ts';
import { deleteZone, planDeleteZone, removalPlan } from '../../host/delete-zone.ts';
import type { CliCommand, Context } from '../command.ts';
import { tellingDeadRules } from '../dead-rules.ts';
import { DRY_RUN, type PlanOptions, printDryRun, VERBOSE } from '../print-plan.ts';

interface Options extends PlanOptions {
  readonly recursive?: true;
}

export const deleteZoneCommand: CliCommand = {
  configure(command, act) {
    command
      .argument('<name>', 'name of the zone')
      .option('-r, --recursive', 'the zones behind it first')
      .addOption(DRY_RUN)
      .addOption(VERBOSE)
      .action((name: string, options: Options) => {
        const zone = parseZoneName(name);
        act((context) => run(zone, options, context));
      });
  },
};

async function run(name: ZoneName, { recursive, dryRun, verbose }: Options, context: Context): Promise<void> {
  const { host, print } = context;
  if (dryRun === true) {
    const removals = await planDeleteZone(name, recursive === true, host);
    printDryRun(removals.flatMap(removalPlan), verbose, print);
    return;
  }
  await tellingDeadRules(context, async () => {
    for (const zone of await deleteZone(name, recursive === true, host)) print(`zone ${zone}: deleted\n`);
  });
}
