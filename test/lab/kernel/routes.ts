// The routing table of a zone: gateway routes as the kernel has them, interface routes as its addresses make them.
import { NotModelled } from '../daemon/call.ts';
import type { Lab, Zone } from '../daemon/state.ts';
import { readAddresses } from './addresses.ts';
import type { Address } from './ip-address.ts';
import {
  bitsOf,
  contains,
  type Family,
  formatAddress,
  formatPrefixed,
  LINK_LOCAL,
  networkOf,
  type Prefixed,
  parseAddress,
  sameAddress,
  samePrefix,
} from './ip-address.ts';
import { netnsOf, stackOf } from './ip-stack.ts';

export interface Route {
  readonly destination: Prefixed;
  /** Of an interface route the own address it goes out by. */
  readonly gateway: Address;
  readonly interfaceName: string;
  readonly device: string;
  /** `gateway`: by a router. `interface`: to a net that is attached. */
  readonly kind: 'gateway' | 'interface';
  /** Added by hand. */
  readonly static: boolean;
}

interface HopJson {
  readonly gateway?: string;
  readonly dev?: string;
  readonly flags?: readonly string[];
}

interface RouteJson extends HopJson {
  readonly dst: string;
  readonly protocol?: string;
  readonly prefsrc?: string;
  readonly nexthops?: readonly HopJson[];
}

const flagOf = (family: Family) => (family === 'ipv4' ? '-4' : '-6');

/** The routes of one family, sorted by destination: the default first. */
export async function readRoutes(lab: Lab, zone: Zone, family: Family): Promise<Route[]> {
  const netns = netnsOf(zone);
  const nameOf = new Map([...stackOf(zone).interfaces.values()].map(({ device, name }) => [device, name]));
  const attached = (await readAddresses(lab, netns)).flatMap((address): Route[] => {
    const interfaceName = nameOf.get(address.device);
    if (address.family !== family || interfaceName === undefined || address.tentative || address.duplicate) return [];
    const { device } = address;
    const gateway = { family, value: address.value };
    const length = device === 'lo' ? bitsOf(family) : address.length;
    return [
      {
        destination: networkOf({ ...gateway, length }),
        gateway,
        interfaceName,
        device,
        kind: 'interface',
        static: false,
      },
    ];
  });
  const entries = (await lab.kernel.ipJson(netns, [flagOf(family), 'route', 'show'])) as RouteJson[];
  const added = entries
    .filter(({ protocol }) => protocol === 'static')
    .flatMap((entry) =>
      (entry.nexthops ?? [entry]).flatMap((hop): Route[] => {
        if (hop.flags?.includes('dead') === true) return [];
        const device = hop.dev ?? '';
        const gateway = parseAddress(hop.gateway ?? entry.prefsrc ?? '');
        if (gateway === undefined) return [];
        const kind = hop.gateway === undefined ? 'interface' : 'gateway';
        const destination = parseDestination(entry.dst, family);
        return [{ destination, gateway, interfaceName: nameOf.get(device) ?? '', device, kind, static: true }];
      }),
    );
  return [...added, ...attached].sort((a, b) => compare(a.destination, b.destination));
}

const compare = (a: Prefixed, b: Prefixed) => (a.value === b.value ? a.length - b.length : a.value < b.value ? -1 : 1);

function parseDestination(text: string, family: Family): Prefixed {
  if (text === 'default') return { family, value: 0n, length: 0 };
  const [host = '', length] = text.split('/');
  const address = parseAddress(host);
  if (address === undefined) throw new Error(`cannot read the destination "${text}" of a route`);
  return { ...address, length: length === undefined ? bitsOf(family) : Number(length) };
}

export interface RouteRequest {
  readonly destination: Prefixed;
  readonly gateway: Address;
  /** -ifp: the interface it has to go out by. */
  readonly interfaceName?: string;
  /** -interface: the gateway is an own address, the destination attached. */
  readonly kind: 'gateway' | 'interface';
}

/** How a change of the table ended, as route names errno (§0.2): EEXIST, ESRCH, ENETUNREACH. */
export type RouteOutcome = 'done' | 'exists' | 'missing' | 'unreachable';

/** Adds a route. One to the same destination by another gateway is added beside, and traffic alternates (§3.1). */
export async function addRoute(lab: Lab, zone: Zone, asked: RouteRequest): Promise<RouteOutcome> {
  const present = await readRoutes(lab, zone, asked.destination.family);
  const request = attachOwn(present, asked);
  if (present.some((route) => matches(route, request))) return 'exists';
  const way = wayOf(present, request);
  if (way === undefined) return 'unreachable';
  const siblings = present.filter((route) => route.static && samePrefix(route.destination, request.destination));
  if (siblings.some(({ kind }) => kind !== request.kind) || (siblings.length > 0 && request.kind === 'interface')) {
    throw new NotModelled(`several interface routes to ${formatPrefixed(request.destination)}`);
  }
  const device = way.device;
  if (request.destination.family === 'ipv4' && siblings.length > 0) {
    await replaceAll(lab, zone, request.destination, [...siblings, { ...request, device }]);
  } else {
    const verb = siblings.length === 0 ? 'add' : 'append';
    await runIp(lab, zone, `${verb} ${formatPrefixed(request.destination)} ${hopText(request, device)} proto static`);
  }
  return 'done';
}

