import { OperatorError } from '../../domain/errors.ts';
import { planLinkRepair, repairLinks } from '../../host/repair-links.ts';
import type { CliCommand, Context } from '../command.ts';
import { DRY_RUN, printDryRun } from '../print-plan.ts';

export const repairLinksCommand: CliCommand = {
  configure(command, act) {
    command
      .addOption(DRY_RUN)
      .action(({ dryRun }: { dryRun?: true }) => act((context) => run(dryRun === true, context)));
  },
};

async function run(dryRun: boolean, { host, print, complain }: Context): Promise<void> {
  const { plan, faults } = dryRun ? await planLinkRepair(host) : await repairLinks(host);
  for (const fault of faults) complain(fault);
  if (dryRun) {
    printDryRun(plan, false, print);
  }
  if (faults.length > 0) {
    const count = faults.length === 1 ? 'one fault has' : `${faults.length} faults have`;
    throw new OperatorError('DRIFT', `Cannot make all links as recorded: ${count} to be mended by hand`);
  }
  if (!dryRun) print('links are as recorded\n');
}
