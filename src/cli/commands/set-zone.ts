import { type Address, parseAddress } from '../../domain/address.ts';
import { OperatorError } from '../../domain/errors.ts';
import type { LinkWishes } from '../../domain/link-wishes.ts';
import { type GroupName, type LinkName, parseAnyZoneName, parseGroupName, type ZoneName } from '../../domain/names.ts';
import type { StaticRoute } from '../../domain/static-route.ts';
import { hasMethod } from '../../domain/zone-record.ts';
import { formatAddresses, formatWishes, planSetZone, setZone, type ZoneSettings } from '../../host/set-zone.ts';
import type { AddressRequest } from '../../host/zone-request.ts';
import { type CliCommand, type Context, collecting } from '../command.ts';
import { parseAddresses, parseRoute, parseWishes } from '../link-options.ts';
import { DRY_RUN, type PlanOptions, printDryRun, VERBOSE } from '../print-plan.ts';
import { describeFollowing } from '../rule-words.ts';

interface Options extends PlanOptions {
  readonly group?: readonly GroupName[];
  readonly notGroup?: readonly GroupName[];
  readonly link?: readonly (readonly [LinkName, LinkWishes])[];
  readonly address?: readonly (readonly [LinkName, AddressRequest])[];
  readonly router?: readonly Address[];
  /** Undefined in it: "none". */
  readonly route?: readonly (StaticRoute | undefined)[];
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
      .option(
        '-a, --address <link=address>',
        'addresses of a link in place of its own, written as behind -N of create-zone for one on a network, as behind -x for one outside (repeatable)',
        collecting(parseAddresses),
      )
      .option(
        '-r, --router <address>',
        'default router outside, in place of the one of its family',
        collecting(parseAddress),
      )
      .option(
        '--route <prefix=router>',
        'all routes beside the default one, or "none" (repeatable)',
        collecting(parseRouteOrNone),
      )
      .addOption(DRY_RUN)
      .addOption(VERBOSE)
      .action((name: string, options: Options) => {
        const change = toSettings(parseAnyZoneName(name), options);
        act((context) => run(change, options, context));
      });
  },
};

/** @throws {OperatorError} USAGE */
function toSettings(
  zone: ZoneName,
  { group = [], notGroup = [], link = [], address = [], router = [], route }: Options,
): ZoneSettings {
  const both = group.find((one) => notGroup.includes(one));
  if (both !== undefined) throw new OperatorError('USAGE', `group "${both}" is named with -g and with -G`);
  if ([group, notGroup, link, address, router, route ?? []].every(({ length }) => length === 0)) {
    throw new OperatorError('USAGE', 'nothing is asked for', { hint: 'See: znetadm set-zone --help' });
  }
  const routes = route?.filter((one) => one !== undefined);
  if (routes !== undefined && routes.length > 0 && routes.length < (route?.length ?? 0)) {
    throw new OperatorError('USAGE', '--route none stands alone');
  }
  return {
    zone,
    add: group,
    remove: notGroup,
    links: new Map(link),
    addresses: new Map(address),
    routers: router,
    ...(routes === undefined ? {} : { routes }),
  };
}

const parseRouteOrNone = (text: string) => (text === 'none' ? undefined : parseRoute(text));

async function run(change: ZoneSettings, { dryRun, verbose }: Options, { host, print }: Context): Promise<void> {
  if (dryRun === true) {
    printDryRun((await planSetZone(change, host)).plan, verbose, print);
    return;
  }
  const done = await setZone(change, host);
  const { name, groups } = done.zone;
  const isReaddressed = change.addresses.size + change.routers.length > 0 || change.routes !== undefined;
  const isGrouped = change.add.length + change.remove.length > 0;
  print(
    [
      ...(isGrouped ? [`zone ${name}: groups ${groups.length === 0 ? 'none' : groups.join(', ')}`] : []),
      ...[...change.links].map(([link, wishes]) => `zone ${name}: ${link} ${formatWishes(wishes)}`),
      ...(isReaddressed ? [`zone ${name}: ${formatAddresses(done.zone)}`] : []),
      ...(isReaddressed && !hasMethod(done.zone) ? ['  applied when it asks for its lease again'] : []),
      ...describeFollowing(done),
      '',
    ].join('\n'),
  );
}
