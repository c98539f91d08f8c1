import { OperatorError } from '../../domain/errors.ts';
import { type GroupName, parseAnyZoneName, parseGroupName } from '../../domain/names.ts';
import { type GroupChange, planSetGroups, setGroups } from '../../host/rules.ts';
import { type CliCommand, type Context, collecting } from '../command.ts';
import { DRY_RUN, type PlanOptions, printDryRun, VERBOSE } from '../print-plan.ts';
import { describeFollowing } from '../rule-words.ts';

interface Options extends PlanOptions {
  readonly group?: readonly GroupName[];
  readonly notGroup?: readonly GroupName[];
}

export const setZoneCommand: CliCommand = {
  configure(command, act) {
    command
      .argument('<zone>', 'name of the zone')
      .option('-g, --group <group>', 'put it into a group that rules name (repeatable)', collecting(parseGroupName))
      .option('-G, --not-group <group>', 'take it out of a group (repeatable)', collecting(parseGroupName))
      .addOption(DRY_RUN)
      .addOption(VERBOSE)
      .action((name: string, { group = [], notGroup = [], ...options }: Options) => {
        const both = group.find((one) => notGroup.includes(one));
        if (both !== undefined) throw new OperatorError('USAGE', `group "${both}" is named with -g and with -G`);
        if (group.length + notGroup.length === 0) {
          throw new OperatorError('USAGE', 'nothing is asked for', { hint: 'See: znetadm set-zone --help' });
        }
        const change = { zone: parseAnyZoneName(name), add: group, remove: notGroup };
        act((context) => run(change, options, context));
      });
  },
};

async function run(change: GroupChange, { dryRun, verbose }: Options, { host, print }: Context): Promise<void> {
  if (dryRun === true) {
    printDryRun((await planSetGroups(change, host)).plan, verbose, print);
    return;
  }
  const done = await setGroups(change, host);
  const { name, groups } = done.zone;
  print(
    [`zone ${name}: groups ${groups.length === 0 ? 'none' : groups.join(', ')}`, ...describeFollowing(done), ''].join(
      '\n',
    ),
  );
}
