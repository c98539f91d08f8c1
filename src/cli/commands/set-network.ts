import { type Address, parseAddress } from '../../domain/address.ts';
import { OperatorError } from '../../domain/errors.ts';
import { readNameService } from '../../domain/name-service.ts';
import { type NetworkName, parseNetworkName } from '../../domain/names.ts';
import { formatPrefix, type Prefix } from '../../domain/prefix.ts';
import type { Reservation } from '../../domain/reservation.ts';
import { parseVar, parseVarName, type Vars } from '../../domain/vars.ts';
import type { ZoneRecord } from '../../domain/zone-record.ts';
import { type NetworkChange, type NetworkUpdate, planSetNetwork, setNetwork } from '../../host/set-network.ts';
import { wholeNumber } from '../../ini/shape.ts';
import { type CliCommand, type Context, collecting, NOTHING_CHANGED, reading } from '../command.ts';
import { tellingDeadRules } from '../dead-rules.ts';
import { formatPlan, type PlanOptions, VERBOSE } from '../print-plan.ts';
import { parseInet6, parseInetPrefix, parseReserve } from './create-network.ts';

interface Options extends PlanOptions {
  readonly name?: NetworkName;
  readonly address?: Prefix;
  readonly inet6?: Prefix | 'auto' | 'none';
  readonly router?: readonly Address[];
  readonly mtu?: number;
  readonly reserve?: readonly (Reservation | 'none')[];
  readonly vars?: Vars;
  readonly unset?: readonly string[];
  readonly names?: string;
  readonly protection?: boolean;
}

export const setNetworkCommand: CliCommand = {
  configure(command, act) {
    command
      .argument('<name>', 'name of the network')
      .option('--name <new>', 'rename it', reading(parseNetworkName))
      .option(
        '-a, --address <prefix>',
        'another prefix: larger, or elsewhere; its zones keep their places',
        reading(parseInetPrefix),
      )
      .option(
        '-6, --inet6 <prefix>',
        'an IPv6 prefix, "auto" for the next free one, or "none"',
        reading((text) => (text === 'none' ? text : parseInet6(text))),
      )
      .option('-r, --router <address>', "its router's address, one a family", collecting(parseAddress))
      .option('-m, --mtu <bytes>', 'MTU of all its links, while its zones are down', reading(wholeNumber(576, 9000)))
      .option(
        '-e, --reserve <address[-address|=zone]>',
        'all addresses to be reserved (repeatable), or "none"',
        collecting((text): Reservation | 'none' => (text === 'none' ? text : parseReserve(text))),
      )
      .option('-V, --vars <name=value>', 'a value for the templates of its zones', parseVar)
      .option('-U, --unset <name>', 'take a value away (repeatable)', collecting(parseVarName))
      .option('--names <none|hosts|dns[=domain]>', 'how its zones find each other by name')
      .option('--protection', 'hold its links to what their zones may send')
      .option('--no-protection', 'let its links send what they like, from their next boot')
      .option('-n, --dry-run', 'print what would be done and when, and change nothing')
      .addOption(VERBOSE)
      .action((name: string, options: Options) => {
        const network = parseNetworkName(name);
        const change = toChange(options, network);
        act((context) => run(network, change, options, context));
      });
  },
};

function toChange(options: Options, network: NetworkName): NetworkChange {
  const { name, address, inet6, router = [], mtu, reserve, vars = {}, unset = [], names, protection } = options;
  const asked = [name, address, inet6, mtu, reserve, options.vars, options.unset, names, protection];
  if (router.length === 0 && asked.every((one) => one === undefined)) {
    throw new OperatorError('USAGE', 'nothing is asked for', { hint: 'See: znetadm set-network --help' });
  }
  const reservations = reserve?.filter((one) => one !== 'none');
  if (reserve !== undefined && reserve.length > 1 && reserve.length !== reservations?.length) {
    throw new OperatorError('USAGE', '-e none stands alone');
  }
  return {
    ...(name === undefined ? {} : { name }),
    ...(address === undefined ? {} : { prefix: address }),
    ...(inet6 === undefined ? {} : { inet6 }),
    routers: router,
    ...(mtu === undefined ? {} : { mtu }),
    ...(reservations === undefined ? {} : { reservations }),
    vars,
    unset,
    ...(names === undefined ? {} : { names: readNameService(names, name ?? network) ?? 'none' }),
    ...(protection === undefined ? {} : { isProtected: protection }),
  };
}

async function run(
  name: NetworkName,
  change: NetworkChange,
  { dryRun, verbose }: Options,
  context: Context,
): Promise<void> {
  const { host, print } = context;
  if (dryRun === true) {
    const update = await planSetNetwork(name, change, host);
    print(formatPlan(update.plan, verbose === true));
    for (const line of describeLater(update)) print(`${line}\n`);
    print(NOTHING_CHANGED);
    return;
  }
  await tellingDeadRules(context, async () => {
    const update = await setNetwork(name, change, host);
    for (const line of [describe(update), ...describeMoves(update), ...describeLater(update)]) print(`${line}\n`);
  });
}

function describe({ before, network, plan }: NetworkUpdate): string {
  const { name, prefixes, routers } = network;
  const is = `${prefixes.map(formatPrefix).join(', ')}, router ${routers.join(', ')}`;
  const was = before.name === name ? '' : ` (was ${before.name})`;
  return `network ${name}${was}: ${plan.length === 0 ? 'is so already: ' : ''}${is}`;
}

/** "zone web1: 10.2.0.2 -> 10.3.0.2", for zones whose addresses are others now. */
function describeMoves({ zones }: NetworkUpdate): string[] {
  return zones.flatMap(({ before, after }) => {
    const [had, has] = [addressesOf(before), addressesOf(after)];
    return had === has ? [] : [`zone ${after.name}: ${had} -> ${has}`];
  });
}

const addressesOf = ({ nics }: ZoneRecord) =>
  nics
    .filter(({ network }) => network !== undefined)
    .flatMap(({ addresses }) => addresses.map(({ address }) => address))
    .join(', ');

const describeLater = ({ later }: NetworkUpdate) => later.map(({ zone, when }) => `zone ${zone.name} follows ${when}`);
