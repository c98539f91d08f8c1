import { type Address, parseAddress } from '../../domain/address.ts';
import { OperatorError } from '../../domain/errors.ts';
import type { LinkWishes } from '../../domain/link-wishes.ts';
import { type GroupName, type LinkName, parseAnyZoneName, parseGroupName, type ZoneName } from '../../domain/names.ts';
import type { StaticRoute } from '../../domain/static-route.ts';
import { parseVar, parseVarName, type Vars } from '../../domain/vars.ts';
import { hasMethod } from '../../domain/zone-record.ts';
import type { ZoneChange } from '../../host/change-zone.ts';
import { isReaddressing } from '../../host/readdress-zone.ts';
import { formatAddresses, formatWishes, planSetZone, setZone, type ZoneSettings } from '../../host/set-zone.ts';
import type { AddressRequest } from '../../host/zone-request.ts';
import { type CliCommand, type Context, collecting } from '../command.ts';
import { tellingDeadRules } from '../dead-rules.ts';
import { parseAddresses, parseRoute, parseWishes } from '../link-options.ts';
import { DRY_RUN, type PlanOptions, printDryRun, VERBOSE } from '../print-plan.ts';
import { describeFollowing } from '../rule-words.ts';

interface Options extends PlanOptions {
  readonly group?: readonly GroupName[];
  readonly notGroup?: readonly GroupName[];
  readonly vars?: Vars;
  readonly unset?: readonly string[];
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
      .option('-V, --vars <name=value>', 'a value for its templates; twice the same name makes a list', parseVar)
      .option('-U, --unset <name>', 'take a value away (repeatable)', collecting(parseVarName))
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
  { group = [], notGroup = [], link = [], address = [], router = [], route, vars = {}, unset = [] }: Options,
): ZoneSettings {
  const both = group.find((one) => notGroup.includes(one));
  if (both !== undefined) throw new OperatorError('USAGE', `group "${both}" is named with -g and with -G`);
  const lists = [group, notGroup, link, address, router, route ?? [], Object.keys(vars), unset];
  if (lists.every(({ length }) => length === 0)) {
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
    vars,
    unset,
    ...(routes === undefined ? {} : { routes }),
  };
}

const parseRouteOrNone = (text: string) => (text === 'none' ? undefined : parseRoute(text));

async function run(change: ZoneSettings, { dryRun, verbose }: Options, context: Context): Promise<void> {
  const { host, print } = context;
  if (dryRun === true) {
    printDryRun((await planSetZone(change, host)).plan, verbose, print);
    return;
  }
  await tellingDeadRules(context, async () => print(describe(change, await setZone(change, host))));
}

function describe(change: ZoneSettings, done: ZoneChange): string {
  const { name, groups } = done.zone;
  const isReaddressed = isReaddressing(change);
  const isValued = Object.keys(change.vars).length + change.unset.length > 0;
  const isGrouped = change.add.length + change.remove.length > 0;
  return [
    ...(isGrouped ? [`zone ${name}: groups ${groups.length === 0 ? 'none' : groups.join(', ')}`] : []),
    ...[...change.links].map(([link, wishes]) => `zone ${name}: ${link} ${formatWishes(wishes)}`),
    ...(isValued ? [`zone ${name}: values ${describeVars(done.zone.vars)}`] : []),
    ...(isReaddressed ? [`zone ${name}: ${formatAddresses(done.zone)}`] : []),
    ...(isReaddressed && !hasMethod(done.zone) ? ['  applied when it asks for its lease again'] : []),
    ...describeFollowing(done),
    '',
  ].join('\n');
}

const describeVars = (vars: Vars) =>
  Object.entries(vars)
    .map(([name, value]) => `${name}=${typeof value === 'string' ? value : value.join(',')}`)
    .join(' ') || 'none';
