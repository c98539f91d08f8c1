import { OperatorError } from '../../domain/errors.ts';
import { importRecords, planImport } from '../../host/import-records.ts';
import { parseBundle } from '../../ini/bundle.ts';
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
  const text = await host.system.readInput(file);
  if (text === undefined) throw new OperatorError('NOT_FOUND', `Cannot import "${file}": there is no such file`);
  const bundle = parseBundle(text, file);
  if (dryRun === true) {
    printDryRun(await planImport(bundle, host), verbose, print);
    return;
  }
  await importRecords(bundle, host);
  const { networks, zones } = bundle;
  print(`imported: ${networks.length} networks, ${zones.length} zones; nothing live was changed: znetadm check\n`);
}
