import { parseDomainName, parseZoneName } from '../../domain/names.ts';
import { parsePort } from '../../domain/port.ts';
import { describeSite, parseSitePath } from '../../domain/site.ts';
import { planUnpublish, type SiteKey, unpublish } from '../../host/sites.ts';
import { type CliCommand, type Context, reading } from '../command.ts';
import { DRY_RUN, type PlanOptions, printDryRun, VERBOSE } from '../print-plan.ts';

interface Options extends PlanOptions {
  readonly port?: number;
  readonly path?: string;
}

export const unpublishCommand: CliCommand = {
  configure(command, act) {
    command
      .argument('<zone>', 'the zone that serves it')
      .argument('[host]', 'name by which it is asked for (default: all)')
      .option('-p, --port <port>', 'only at this port outside', reading(parsePort))
      .option('--path <path>', 'only this part of the site', reading(parseSitePath))
      .addOption(DRY_RUN)
      .addOption(VERBOSE)
      .action((zone: string, name: string | undefined, { port, path, ...options }: Options) => {
        const key: SiteKey = {
          zone: parseZoneName(zone),
          ...(name === undefined ? {} : { host: parseDomainName(name) }),
          ...(port === undefined ? {} : { listen: port }),
          ...(path === undefined ? {} : { path }),
        };
        act((context) => run(key, options, context));
      });
  },
};

async function run(key: SiteKey, { dryRun, verbose }: PlanOptions, { host, print }: Context): Promise<void> {
  if (dryRun === true) {
    printDryRun((await planUnpublish(key, host)).plan, verbose, print);
    return;
  }
  const { sites, zone } = await unpublish(key, host);
  print(sites.map((site) => `site ${describeSite(site)}: zone ${zone.name}, unpublished\n`).join(''));
}
