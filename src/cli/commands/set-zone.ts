import { OperatorError } from '../../domain/errors.ts';
import type { LinkWishes } from '../../domain/link-wishes.ts';
import { type GroupName, type LinkName, parseAnyZoneName, parseGroupName } from '../../domain/names.ts';
import { formatWishes, planSetZone, setZone, type ZoneSettings } from '../../host/set-zone.ts';
import { type CliCommand, type Context, collecting } from '../command.ts';
import { parseWishes } from '../link-options.ts';
import { DRY_RUN, type PlanOptions, printDryRun, VERBOSE } from '../print-plan.ts';
import { describeFollowing } from '../rule-words.ts';

interface Options extends PlanOptions {
  readonly group?: readonly GroupName[];
  readonly notGroup?: readonly GroupName[];
  readonly link?: readonly (readonly [LinkName, LinkWishes])[];
}

export const setZoneCommand: CliCommand = {
  configure(command, act) {
    command
      .argument('<zone>', 'name of the zone')
      .option('-g, --group <group>', 'put it into a group that rules name (repeatable)', collecting(parseGroupName))
      .option('-G, --not-group <group>', 'take it out of a group (repeatable)', collecting(parseGroupName))
      .option(
        '-l, --link <link,what>',
        'what a link of it may use: maxbw=50M, 2G or none, priority=low, medium or high, parted by commas (repeatable)',
        collecting(parseWishes),
      )
      .addOption(DRY_RUN)
      .addOption(VERBOSE)
      .action((name: string, { group = [], notGroup = [], link = [], ...options }: Options) => {
        const both = group.find((one) => notGroup.includes(one));
        if (both !== undefined) throw new OperatorError('USAGE', `group "${both}" is named with -g and with -G`);
        if (group.length + notGroup.length + link.length === 0) {
          throw new OperatorError('USAGE', 'nothing is asked for', { hint: 'See: znetadm set-zone --help' });
        }
        const change = { zone: parseAnyZoneName(name), add: group, remove: notGroup, links: new Map(link) };
        act((context) => run(change, options, context));
      });
  },
};

async function run(change: ZoneSettings, { dryRun, verbose }: Options, { host, print }: Context): Promise<void> {
  if (dryRun === true) {
    printDryRun((await planSetZone(change, host)).plan, verbose, print);
    return;
  }
  const done = await setZone(change, host);
  const { name, groups } = done.zone;
  const isGrouped = change.add.length + change.remove.length > 0;
  print(
    [
      ...(isGrouped ? [`zone ${name}: groups ${groups.length === 0 ? 'none' : groups.join(', ')}`] : []),
      ...[...change.links].map(([link, wishes]) => `zone ${name}: ${link} ${formatWishes(wishes)}`),
      ...describeFollowing(done),
      '',
    ].join('\n'),
  );
}
