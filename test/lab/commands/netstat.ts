// netstat -rn: the routing tables (§3.3, §11.3). Nothing else of netstat is modelled.
import { NotModelled, type Program } from '../daemon/call.ts';
import { isGivenRouter } from '../kernel/from-global-zone.ts';
import { bitsOf, type Family, formatAddress, formatPrefixed } from '../kernel/ip-address.ts';
import { type Route, readRoutes } from '../kernel/routes.ts';
import { getopt } from './getopt.ts';

const HEADERS: Readonly<Record<Family, readonly string[]>> = {
  ipv4: [
    'Routing Table: IPv4',
    '  Destination            Gateway          Flags  Ref     Use     Interface ',
    '-------------------- -------------------- ----- ----- ---------- --------- ',
  ],
  ipv6: [
    'Routing Table: IPv6',
    '  Destination/Mask            Gateway                   Flags Ref   Use    If   ',
    '--------------------------- --------------------------- ----- --- ------- ----- ',
  ],
};

export const netstat: Program = async (call, lab) => {
  const options = getopt('netstat', call.args, 'rnf:');
  const families = (options.given.get('f') ?? []).map(familyOf);
  if (!options.given.has('r') || !options.given.has('n') || options.operands.length > 0 || families.length > 1) {
    throw new NotModelled(`netstat ${call.args.join(' ')}`);
  }
  for (const family of families.length === 0 ? (['ipv4', 'ipv6'] as const) : families) {
    const routes = await readRoutes(lab, call.zone, family);
    if (routes.length === 0) continue;
    const line = family === 'ipv4' ? line4 : line6;
    const rows = routes.map((route) => line(route, flagsOf(route, isGivenRouter(lab, call.zone, route.gateway))));
    call.out(['', ...HEADERS[family], ...rows, ''].join('\n'));
  }
  return 0;
};

function familyOf(text: string): Family {
  if (text === 'inet') return 'ipv4';
  if (text === 'inet6') return 'ipv6';
  throw new NotModelled(`netstat -f ${text}`);
}

const isHost = ({ destination }: Route) => destination.length === bitsOf(destination.family);
/** U, G by a router, H to a host, Z given by the global zone (§3.3). */
const flagsOf = (route: Route, isGiven: boolean) =>
  `U${route.kind === 'gateway' ? 'G' : ''}${isHost(route) ? 'H' : ''}${isGiven ? 'Z' : ''}`;

/** Networks without their length. References and use are not counted in the lab: the least that illumos shows, and 0. */
function line4(route: Route, flags: string): string {
  const { destination, interfaceName } = route;
  const to = destination.length === 0 ? 'default' : formatAddress(destination);
  const references = route.kind === 'interface' && !isHost(route) ? '3' : '2';
  const columns = [
    to.padEnd(20),
    formatAddress(route.gateway).padEnd(20),
    flags.padEnd(5),
    references.padStart(5),
    '0'.padStart(10),
    interfaceName.padEnd(9),
  ];
  return `${columns.join(' ')} `;
}

function line6(route: Route, flags: string): string {
  const { destination, interfaceName } = route;
  const to =
    destination.length === 0 ? 'default' : isHost(route) ? formatAddress(destination) : formatPrefixed(destination);
  const columns = [
    to.padEnd(27),
    formatAddress(route.gateway).padEnd(27),
    flags.padEnd(5),
    '2'.padStart(3),
    '0'.padStart(7),
    interfaceName.padEnd(5),
  ];
  return `${columns.join(' ')} `;
}
