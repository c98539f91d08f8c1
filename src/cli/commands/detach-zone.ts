import { type NetworkName, parseNetworkName, parseZoneName, type ZoneName } from '../../domain/names.ts';
import { detachZone, planDetachZone } from '../../host/detach-zone.ts';
import { type CliCommand, type Context, collecting, NOTHING_CHANGED } from '../command.ts';
import { formatPlan } from '../print-plan.ts';

interface Options {
  readonly network?: readonly NetworkName[];
  readonly dryRun?: true;
  readonly verbose?: true;
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
      .option('-n, --dry-run', 'print what would be done, and change nothing')
      .option('-v, --verbose', 'print files too')
      .action((name: string, options: Options) => {
        const zone = parseZoneName(name);
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
    print(formatPlan(await planDetachZone(name, network, host), verbose === true));
    print(NOTHING_CHANGED);
    return;
  }
  await detachZone(name, network, host);
  print(`zone ${name}: detached${network.length === 0 ? '' : ` from ${network.join(', ')}`}\n`);
}
