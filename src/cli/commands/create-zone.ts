import { type Address, parseAddress } from '../../domain/address.ts';
import { OperatorError } from '../../domain/errors.ts';
import { type LinkName, type NetworkName, parseLinkName, parseNetworkName, parseZoneName } from '../../domain/names.ts';
import { formatInterfaceAddress, type InterfaceAddress, parseInterfaceAddress } from '../../domain/prefix.ts';
import { parseVar, type Vars } from '../../domain/vars.ts';
import { parseBrand, parseZonePath, proxyOf, type ZoneNic, type ZoneRecord } from '../../domain/zone-record.ts';
import { createZone, planCreateZone } from '../../host/create-zone.ts';
import type { ZoneRequest } from '../../host/decide-zone.ts';
import { type Records, readRecords } from '../../host/store.ts';
import { type CliCommand, type Context, collecting, NOTHING_CHANGED, reading } from '../command.ts';
import { formatPlan } from '../print-plan.ts';

interface Options {
  readonly routerOf?: readonly NetworkName[];
  readonly outside?: { readonly uplink?: LinkName; readonly address: InterfaceAddress };
  readonly router?: Address;
  readonly network?: readonly { readonly network: NetworkName; readonly address?: Address }[];
  readonly brand?: string;
  readonly zonepath?: string;
  readonly autoboot: boolean;
  readonly boot: boolean;
  readonly vars?: Vars;
  readonly dryRun?: true;
  readonly verbose?: true;
}

export const createZoneCommand: CliCommand = {
  configure(command, act) {
    command
      .argument('<name>', 'name of the zone')
      .option('-R, --router-of <network>', 'make it the proxy of a network (repeatable)', collecting(parseNetworkName))
      .option(
        '-x, --outside <uplink=address/length>',
        'outside address of a proxy, and the link it is over',
        reading(parseOutside),
      )
      .option('-r, --router <address>', 'default router outside', reading(parseAddress))
      .option('-N, --network <network[=address]>', 'put it on a network (repeatable)', collecting(parseMembership))
      .option('-b, --brand <brand>', 'brand of the zone (default: that of zonenet.ini, or ipkg)', reading(parseBrand))
      .option('-d, --zonepath <path>', 'zonepath (default: /zones/NAME)', reading(parseZonePath))
      .option('-V, --vars <name=value>', 'a value for its templates; twice the same name makes a list', parseVar)
      .option('--no-autoboot', 'do not boot it with the host')
      .option('--no-boot', 'install it, but do not boot it now')
      .option('-n, --dry-run', 'print what would be done, and change nothing')
      .option('-v, --verbose', 'print files too')
      .action((name: string, options: Options) => {
        const request = toRequest(name, options);
        act((context) => run(request, options.dryRun === true, options.verbose === true, context));
      });
  },
};

/** "e1000g0=203.0.113.5/24", or the address alone when zonenet.ini names an uplink. */
function parseOutside(text: string): NonNullable<Options['outside']> {
  const equals = text.indexOf('=');
  if (equals < 0) return { address: parseInterfaceAddress(text) };
  return { uplink: parseLinkName(text.slice(0, equals)), address: parseInterfaceAddress(text.slice(equals + 1)) };
}

/** "back" or "back=10.2.0.7". */
function parseMembership(text: string): NonNullable<Options['network']>[number] {
  const equals = text.indexOf('=');
  if (equals < 0) return { network: parseNetworkName(text) };
  return { network: parseNetworkName(text.slice(0, equals)), address: parseAddress(text.slice(equals + 1)) };
}

function toRequest(name: string, options: Options): ZoneRequest {
  const { routerOf = [], network = [], outside, router, brand, zonepath, autoboot, boot, vars = {} } = options;
  const twice = [...routerOf, ...network.map((membership) => membership.network)].find(
    (item, at, all) => all.indexOf(item) !== at,
  );
  if (twice !== undefined) throw usage(`network "${twice}" is named twice`);
  if (routerOf.length === 0 && network.length === 0)
    throw usage('a zone needs a network: -N NETWORK, or -R NETWORK for its proxy');
  if (routerOf.length > 0 && network.length > 0)
    throw usage('-R and -N cannot be combined: a zone is either a proxy or behind one');
  if (routerOf.length > 0 && outside === undefined) throw usage('a proxy needs an outside: -x UPLINK=ADDRESS/LENGTH');
  if (routerOf.length === 0 && outside !== undefined) throw usage('-x is for a proxy: name its network with -R');
  if (router !== undefined && outside === undefined) throw usage('-r goes with -x: it is the default router outside');
  return {
    name: parseZoneName(name),
    routes: routerOf,
    networks: network,
    ...(outside === undefined ? {} : { outside: { ...outside, ...(router === undefined ? {} : { router }) } }),
    ...(brand === undefined ? {} : { brand }),
    ...(zonepath === undefined ? {} : { zonepath }),
    autoboot,
    boot,
    vars,
  };
}

function usage(why: string): OperatorError {
  return new OperatorError('USAGE', `Cannot create a zone: ${why}`, {
    hint: 'znetadm create-zone -N NETWORK[=ADDRESS] NAME\nznetadm create-zone -R NETWORK -x UPLINK=ADDRESS/LENGTH [-r ROUTER] NAME',
  });
}

async function run(request: ZoneRequest, dryRun: boolean, verbose: boolean, { host, print }: Context): Promise<void> {
  if (dryRun) {
    const { connect, install, protect, boot } = await planCreateZone(request, host);
    print(formatPlan([...connect, ...install, ...protect, ...boot], verbose));
    print(NOTHING_CHANGED);
    return;
  }
  const record = await createZone(request, host);
  print(`${describe(record, await readRecords(host.system))}\n`);
}

/** "zone web1: znic1 over zstub0 10.2.0.2/24, router 10.2.0.1 (proxy)" */
function describe({ name, role, nics }: ZoneRecord, { zones }: Records): string {
  const links = nics.map(({ link, over, addresses }: ZoneNic) =>
    [link, 'over', over, ...addresses.map(formatInterfaceAddress)].join(' '),
  );
  if (role === 'proxy') return `zone ${name}: ${links.join(', ')}`;
  const routers = nics.flatMap((nic) => {
    const proxy = nic.network === undefined ? undefined : proxyOf(nic.network, zones);
    return nic.routers.map((router) => `router ${router} (${proxy?.name ?? 'no proxy yet'})`);
  });
  return `zone ${name}: ${[...links, ...routers].join(', ')}`;
}
