import { type NetworkName, parseAnyZoneName, parseNetworkName, type ZoneName } from '../../domain/names.ts';
import { detachZone, planDetachZone } from '../../host/detach-zone.ts';
import { type CliCommand, type Context, collecting } from '../command.ts';
import { DRY_RUN, type PlanOptions, printDryRun, VERBOSE } from '../print-plan.ts';

interface Options extends PlanOptions {
  readonly network?: readonly NetworkName[];
}

export const detachZoneCommand: CliCommand = {
  configure(command, act) {
    command
      .argument('<name>', 'name of the zone')
      .option(
        '-N, --network <network>',
        'only its links on this network (repeatable); also of a zone that znetadm made',
        collecting(parseNetworkName),
      )
      .addOption(DRY_RUN)
      .addOption(VERBOSE)
      .action((name: string, options: Options) => {
        const zone = parseAnyZoneName(name);
        act((context) => run(zone, options, context));
      });
  },
};

async function run(
  name: ZoneName,
  { network = [], dryRun, verbose }: Options,
  { host, print }: Context,
): Promise<void> {
  if (dryRun === true) {
    printDryRun(await planDetachZone(name, network, host), verbose, print);
    return;
  }
  await detachZone(name, network, host);
  print(`zone ${name}: detached${network.length === 0 ? '' : ` from ${network.join(', ')}`}\n`);
}
