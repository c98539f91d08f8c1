import { type Address, familyOf, parseAddress } from '../../domain/address.ts';
import { OperatorError } from '../../domain/errors.ts';
import { readNameService } from '../../domain/name-service.ts';
import { parseNetworkName } from '../../domain/names.ts';
import type { Network } from '../../domain/network.ts';
import { formatPrefix, type Prefix, parsePrefix } from '../../domain/prefix.ts';
import { parseReservation, type Reservation } from '../../domain/reservation.ts';
import { parseVar, type Vars } from '../../domain/vars.ts';
import { proxyOf } from '../../domain/zone-record.ts';
import { createNetwork, type NetworkRequest, planCreateNetwork } from '../../host/create-network.ts';
import { plansOf } from '../../host/publications.ts';
import { readRecords } from '../../host/store.ts';
import { wholeNumber } from '../../ini/shape.ts';
import { type CliCommand, type Context, collecting, reading } from '../command.ts';
import { DRY_RUN, type PlanOptions, printDryRun, VERBOSE } from '../print-plan.ts';

interface Options extends PlanOptions {
  readonly address?: Prefix;
  readonly inet6?: Prefix | 'auto';
  readonly router?: readonly Address[];
  readonly mtu?: number;
  readonly reserve?: readonly Reservation[];
  readonly vars?: Vars;
  readonly names?: string;
  readonly protection: boolean;
}

export const createNetworkCommand: CliCommand = {
  configure(command, act) {
    command
      .argument('<name>', 'name of the network')
      .option(
        '-a, --address <prefix>',
        'its prefix, like 10.2.0.0/24 (default: the next free one of the pool)',
        reading(parseInetPrefix),
      )
      .option(
        '-6, --inet6 <prefix>',
        'an IPv6 prefix too, or "auto": the next /64 of a random one that this host keeps',
        reading(parseInet6),
      )
      .option(
        '-r, --router <address>',
        "its router's address, one a family (default: the bottom one)",
        collecting(parseAddress),
      )
      .option('-m, --mtu <bytes>', 'MTU of all its links (default: 1500)', reading(wholeNumber(576, 9000)))
      .option(
        '-e, --reserve <address[-address|=zone]>',
        'give these only to who asks for them, or only to that zone (repeatable)',
        collecting(parseReserve),
      )
      .option('-V, --vars <name=value>', 'a value for the templates of its zones', parseVar)
      .option('--names <none|hosts|dns[=domain]>', 'how its zones find each other by name (default: none)')
      .option('--no-protection', 'let its links send what they like')
      .addOption(DRY_RUN)
      .addOption(VERBOSE)
      .action(
        (
          name: string,
          { address, inet6, router = [], mtu, reserve = [], vars = {}, names, protection, dryRun, verbose }: Options,
        ) => {
          const network = parseNetworkName(name);
          const service = names === undefined ? undefined : readNameService(names, network);
          const request: NetworkRequest = {
            name: network,
            ...(address === undefined ? {} : { prefix: address }),
            ...(inet6 === undefined ? {} : { inet6 }),
            routers: router,
            ...(mtu === undefined ? {} : { mtu }),
            reservations: reserve,
            vars,
            ...(service === undefined ? {} : { names: service }),
            ...(protection ? {} : { unprotected: true }),
          };
          act((context) => run(request, dryRun === true, verbose === true, context));
        },
      );
  },
};

/** "10.2.0.50=web9": what a reservation is on a command line, where a blank is awkward. */
export function parseReserve(text: string): Reservation {
  return parseReservation(text.replace('=', ' '));
}

/** @throws {OperatorError} PREFIX_INVALID for another family */
export function parseInetPrefix(text: string): Prefix {
  const prefix = parsePrefix(text);
  if (familyOf(prefix.address) === 'inet') return prefix;
  throw new OperatorError('PREFIX_INVALID', `Cannot take "${text}" as an IPv4 prefix`, { hint: 'IPv6 goes behind -6' });
}

/** @throws {OperatorError} PREFIX_INVALID for another family */
export function parseInet6(text: string): Prefix | 'auto' {
  if (text === 'auto') return text;
  const prefix = parsePrefix(text);
  if (familyOf(prefix.address) === 'inet6') return prefix;
  throw new OperatorError('PREFIX_INVALID', `Cannot take "${text}" as an IPv6 prefix`, { hint: 'IPv4 goes behind -a' });
}

async function run(
  request: NetworkRequest,
  dryRun: boolean,
  verbose: boolean,
  { host, print }: Context,
): Promise<void> {
  if (dryRun) {
    const { plan, publications } = await planCreateNetwork(request, host);
    printDryRun([...plan, ...plansOf(publications)], verbose, print);
    return;
  }
  const network = await createNetwork(request, host);
  const { zones } = await readRecords(host.system);
  print(`${describe(network, proxyOf(network.name, zones)?.name)}\n`);
}

function describe({ name, prefixes, etherstub, routers }: Network, proxy: string | undefined): string {
  const who = proxy ?? `no proxy yet: create-zone -R ${name} ...`;
  return `network ${name}: ${prefixes.map(formatPrefix).join(', ')} on ${etherstub}, router ${routers.join(', ')} (${who})`;
}
