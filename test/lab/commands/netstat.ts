// netstat -rn and -rnv: the routing tables (§3.3, §11.3). Nothing else of netstat is modelled.
import { NotModelled, type Program } from '../daemon/call.ts';
import type { Zone } from '../daemon/state.ts';
import { isGivenRouter } from '../kernel/from-global-zone.ts';
import { bitsOf, type Family, formatAddress, formatPrefixed, maskOf } from '../kernel/ip-address.ts';
import { stackOf } from '../kernel/ip-stack.ts';
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

/** With -v: masks, and the MTU of the interface (illumos-gate: cmd-inet/usr.bin/netstat/netstat.c, ire_report_item). */
const VERBOSE_HEADERS: Readonly<Record<Family, readonly string[]>> = {
  ipv4: [
    'IRE Table: IPv4',
    '  Destination             Mask           Gateway          Device  MTU  Ref Flg  Out  In/Fwd ',
    '-------------------- --------------- -------------------- ------ ----- --- --- ----- ------ ',
  ],
  ipv6: [
    'IRE Table: IPv6',
    '  Destination/Mask            Gateway                    If    MTU  Ref Flags  Out   In/Fwd ',
    '--------------------------- --------------------------- ----- ----- --- ----- ------ ------ ',
  ],
};

export const netstat: Program = async (call, lab) => {
  const options = getopt('netstat', call.args, 'rnvf:');
  const families = (options.given.get('f') ?? []).map(familyOf);
  if (!options.given.has('r') || !options.given.has('n') || options.operands.length > 0 || families.length > 1) {
    throw new NotModelled(`netstat ${call.args.join(' ')}`);
  }
  for (const family of families.length === 0 ? (['ipv4', 'ipv6'] as const) : families) {
    const routes = await readRoutes(lab, call.zone, family);
    if (routes.length === 0) continue;
    const verbose = options.given.has('v');
    const plain = family === 'ipv4' ? line4 : line6;
    const rows = routes.map((route) => {
      const flags = flagsOf(route, isGivenRouter(lab, call.zone, route.gateway));
      return verbose ? verboseLine(route, flags, mtuOf(call.zone, route)) : plain(route, flags);
    });
    call.out(['', ...(verbose ? VERBOSE_HEADERS : HEADERS)[family], ...rows, ''].join('\n'));
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

/** The loopback interface has 8232 bytes in IPv4 and 8252 in IPv6. */
function mtuOf(zone: Zone, { interfaceName, destination }: Route): number {
  const link = stackOf(zone).interfaces.get(interfaceName)?.link;
  return link?.mtu ?? (destination.family === 'ipv4' ? 8232 : 8252);
}

function verboseLine(route: Route, flags: string, mtu: number): string {
  const { destination, interfaceName } = route;
  const { family, length } = destination;
  const gateway = formatAddress(route.gateway);
  const counts = (device: string) => [device, String(mtu).padStart(5), '2'.padStart(3)];
  if (family === 'ipv4') {
    const to = length === 0 ? 'default' : formatAddress(destination);
    const mask = formatAddress(maskOf(family, length));
    const columns = [to.padEnd(20), mask.padEnd(15), gateway.padEnd(20), ...counts(interfaceName.padEnd(6))];
    return `${[...columns, flags.padEnd(3), '0'.padStart(6), '0'.padStart(6)].join(' ')} `;
  }
  const to = length === 0 ? 'default' : isHost(route) ? formatAddress(destination) : formatPrefixed(destination);
  const columns = [to.padEnd(27), gateway.padEnd(27), ...counts(interfaceName.padEnd(5))];
  return `${[...columns, flags.padEnd(5), '0'.padStart(6), '0'.padStart(6)].join(' ')} `;
}
