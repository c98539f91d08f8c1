import { OperatorError } from '../../domain/errors.ts';
import { parseAnyZoneName, type ZoneName } from '../../domain/names.ts';
import { hasMethod } from '../../domain/zone-record.ts';
import { type OutgrownTemplate, outgrownTemplates } from '../../host/copied-templates.ts';
import { siteTemplates } from '../../host/site-templates.ts';
import { findZone, readRecords } from '../../host/store.ts';
import { createOutlooks, renderOutlook } from '../../host/zone-templates.ts';
import type { CliCommand, Context } from '../command.ts';
import { showDifference } from '../show-difference.ts';

export const checkTemplateCommand: CliCommand = {
  configure(command, act) {
    command
      .argument('[zone]', 'the templates that this zone is given (default: all zones)')
      .action((name: string | undefined) => {
        const zone = name === undefined ? undefined : parseAnyZoneName(name);
        act((context) => run(zone, context));
      });
  },
};

/** Every fault of every zone's templates is told once; an override that an upgrade has left behind is no fault. */
async function run(name: ZoneName | undefined, { host, print, complain }: Context): Promise<void> {
  const records = await readRecords(host.system);
  const zones = name === undefined ? records.zones.filter(hasMethod) : [findZone(name, records)];
  const site = siteTemplates(host.system);
  const [told, outgrown] = [new Set<string>(), new Map<string, OutgrownTemplate>()];
  const outlookOf = await createOutlooks(site, host.system);
  for (const zone of zones) {
    try {
      await site.prepare(await site.read(zone.name));
      const outlook = await outlookOf(zone.name);
      await renderOutlook(outlook, []);
      for (const one of await outgrownTemplates(outlook.layers, host.system)) outgrown.set(one.path, one);
    } catch (error) {
      if (!(error instanceof OperatorError)) throw error;
      if (!told.has(error.message)) complain(error);
      told.add(error.message);
    }
  }
  for (const one of outgrown.values()) print(describe(one));
  if (told.size > 0) {
    const count = told.size === 1 ? 'one fault' : `${told.size} faults`;
    throw new OperatorError('TEMPLATE_INVALID', `Cannot use the templates of the host: ${count}`);
  }
  print(`templates of ${zones.length === 1 ? `zone ${zones[0]?.name}` : `${zones.length} zones`}: in order\n`);
}

/** The three-way difference: what the software has changed since, and what the site has. */
function describe({ name, path, texts: { base, own, shipped } }: OutgrownTemplate): string {
  const began = { name: `${name} (as it began)`, text: base };
  return [
    `${path}: it began from an older shipped ${name}\n`,
    'what the software has changed since:\n',
    showDifference(began, { name: `${name} (shipped now)`, text: shipped }),
    'what is changed here:\n',
    showDifference(began, { name: path, text: own }) || '  nothing: without it the shipped one is used\n',
  ].join('');
}
