import { type Address, parseAddress } from '../../domain/address.ts';
import { OperatorError } from '../../domain/errors.ts';
import {
  type GroupName,
  type NetworkName,
  parseGroupName,
  parseNetworkName,
  parseZoneName,
  type ZoneName,
} from '../../domain/names.ts';
import { numberedNames } from '../../domain/numbered-names.ts';
import { formatInterfaceAddress } from '../../domain/prefix.ts';
import type { StaticRoute } from '../../domain/static-route.ts';
import { parseVar, type Vars } from '../../domain/vars.ts';
import { parseConfigLines } from '../../domain/zone-config-lines.ts';
import {
  parseBrand,
  parseTemplate,
  parseZonePath,
  proxyOf,
  type ZoneNic,
  type ZoneRecord,
} from '../../domain/zone-record.ts';
import { createZones, planCreateZones } from '../../host/create-zone.ts';
import { planOfCreations } from '../../host/plan-zones.ts';
import type { LinkRequest, MembershipRequest, OutsideRequest, ZoneRequest } from '../../host/zone-request.ts';
import { wholeNumber } from '../../ini/shape.ts';
import { readInput } from '../../system/read-input.ts';
import { type CliCommand, type Context, collecting, reading } from '../command.ts';
import { parseMembership, parseOutside, parseRoute } from '../link-options.ts';
import { DRY_RUN, type PlanOptions, printDryRun, VERBOSE } from '../print-plan.ts';

export interface LinkOptions {
  readonly routerOf?: readonly NetworkName[];
  readonly outside?: readonly OutsideRequest[];
  readonly router?: readonly Address[];
  readonly network?: readonly MembershipRequest[];
  readonly route?: readonly StaticRoute[];
}

interface Options extends LinkOptions, PlanOptions {
  readonly count?: number;
  readonly first?: number;
  readonly brand?: string;
  readonly zonepath?: string;
  readonly template?: string;
  readonly clone?: ZoneName;
  readonly file?: string;
  readonly sharedIp?: true;
  readonly autoboot: boolean;
  readonly install: boolean;
  readonly boot: boolean;
  readonly group?: readonly GroupName[];
  readonly vars?: Vars;
}

export const createZoneCommand: CliCommand = {
  configure(command, act) {
    command
      .argument('<name>', 'name of the zone; with -c of the first part of their names, or a pattern like web%02d')
      .option('-R, --router-of <network>', 'make it the proxy of a network (repeatable)', collecting(parseNetworkName))
      .option(
        '-x, --outside <[uplink[:vlan]=]address/length>',
        'outside address of a proxy, or "dhcp", and the link it is over (repeatable). Behind commas: more of them, maxbw=50M, priority=low',
        collecting(parseOutside),
      )
      .option('-r, --router <address>', 'default router outside, one a family', collecting(parseAddress))
      .option(
        '-N, --network <network[=address]>',
        'put it on a network (repeatable); for a proxy that is a way out. Behind commas: maxbw=50M, priority=low',
        collecting(parseMembership),
      )
      .option('--route <prefix=router>', 'a route beside the default one (repeatable)', collecting(parseRoute))
      .option('-c, --count <number>', 'make so many, all or none', reading(wholeNumber(1, 10_000)))
      .option('--first <number>', 'number of the first of them (default: 1)', reading(wholeNumber(0, 1_000_000)))
      .option('-b, --brand <brand>', 'brand of the zone (default: that of zonenet.ini, or ipkg)', reading(parseBrand))
      .option('-d, --zonepath <path>', 'zonepath (default: /zones/NAME)', reading(parseZonePath))
      .option('-t, --template <template>', 'template of its configuration (default: blank)', reading(parseTemplate))
      .option('--clone <zone>', 'copy an installed zone instead of installing', reading(parseZoneName))
      .option('-f, --file <file>', 'more commands for zonecfg: "set", "add" and "end", one a line')
      .option('--shared-ip', "let it share the host's IP stack: it gets link, address and record")
      .option('-g, --group <group>', 'put it into a group that rules name (repeatable)', collecting(parseGroupName))
      .option('-V, --vars <name=value>', 'a value for its templates; twice the same name makes a list', parseVar)
      .option('--no-autoboot', 'do not boot it with the host')
      .option('--no-install', 'configure it, but do not install it: the same command without this does later')
      .option('--no-boot', 'install it, but do not boot it now')
      .addOption(DRY_RUN)
      .addOption(VERBOSE)
      .action((name: string, options: Options) => {
        const names = namesOf(name, options);
        const request = toRequest(options);
        act((context) => run(names, request, options, context));
      });
  },
};

