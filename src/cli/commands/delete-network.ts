import { type NetworkName, parseNetworkName } from '../../domain/names.ts';
import {
  deleteNetwork,
  deleteNetworkAndZones,
  planDeleteNetwork,
  planDeleteNetworkAndZones,
} from '../../host/delete-network.ts';
import { removalPlan } from '../../host/delete-zone.ts';
import type { Host } from '../../host/host.ts';
import type { HostPlan } from '../../plan/host-step.ts';
import type { CliCommand, Context } from '../command.ts';
import { tellingDeadRules } from '../dead-rules.ts';
import { DRY_RUN, type PlanOptions, printDryRun, VERBOSE } from '../print-plan.ts';

interface Options extends PlanOptions {
  readonly recursive?: true;
}

export const deleteNetworkCommand: CliCommand = {
  configure(command, act) {
    command
      .argument('<name>', 'name of the network')
      .option('-r, --recursive', 'the zones on it first, its proxy too')
      .addOption(DRY_RUN)
      .addOption(VERBOSE)
      .action((name: string, options: Options) => {
        const network = parseNetworkName(name);
        act((context) => run(network, options, context));
      });
  },
};

async function run(name: NetworkName, options: Options, context: Context): Promise<void> {
  const { host, print } = context;
  const recursive = options.recursive === true;
  if (options.dryRun === true) {
    printDryRun(await plan(name, recursive, host), options.verbose, print);
    return;
  }
  await tellingDeadRules(context, async () => {
    if (recursive) for (const zone of await deleteNetworkAndZones(name, host)) print(`zone ${zone}: deleted\n`);
    else await deleteNetwork(name, host);
    print(`network ${name}: deleted\n`);
  });
}

async function plan(name: NetworkName, recursive: boolean, host: Host): Promise<HostPlan> {
  if (!recursive) return (await planDeleteNetwork(name, host)).plan;
  const { zones, network } = await planDeleteNetworkAndZones(name, host);
  return [...zones.flatMap(removalPlan), ...network];
}
