import { OperatorError } from '../../domain/errors.ts';
import { clearEmptied } from '../../host/leftovers.ts';
import { type Convergence, planSync, sync } from '../../host/sync.ts';
import type { CliCommand, Context } from '../command.ts';
import { DRY_RUN, type PlanOptions, printDryRun, VERBOSE } from '../print-plan.ts';

export const repairCommand: CliCommand = {
  configure(command, act) {
    command
      .addOption(DRY_RUN)
      .addOption(VERBOSE)
      .action((options: PlanOptions) => act((context) => run(options, context)));
  },
};

async function run({ dryRun, verbose }: PlanOptions, { host, print, complain }: Context): Promise<void> {
  if (dryRun === true) {
    const { plan, faults } = await planSync(host);
    for (const fault of faults) complain(fault);
    printDryRun(plan, verbose, print);
    if (faults.length > 0) throw drift(faults.length, plan.length);
    return;
  }
  // Most often there is nothing to do, and one look tells.
  if (isInOrder(await planSync(host))) await clearEmptied(host);
  else {
    const { faults } = await sync(host);
    for (const fault of faults) complain(fault);
    const { plan } = await planSync(host);
    if (!isInOrder({ plan, faults })) throw drift(faults.length, plan.length);
  }
  print('everything is as recorded\n');
}

const isInOrder = ({ plan, faults }: Convergence) => plan.length === 0 && faults.length === 0;

/** What is left when nothing more can be done: faults for a person, or steps that did not take. */
function drift(faults: number, steps: number): OperatorError {
  const count = faults === 1 ? 'one fault has' : `${faults} faults have`;
  const message = faults > 0 ? `${count} to be mended by hand` : `${steps} steps are still to do`;
  return new OperatorError('DRIFT', `Cannot make everything as recorded: ${message}`, { hint: 'See: znetadm check' });
}
