import { parseZoneName, type ZoneName } from '../../domain/names.ts';
import { copyTemplate, planCopyTemplate } from '../../host/copied-templates.ts';
import { type CliCommand, type Context, NOTHING_CHANGED, reading } from '../command.ts';
import { formatPlan } from '../print-plan.ts';

interface Options {
  readonly zone?: ZoneName;
  readonly dryRun?: true;
  readonly verbose?: true;
}

export const copyTemplateCommand: CliCommand = {
  configure(command, act) {
    command
      .argument('<template>', 'a shipped template or partial: ipnat.conf, or filter-local')
      .option('-z, --zone <zone>', 'for this zone only (default: for all)', reading(parseZoneName))
      .option('-n, --dry-run', 'print what would be done, and change nothing')
      .option('-v, --verbose', 'print files too')
      .action((template: string, options: Options) => act((context) => run(template, options, context)));
  },
};

async function run(template: string, { zone, dryRun, verbose }: Options, { host, print }: Context): Promise<void> {
  if (dryRun === true) {
    print(formatPlan((await planCopyTemplate(template, zone, host)).plan, verbose === true));
    print(NOTHING_CHANGED);
    return;
  }
  const { path } = await copyTemplate(template, zone, host);
  print(
    `${path}: as shipped; edit it\n  to see what it changes:   znetadm render ZONE\n  to give it to zones:      znetadm repair\n`,
  );
}
