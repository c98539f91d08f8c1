import { OperatorError } from '../../domain/errors.ts';
import { importRecords, planImport } from '../../host/import-records.ts';
import { parseBundle } from '../../ini/bundle.ts';
import { type CliCommand, type Context, NOTHING_CHANGED } from '../command.ts';
import { formatPlan } from '../print-plan.ts';

interface Options {
  readonly dryRun?: true;
  readonly verbose?: true;
}

export const importCommand: CliCommand = {
  configure(command, act) {
    command
      .argument('<file>', 'what znetadm export has written')
      .option('-n, --dry-run', 'print what would be done, and change nothing')
      .option('-v, --verbose', 'print files too')
      .action((file: string, options: Options) => act((context) => run(file, options, context)));
  },
};

async function run(file: string, { dryRun, verbose }: Options, { host, print }: Context): Promise<void> {
  const text = await host.system.readFile(file);
  if (text === undefined) throw new OperatorError('NOT_FOUND', `Cannot import "${file}": there is no such file`);
  const bundle = parseBundle(text, file);
  if (dryRun === true) {
    print(formatPlan(await planImport(bundle, host), verbose === true));
    print(NOTHING_CHANGED);
    return;
  }
  await importRecords(bundle, host);
  const { networks, zones } = bundle;
  print(`imported: ${networks.length} networks, ${zones.length} zones; nothing live was changed: znetadm check\n`);
}
