import { type NetworkName, parseNetworkName } from '../../domain/names.ts';
import { deleteNetwork, planDeleteNetwork } from '../../host/delete-network.ts';
import { type CliCommand, type Context, NOTHING_CHANGED } from '../command.ts';
import { formatPlan } from '../print-plan.ts';

export const deleteNetworkCommand: CliCommand = {
  configure(command, act) {
    command
      .argument('<name>', 'name of the network')
      .option('-n, --dry-run', 'print what would be done, and change nothing')
      .option('-v, --verbose', 'print files too')
      .action((name: string, { dryRun, verbose }: { dryRun?: true; verbose?: true }) => {
        const network = parseNetworkName(name);
        act((context) => run(network, dryRun === true, verbose === true, context));
      });
  },
};

async function run(name: NetworkName, dryRun: boolean, verbose: boolean, { host, print }: Context): Promise<void> {
  if (dryRun) {
    print(formatPlan(await planDeleteNetwork(name, host), verbose));
    print(NOTHING_CHANGED);
    return;
  }
  await deleteNetwork(name, host);
  print(`network ${name}: deleted\n`);
}
