// route(8): results and refusals on stdout, illumos's errno as the exit status (§3.1, §11.3).
import { type Call, NotModelled, type Program } from '../daemon/call.ts';
import type { Lab } from '../daemon/state.ts';
import { bitsOf, type Family, formatAddress, maskOf, type Prefixed } from '../kernel/ip-address.ts';
import { inTurn, stackOf } from '../kernel/ip-stack.ts';
import {
  addRoute,
  bestRoute,
  changeRoute,
  deleteRoute,
  flushRoutes,
  type RouteOutcome,
  readRoutes,
} from '../kernel/routes.ts';
import { zonePath } from '../kernel/zone-files.ts';
import { getopt, lastOf } from './getopt.ts';
import { type RouteArguments, RouteSyntaxError, readRouteArguments } from './route-arguments.ts';
import { forgetRoute, recordedRoutes, recordRoute } from './route-file.ts';

/** errno and what route calls it (§0.2, §3.1). */
const OUTCOMES: Readonly<Record<RouteOutcome, readonly [number, string]>> = {
  done: [0, ''],
  missing: [3, 'not in table'],
  exists: [17, 'entry exists'],
  unreachable: [128, 'Network is unreachable'],
};

const USAGE = 'usage: route [ -fnpqv ] [ -R <root-dir> ] cmd [[ -<qualifers> ] args ]\n';
const FILE = '/etc/inet/static_routes';

interface Run {
  readonly call: Call;
  readonly lab: Lab;
  /** -n: addresses are printed as numbers, normalised. */
  readonly numeric: boolean;
  readonly quiet: boolean;
  /** -p. */
  readonly persistent: boolean;
  /** -R: with -p the kernel is left alone. */
  readonly root: string | undefined;
}

export const route: Program = (call, lab) => inTurn(call.zone, () => runRoute(call, lab));

async function runRoute(call: Call, lab: Lab): Promise<number> {
  const options = getopt('route', call.args, 'R:nqdtvfp');
  for (const letter of 'dtv') if (options.given.has(letter)) throw new NotModelled(`route -${letter}`);
  const run: Run = {
    call,
    lab,
    numeric: options.given.has('n'),
    quiet: options.given.has('q'),
    persistent: options.given.has('p'),
    root: lastOf(options, 'R'),
  };
  const operands = [...options.operands];
  try {
    if (options.given.has('f')) await flushFirst(run, operands);
    const [verb, ...words] = operands;
    if (verb === undefined) return options.given.has('f') ? 0 : usage(call);
    return await runVerb(run, verb, words);
  } catch (error) {
    if (!(error instanceof RouteSyntaxError)) throw error;
    call.err(`${error.message}\n`);
    return 1;
  }
}

/** -f flushes before the command; a family may follow it. */
async function flushFirst(run: Run, operands: string[]): Promise<void> {
  const [family] = operands;
  if (family === 'inet' || family === 'inet6') operands.shift();
  if (family === 'inet6' && operands.length > 0) throw new NotModelled('route -f inet6 with a command');
  await flush(run, family === 'inet6' ? 'ipv6' : 'ipv4');
}

function runVerb(run: Run, verb: string, words: readonly string[]): number | Promise<number> {
  switch (verb) {
    case 'add':
    case 'delete':
    case 'change':
      return changeTable(run, verb, words);
    case 'get':
      return getRoute(run, words);
    case 'show':
      return showRecorded(run, words);
    case 'flush':
      return flushByName(run, words);
    case 'monitor':
      throw new NotModelled('route monitor');
    default:
      return usage(run.call, verb);
  }
}

function usage(call: Call, keyword?: string): number {
  call.err(`${keyword === undefined ? '' : `route: botched keyword: ${keyword}\n`}${USAGE}`);
  return 1;
}

const fileOf = ({ call, root }: Run) => zonePath(call.zone, `${root ?? ''}${FILE}`, call.cwd);

type Verb = 'add' | 'delete' | 'change';
const CHANGES = { add: addRoute, delete: deleteRoute, change: changeRoute } as const;

async function changeTable(run: Run, verb: Verb, words: readonly string[]): Promise<number> {
  const { call, lab, persistent, root } = run;
  const args = readRouteArguments(words, verb);
  if (call.uid !== 0) throw new NotModelled(`route ${verb} without privileges`);
  let status = 0;
  if (!persistent || root === undefined) {
    const { gateway, interfaceName } = args;
    if (gateway === undefined) throw new NotModelled(`route ${verb} without a gateway`);
    if (interfaceName !== undefined && !stackOf(call.zone).interfaces.has(interfaceName)) {
      return noSuchInterface(call, interfaceName);
    }
    const outcome = await CHANGES[verb](lab, call.zone, {
      destination: args.destination,
      gateway,
      kind: args.attached ? 'interface' : 'gateway',
      ...(interfaceName === undefined ? {} : { interfaceName }),
    });
    const [errno, reason] = OUTCOMES[outcome];
    call.out(`${summary(run, verb, args)}${errno === 0 ? '' : `: ${reason}`}\n`);
    status = errno;
  }
  if (!persistent || ![0, 3, 17].includes(status)) return status;
  return keep(run, verb, args, words);
}

function noSuchInterface(call: Call, name: string): number {
  call.err(`route: ${name}: no such interface\n`);
  return 1;
}

