import { parseAnyZoneName, type ZoneName } from '../../domain/names.ts';
import { siteTemplates } from '../../host/site-templates.ts';
import { findZone, readRecords } from '../../host/store.ts';
import { contentInZone, createOutlooks, renderOutlook, withOwn } from '../../host/zone-templates.ts';
import { viewOf } from '../../render/views.ts';
import type { CliCommand, Context } from '../command.ts';
import { showDifference } from '../show-difference.ts';

interface Options {
  readonly values?: true;
  readonly all?: true;
}

const HELP = `
Made from what is published for the zone, the templates of the host as they are now, published or not, and, while the zone runs,
those of the zone itself.
`;

export const renderCommand: CliCommand = {
  configure(command, act) {
    command
      .argument('<zone>', 'name of the zone')
      .argument('[files...]', 'names of files, as list-templates has them: ipf.conf (default: all)')
      .option('-a, --all', 'whole files, also where the zone has them so')
      .option('-d, --values', 'the values that their templates are given, in place of the files')
      .addHelpText('after', HELP)
      .action((name: string, files: readonly string[], options: Options) => {
        const zone = parseAnyZoneName(name);
        act((context) => run(zone, files, options, context));
      });
  },
};

async function run(
  zone: ZoneName,
  names: readonly string[],
  { values, all }: Options,
  { host, print }: Context,
): Promise<void> {
  findZone(zone, await readRecords(host.system));
  const outlook = await withOwn(
    await (await createOutlooks(siteTemplates(host.system), host.system))(zone),
    host.system,
  );
  const rendered = await renderOutlook(outlook, names);
  const { metadata, running, vars } = outlook;
  for (const { file, content } of rendered) {
    if (values === true) {
      print(`# ${file.template}\n${JSON.stringify(viewOf(file.template, metadata, vars), null, 2)}\n`);
    } else if (all === true || !running) print(`# ${file.path}\n${content}`);
    else {
      const have = await contentInZone(zone, file.path, host.system);
      const wanted = { name: `${file.path} (as it would be)`, text: content };
      print(showDifference({ name: `${file.path} (in the zone)`, text: have }, wanted) || `${file.path}: the same\n`);
    }
  }
}