/** Removes one route. */
export async function deleteRoute(lab: Lab, zone: Zone, asked: RouteRequest): Promise<RouteOutcome> {
  const { destination } = asked;
  const present = await readRoutes(lab, zone, destination.family);
  const request = attachOwn(present, asked);
  const doomed = present.find((route) => matches(route, request));
  if (doomed === undefined) return 'missing';
  if (!doomed.static) throw new NotModelled(`deleting the route of an address, to ${formatPrefixed(destination)}`);
  const rest = present.filter(
    (route) => route.static && route !== doomed && samePrefix(route.destination, destination),
  );
  if (destination.family === 'ipv4' && rest.length > 0) await replaceAll(lab, zone, destination, rest);
  else await runIp(lab, zone, `del ${formatPrefixed(destination)} ${hopText(doomed, doomed.device)}`);
  return 'done';
}

/** Gives the only route to a destination another gateway (§3.1). */
export async function changeRoute(lab: Lab, zone: Zone, request: RouteRequest): Promise<RouteOutcome> {
  const present = await readRoutes(lab, zone, request.destination.family);
  const old = present.filter((route) => route.static && samePrefix(route.destination, request.destination));
  const [first] = old;
  if (first === undefined) return 'missing';
  if (old.length > 1 || first.kind !== request.kind) {
    throw new NotModelled(`changing one of several routes to ${formatPrefixed(request.destination)}`);
  }
  if (matches(first, request)) return 'done';
  if (wayOf(present, request) === undefined) return 'unreachable';
  await deleteRoute(lab, zone, first);
  return addRoute(lab, zone, request);
}

/** Deletes gateway routes, not attached ones (§3.1); they are returned in the table's order. */
export async function flushRoutes(lab: Lab, zone: Zone, family: Family): Promise<Route[]> {
  const doomed = (await readRoutes(lab, zone, family)).filter(({ kind }) => kind === 'gateway');
  for (const route of doomed) await deleteRoute(lab, zone, route);
  return doomed;
}

/** The route that a packet to this address takes; the first of several equal ones. Undefined when none leads there. */
export function bestRoute(routes: readonly Route[], address: Address): Route | undefined {
  return routes
    .filter(({ destination }) => contains(destination, address))
    .reduce<Route | undefined>(
      (best, route) => (best === undefined || route.destination.length > best.destination.length ? route : best),
      undefined,
    );
}

/** An own address as gateway is taken (§11.3), and the destination counts as attached. Linux knows no other way to it. */
function attachOwn(present: readonly Route[], request: RouteRequest): RouteRequest {
  const isOwn = present.some(
    (route) => !route.static && route.kind === 'interface' && sameAddress(route.gateway, request.gateway),
  );
  return isOwn ? { ...request, kind: 'interface' } : request;
}

const matches = (route: Route, request: RouteRequest) =>
  samePrefix(route.destination, request.destination) &&
  sameAddress(route.gateway, request.gateway) &&
  route.kind === request.kind &&
  (request.interfaceName === undefined || request.interfaceName === route.interfaceName);

/** The attached net that leads to the gateway: only up addresses that are no longer tentative count (§3.1). */
function wayOf(present: readonly Route[], { gateway, interfaceName, kind }: RouteRequest): Route | undefined {
  const attached = present.filter(
    (route) =>
      !route.static &&
      route.kind === 'interface' &&
      (interfaceName === undefined || route.interfaceName === interfaceName),
  );
  const own = attached.find((route) => sameAddress(route.gateway, gateway));
  if (kind === 'interface') return own;
  if (contains(LINK_LOCAL, gateway) && interfaceName === undefined) return undefined;
  return attached
    .filter(({ destination }) => contains(destination, gateway))
    .sort((a, b) => b.destination.length - a.destination.length)[0];
}

const hopText = ({ kind, gateway }: RouteRequest | Route, device: string) =>
  kind === 'gateway'
    ? `via ${formatAddress(gateway)} dev ${device}`
    : `dev ${device}${gateway.family === 'ipv4' ? ' scope link' : ''} src ${formatAddress(gateway)}`;

/** IPv4 shares traffic only among the hops of one route, so they are set together (lab.md part 7). */
async function replaceAll(
  lab: Lab,
  zone: Zone,
  destination: Prefixed,
  hops: readonly (RouteRequest & { readonly device: string })[],
): Promise<void> {
  const [only] = hops;
  const text =
    hops.length === 1 && only !== undefined
      ? hopText(only, only.device)
      : hops.map((hop) => `nexthop ${hopText(hop, hop.device)}`).join(' ');
  await runIp(lab, zone, `replace ${formatPrefixed(destination)} proto static ${text}`);
}

const runIp = (lab: Lab, zone: Zone, words: string) => lab.kernel.ip(netnsOf(zone), [`route ${words}`]);
