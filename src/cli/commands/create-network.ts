import { parseAddress } from '../../domain/address.ts';
import { parseNetworkName } from '../../domain/names.ts';
import type { Network } from '../../domain/network.ts';
import { formatPrefix, parsePrefix } from '../../domain/prefix.ts';
import { proxyOf } from '../../domain/zone-record.ts';
import { createNetwork, type NetworkRequest, planCreateNetwork } from '../../host/create-network.ts';
import { readRecords } from '../../host/store.ts';
import { type CliCommand, type Context, NOTHING_CHANGED, reading } from '../command.ts';
import { formatPlan } from '../print-plan.ts';

interface Options {
  readonly address?: ReturnType<typeof parsePrefix>;
  readonly router?: ReturnType<typeof parseAddress>;
  readonly dryRun?: true;
  readonly verbose?: true;
}

export const createNetworkCommand: CliCommand = {
  configure(command, act) {
    command
      .argument('<name>', 'name of the network')
      .option(
        '-a, --address <prefix>',
        'its prefix, like 10.2.0.0/24 (default: the next free one of the pool)',
        reading(parsePrefix),
      )
      .option('-r, --router <address>', "its router's address (default: the bottom one)", reading(parseAddress))
      .option('-n, --dry-run', 'print what would be done, and change nothing')
      .option('-v, --verbose', 'print files too')
      .action((name: string, { address, router, dryRun, verbose }: Options) => {
        const request: NetworkRequest = {
          name: parseNetworkName(name),
          ...(address === undefined ? {} : { prefix: address }),
          ...(router === undefined ? {} : { router }),
        };
        act((context) => run(request, dryRun === true, verbose === true, context));
      });
  },
};

async function run(
  request: NetworkRequest,
  dryRun: boolean,
  verbose: boolean,
  { host, print }: Context,
): Promise<void> {
  if (dryRun) {
    print(formatPlan((await planCreateNetwork(request, host)).plan, verbose));
    print(NOTHING_CHANGED);
    return;
  }
  const network = await createNetwork(request, host);
  const { zones } = await readRecords(host.system);
  print(`${describe(network, proxyOf(network.name, zones)?.name)}\n`);
}

function describe({ name, prefixes, etherstub, routers }: Network, proxy: string | undefined): string {
  const who = proxy ?? `no proxy yet: create-zone -R ${name} ...`;
  return `network ${name}: ${prefixes.map(formatPrefix).join(', ')} on ${etherstub}, router ${routers.join(', ')} (${who})`;
}
