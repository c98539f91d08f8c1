import {
  type LinkName,
  type NetworkName,
  parseAnyZoneName,
  parseLinkName,
  parseNetworkName,
  type ZoneName,
} from '../../domain/names.ts';
import { detachZone, planDetachZone } from '../../host/detach-zone.ts';
import { type CliCommand, type Context, collecting } from '../command.ts';
import { tellingDeadRules } from '../dead-rules.ts';
import { DRY_RUN, type PlanOptions, printDryRun, VERBOSE } from '../print-plan.ts';

interface Options extends PlanOptions {
  readonly network?: readonly NetworkName[];
  readonly link?: readonly LinkName[];
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
      .option(
        '-l, --link <link>',
        'only this link outside, of a proxy that has another (repeatable)',
        collecting(parseLinkName),
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
  { network = [], link = [], dryRun, verbose }: Options,
  context: Context,
): Promise<void> {
  const { host, print } = context;
  const what = { networks: network, links: link };
  if (dryRun === true) {
    printDryRun(await planDetachZone(name, what, host), verbose, print);
    return;
  }
  await tellingDeadRules(context, async () => {
    await detachZone(name, what, host);
    const from = [...network, ...link];
    print(`zone ${name}: detached${from.length === 0 ? '' : ` from ${from.join(', ')}`}\n`);
  });
}