function namesOf(name: string, options: Options): ZoneName[] {
  const { count, first = 1, routerOf, zonepath, outside = [], network = [] } = options;
  if (count === undefined) {
    if (options.first !== undefined) throw usage('--first goes with -c');
    return [parseZoneName(name)];
  }
  if (routerOf !== undefined) throw usage('-R and -c cannot be combined: a network has one proxy');
  if (zonepath !== undefined) throw usage('-d and -c cannot be combined: zones cannot share a zonepath');
  if ([...outside, ...network].some(({ addresses }) => addresses.length > 0)) {
    throw usage('an address and -c cannot be combined: zones cannot share it');
  }
  return numberedNames(name, count, first);
}

/** @throws {OperatorError} USAGE */
export function toLinkRequest(options: LinkOptions): LinkRequest {
  const { routerOf = [], network = [], outside = [], router = [], route = [] } = options;
  const twice = [...routerOf, ...network.map((membership) => membership.network)].find(
    (item, at, all) => all.indexOf(item) !== at,
  );
  if (twice !== undefined) throw usage(`network "${twice}" is named twice`);
  return { routes: routerOf, networks: network, outside, routers: router, staticRoutes: route };
}

function toRequest(options: Options): Omit<ZoneRequest, 'name' | 'extra'> {
  const links = toLinkRequest(options);
  const { routes, networks, outside, routers } = links;
  const { brand, zonepath, template, clone, sharedIp, autoboot, install, boot, group = [], vars = {} } = options;
  if (routes.length === 0 && networks.length === 0)
    throw usage('a zone needs a network: -N NETWORK, or -R NETWORK for its proxy');
  if (routes.length > 0 && outside.length === 0 && networks.length === 0)
    throw usage('a proxy needs an outside: -x UPLINK=ADDRESS/LENGTH, or -N NETWORK for one behind another');
  if (routes.length === 0 && outside.length > 0) throw usage('-x is for a proxy: name its network with -R');
  if (routers.length > 0 && outside.length === 0) throw usage('-r goes with -x: it is the default router outside');
  if (clone !== undefined && !install) throw usage('--clone and --no-install cannot be combined');
  return {
    ...links,
    ...(brand === undefined ? {} : { brand }),
    ...(zonepath === undefined ? {} : { zonepath }),
    ...(template === undefined ? {} : { template }),
    ...(clone === undefined ? {} : { cloneOf: clone }),
    ipType: sharedIp === true ? 'shared' : 'exclusive',
    autoboot,
    install,
    boot,
    groups: [...new Set(group)].sort(),
    vars,
  };
}

function usage(why: string): OperatorError {
  return new OperatorError('USAGE', `Cannot create a zone: ${why}`, {
    hint: 'znetadm create-zone -N NETWORK[=ADDRESS] NAME\nznetadm create-zone -R NETWORK -x UPLINK=ADDRESS/LENGTH [-r ROUTER] NAME',
  });
}

async function run(
  names: readonly ZoneName[],
  request: Omit<ZoneRequest, 'name' | 'extra'>,
  { file, dryRun, verbose }: Options,
  { host, print }: Context,
): Promise<void> {
  const extra = file === undefined ? [] : parseConfigLines(readInput(file, 'read commands for zonecfg from'), file);
  const requests = names.map((name) => ({ ...request, name, extra }));
  if (dryRun === true) {
    printDryRun(await planOfCreations(await planCreateZones(requests, host)), verbose, print);
    return;
  }
  const { zones, among } = await createZones(requests, host);
  for (const record of zones) print(`${describeZone(record, among)}\n`);
}

/** "zone web1: znic1 over zstub0 10.2.0.2/24, router 10.2.0.1 (proxy)" */
export function describeZone({ name, role, nics }: ZoneRecord, among: readonly ZoneRecord[]): string {
  const links = nics.map(describeNic);
  if (role === 'proxy') return `zone ${name}: ${links.join(', ')}`;
  const routers = nics.flatMap((nic) => {
    const proxy = nic.network === undefined ? undefined : proxyOf(nic.network, among);
    return nic.routers.map((router) => `router ${router} (${proxy?.name ?? 'no proxy yet'})`);
  });
  return `zone ${name}: ${[...links, ...routers].join(', ')}`;
}

function describeNic({ link, over, vlan, dhcp, addrconf, addresses, host }: ZoneNic): string {
  if (host === true) return [`${link} as the host has it,`, ...addresses.map(formatInterfaceAddress)].join(' ');
  const carrier = vlan === undefined ? over : `${over}:${vlan}`;
  const learnt = [...(dhcp ? ['dhcp'] : []), ...(addrconf ? ['addrconf'] : [])];
  return [link, 'over', carrier, ...learnt, ...addresses.map(formatInterfaceAddress)].join(' ');
}