/** "add net default: gateway 10.0.0.1" */
function summary({ numeric }: Run, verb: string, args: RouteArguments): string {
  const { gateway, gatewayText } = args;
  const shown = numeric && gateway !== undefined ? formatAddress(gateway) : gatewayText;
  const by = shown === undefined ? '' : `: gateway ${shown}`;
  return `${verb} ${args.host ? 'host' : 'net'} ${args.destinationText}${by}`;
}

function keep(run: Run, verb: Verb, args: RouteArguments, words: readonly string[]): number {
  const { call } = run;
  const path = fileOf(run);
  if (verb === 'change') throw new RouteSyntaxError('route: change command not supported with -p');
  const line = (route: RouteArguments) => summary(run, `${verb} persistent`, route);
  if (verb === 'add') {
    if (!recordRoute(path, args, words)) {
      call.err(`${line(args)}: entry exists\n`);
      return 1;
    }
    call.out(`${line(args)}\n`);
    return 0;
  }
  const gone = forgetRoute(path, args);
  if (gone.length === 0) {
    call.err(`${line(args)}: not in file\n`);
    return 1;
  }
  for (const route of gone) call.out(`${line(route)}\n`);
  return 0;
}

async function getRoute(run: Run, words: readonly string[]): Promise<number> {
  const { call, lab, numeric, persistent } = run;
  if (persistent) throw new NotModelled('route -p get');
  const args = readRouteArguments(words, 'get');
  if (!numeric) throw new NotModelled('route get without -n: it looks for names');
  const { family, target, gateway, interfaceName } = args;
  if (interfaceName !== undefined && !stackOf(call.zone).interfaces.has(interfaceName)) {
    return noSuchInterface(call, interfaceName);
  }
  const asked = args.destination.length === 0 ? { family, value: 0n } : target;
  const candidates = (await readRoutes(lab, call.zone, family)).filter(
    (one) =>
      (interfaceName === undefined || one.interfaceName === interfaceName) &&
      (gateway === undefined || (one.gateway.value === gateway.value && one.kind === 'gateway')),
  );
  const found =
    args.destination.length === 0
      ? candidates.find(({ destination }) => destination.length === 0)
      : bestRoute(candidates, asked);
  if (found === undefined) {
    call.out(` ${formatAddress(target)}: not in table\n`);
    return 3;
  }
  const { destination } = found;
  if (found.kind === 'interface' && !found.static && found.gateway.value === target.value) {
    throw new NotModelled(`route get of the own address ${formatAddress(target)}`);
  }
  const flags = [
    'UP',
    ...(found.kind === 'gateway' ? ['GATEWAY'] : []),
    ...(destination.length === bitsOf(family) ? ['HOST'] : []),
    'DONE',
    ...(found.static ? ['STATIC'] : []),
  ];
  const mtu = stackOf(call.zone).interfaces.get(found.interfaceName)?.link?.mtu;
  if (mtu === undefined) throw new NotModelled(`route get by ${found.interfaceName}`);
  call.out(
    [
      `   route to: ${orDefault({ ...target, length: 0 })}`,
      `destination: ${orDefault(destination)}`,
      `       mask: ${orDefault({ ...maskOf(family, destination.length), length: 0 })}`,
      ...(found.kind === 'gateway' ? [`    gateway: ${formatAddress(found.gateway)}`] : []),
      `  interface: ${found.interfaceName}`,
      `      flags: <${flags.join(',')}>`,
      ' recvpipe  sendpipe  ssthresh    rtt,ms rttvar,ms  hopcount      mtu     expire',
      [0, 0, 0, 0, 0, 0, mtu, 0].map((value) => String(value).padStart(8)).join('  '),
      '',
    ].join('\n'),
  );
  return 0;
}

const orDefault = (address: Prefixed) => (address.value === 0n ? 'default' : formatAddress(address));

function showRecorded(run: Run, words: readonly string[]): number {
  if (!run.persistent) throw new RouteSyntaxError('route: show command requires -p');
  if (words.length > 0) throw new RouteSyntaxError('route: invalid arguments for show');
  const path = fileOf(run);
  const lines = [...recordedRoutes(path, 'ipv4'), ...recordedRoutes(path, 'ipv6')];
  if (lines.length === 0) run.call.out('No persistent routes are defined\n');
  for (const line of lines) run.call.out(`persistent: route add ${line}`);
  return 0;
}

async function flushByName(run: Run, words: readonly string[]): Promise<number> {
  const [family, more] = words;
  if (more !== undefined || (family !== undefined && family !== '-inet' && family !== '-inet6')) {
    return usage(run.call, words.join(' '));
  }
  await flush(run, family === '-inet6' ? 'ipv6' : 'ipv4');
  return 0;
}

/** Deletes gateway routes; each is named, networks without their trailing zero bytes. */
async function flush({ call, lab, persistent, quiet }: Run, family: Family): Promise<void> {
  if (persistent) throw new NotModelled('route -p flush');
  for (const { destination, gateway } of await flushRoutes(lab, call.zone, family)) {
    const columns = [networkText(destination), formatAddress(gateway)];
    if (!quiet) call.out(`${columns.map((text) => text.slice(0, 20).padEnd(20)).join(' ')} done\n`);
  }
}

function networkText(destination: Prefixed): string {
  if (destination.value === 0n) return 'default';
  const text = formatAddress(destination);
  return destination.family === 'ipv4' && destination.length < 32 ? text.replace(/(\.0)+$/, '') : text;
}
