import { parseAddress } from '../../domain/address.ts';
import { OperatorError } from '../../domain/errors.ts';
import { GLOBAL, type LinkName, parseLinkName, parseNetworkName } from '../../domain/names.ts';
import { formatPrefix, parseInterfaceAddress, parsePrefix } from '../../domain/prefix.ts';
import { type AdoptRequest, planAdoption } from '../../host/adopt.ts';
import type { Adopted } from '../../host/adopt-decide.ts';
import { importRecords, planImport } from '../../host/import-records.ts';
import { type CliCommand, type Context, collecting, reading } from '../command.ts';
import { type PlanOptions, printDryRun } from '../print-plan.ts';

interface Options extends PlanOptions {
  readonly etherstub?: LinkName;
  readonly zap?: true;
  readonly address?: ReturnType<typeof parsePrefix>;
  readonly router?: ReturnType<typeof parseAddress>;
  readonly interface?: readonly (readonly [string, ReturnType<typeof parseInterfaceAddress>])[];
  readonly gateway?: readonly (readonly [string, ReturnType<typeof parseAddress>])[];
  readonly leave?: readonly LinkName[];
}

export const adoptCommand: CliCommand = {
  configure(command, act) {
    command
      .argument('<network>', 'the name it gets')
      .option('-s, --etherstub <link>', 'the etherstub it is on', reading(parseLinkName))
      .option('-Z, --zap', "take etherstub, router and zones from the files of Tribblix's zap")
      .requiredOption('-a, --address <prefix>', 'its prefix, like 10.2.0.0/24', reading(parsePrefix))
      .option('-r, --router <address>', "its router's address (default: the bottom one)", reading(parseAddress))
      .option(
        '-i, --interface <link=address/length>',
        'the address of a link, where it cannot be seen (repeatable)',
        collecting(ofLink(parseInterfaceAddress)),
      )
      .option(
        '-g, --gateway <link=address>',
        'the default router outside by a link (repeatable)',
        collecting(ofLink(parseAddress)),
      )
      .option(
        '-l, --leave <link>',
        'a link over the etherstub that stays as it is (repeatable)',
        collecting(parseLinkName),
      )
      .option('-n, --dry-run', 'print what would be recorded, and change nothing')
      .option('-v, --verbose', 'print the records too')
      .action((name: string, options: Options) => {
        const request = toRequest(name, options);
        act((context) => run(request, options, context));
      });
  },
};

/** "znic1=10.2.0.2/24". */
function ofLink<T>(parse: (text: string) => T): (text: string) => readonly [string, T] {
  return (text) => {
    const equals = Math.max(0, text.indexOf('='));
    return [parseLinkName(text.slice(0, equals)), parse(text.slice(equals + 1))];
  };
}

function toRequest(name: string, options: Options): AdoptRequest {
  const { etherstub, zap, address, router, interface: given = [], gateway = [], leave = [] } = options;
  const from = zap === true ? 'zap' : etherstub;
  if (from === undefined || (zap === true && etherstub !== undefined) || address === undefined) {
    throw new OperatorError('USAGE', 'Cannot adopt a network: name its etherstub with -s, or zap with -Z', {
      hint: 'znetadm adopt -s zstub0 -a 10.2.0.0/24 back\nznetadm adopt -Z -a 10.2.0.0/24 back',
    });
  }
  return {
    name: parseNetworkName(name),
    prefix: address,
    from,
    ...(router === undefined ? {} : { router }),
    given: new Map(given),
    routers: new Map(gateway),
    left: leave,
  };
}

async function run(request: AdoptRequest, options: Options, { host, print }: Context): Promise<void> {
  const adopted = await planAdoption(request, host);
  const { links } = adopted.left;
  if (options.dryRun === true) {
    printDryRun(await planImport(adopted, host, 'adopt', links), options.verbose, print);
    return;
  }
  await importRecords(adopted, host, 'adopt', links);
  print(describe(adopted));
}

function describe({ networks, zones, left: { hostRouter, addresses } }: Adopted): string {
  const lines = [
    ...networks.map(({ name, prefixes, etherstub, routers }) => {
      const zone = zones.find(({ role }) => role === 'proxy')?.name ?? 'no proxy';
      const proxy = hostRouter === undefined ? zone : `the host itself by ${hostRouter}, which stays as it is`;
      return `network ${name}: ${prefixes.map(formatPrefix).join(', ')} on ${etherstub}, router ${routers.join(', ')} (${proxy})`;
    }),
    ...zones.map(({ name, nics }) => {
      const links = nics.map(({ link, over, addresses }) => `${link} over ${over} ${addresses[0]?.address ?? ''}`);
      return `zone ${name}: ${links.join(', ')}`;
    }),
    ...addresses
      .filter(({ zone }) => zone !== GLOBAL)
      .map(({ zone, address }) => `zone ${zone}: stays as it is; nobody gets ${address}`),
    'only records were written; what is not as znetadm makes it: znetadm check',
  ];
  return `${lines.join('\n')}\n`;
}
