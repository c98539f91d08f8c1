import { parseAnyZoneName, type ZoneName } from '../../domain/names.ts';
import { copyTemplate, planCopyTemplate } from '../../host/copied-templates.ts';
import { type CliCommand, type Context, reading } from '../command.ts';
import { DRY_RUN, type PlanOptions, printDryRun, VERBOSE } from '../print-plan.ts';

interface Options extends PlanOptions {
  readonly zone?: ZoneName;
}

export const copyTemplateCommand: CliCommand = {
  configure(command, act) {
    command
      .argument('<template>', 'a shipped template or partial: ipnat.conf, or filter-local')
      .option('-z, --zone <zone>', 'for this zone only (default: for all)', reading(parseAnyZoneName))
      .addOption(DRY_RUN)
      .addOption(VERBOSE)
      .action((template: string, options: Options) => act((context) => run(template, options, context)));
  },
};

async function run(template: string, { zone, dryRun, verbose }: Options, { host, print }: Context): Promise<void> {
  if (dryRun === true) {
    printDryRun((await planCopyTemplate(template, zone, host)).plan, verbose, print);
    return;
  }
  const { path } = await copyTemplate(template, zone, host);
  print(
    `${path}: as shipped; edit it\n  to see what it changes:   znetadm render ZONE\n  to give it to zones:      znetadm repair\n`,
  );
}
