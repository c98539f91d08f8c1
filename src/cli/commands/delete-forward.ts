import { type Address, parseAddress } from '../../domain/address.ts';
import { describeForward } from '../../domain/forward.ts';
import { deleteForward, type ForwardKey, planDeleteForward } from '../../host/forwards.ts';
import { type CliCommand, type Context, reading } from '../command.ts';
import { parseOutsidePort } from '../forward-words.ts';
import { DRY_RUN, type PlanOptions, printDryRun, VERBOSE } from '../print-plan.ts';

interface Options extends PlanOptions {
  readonly address?: Address;
}

export const deleteForwardCommand: CliCommand = {
  configure(command, act) {
    command
      .argument('<protocol/port>', 'as show-forward has it: tcp/443, udp/5000-5009')
      .option('-a, --address <address>', 'its outside address, when several have that port', reading(parseAddress))
      .addOption(DRY_RUN)
      .addOption(VERBOSE)
      .action((what: string, { address, ...options }: Options) => {
        const key = { ...parseOutsidePort(what), ...(address === undefined ? {} : { outside: address }) };
        act((context) => run(key, options, context));
      });
  },
};

async function run(key: ForwardKey, { dryRun, verbose }: Options, { host, print }: Context): Promise<void> {
  if (dryRun === true) {
    printDryRun((await planDeleteForward(key, host)).plan, verbose, print);
    return;
  }
  const { forward, zone } = await deleteForward(key, host);
  print(`forward ${describeForward(forward)}: to zone ${zone.name}, deleted\n`);
}
