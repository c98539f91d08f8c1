import { importRecords, planImport } from '../../host/import-records.ts';
import { parseBundle } from '../../ini/bundle.ts';
import { readInput } from '../../system/read-input.ts';
import type { CliCommand, Context } from '../command.ts';
import { DRY_RUN, type PlanOptions, printDryRun, VERBOSE } from '../print-plan.ts';

export const importCommand: CliCommand = {
  configure(command, act) {
    command
      .argument('<file>', 'what znetadm export has written')
      .addOption(DRY_RUN)
      .addOption(VERBOSE)
      .action((file: string, options: PlanOptions) => act((context) => run(file, options, context)));
  },
};

async function run(file: string, { dryRun, verbose }: PlanOptions, { host, print }: Context): Promise<void> {
  const bundle = parseBundle(readInput(file, 'import'), file);
  if (dryRun === true) {
    printDryRun(await planImport(bundle, host), verbose, print);
    return;
  }
  await importRecords(bundle, host);
  const { networks, zones } = bundle;
  print(`imported: ${networks.length} networks, ${zones.length} zones; nothing live was changed: znetadm check\n`);
}
