// zoneadm list (§5.2, §11.5).
import { type Call, NotModelled } from '../daemon/call.ts';
import type { Lab, Zone, ZoneState } from '../daemon/state.ts';
import { getopt } from './getopt.ts';

/** In the order of the kernel: `list` alone shows what is running or beyond. */
const STATES: readonly ZoneState[] = [
  'configured',
  'incomplete',
  'installed',
  'ready',
  'running',
  'shutting_down',
  'down',
  'mounted',
];

const HEADER = ['ID', 'NAME', 'STATUS', 'PATH', 'BRAND', 'IP'];

export function list(call: Call, lab: Lab, args: readonly string[], only: Zone | undefined): number {
  const { given, operands } = getopt('zoneadm list', args, 'cinpv');
  if (operands.length > 0 || (given.has('p') && given.has('v')))
    throw new NotModelled(`zoneadm list ${args.join(' ')}`);
  const zones = only === undefined ? chosen(lab, given) : [only];
  if (given.has('v')) call.out([verbose(HEADER), ...zones.map(verboseOf)].join(''));
  else call.out(zones.map((zone) => `${given.has('p') ? parsable(zone) : zone.name}\n`).join(''));
  return 0;
}

/** Those with an id by their ids, then the others as they were configured. */
function chosen(lab: Lab, given: ReadonlyMap<string, unknown>): Zone[] {
  const least: ZoneState = given.has('c') ? 'configured' : given.has('i') ? 'installed' : 'running';
  const zones = [...lab.zones.values()].filter(
    (zone) => STATES.indexOf(zone.state) >= STATES.indexOf(least) && !(given.has('n') && zone === lab.global),
  );
  const up = zones.filter(({ id }) => id !== undefined).sort((a, b) => (a.id ?? 0) - (b.id ?? 0));
  return [...up, ...zones.filter(({ id }) => id === undefined)];
}

const fieldsOf = ({ id, name, state, config }: Zone) => ({
  id: id === undefined ? '-' : String(id),
  name,
  state,
  path: config.zonepath,
  brand: config.brand,
  ip: config.ipType === 'exclusive' ? 'excl' : 'shared',
});

/** Only a ":" in the path is escaped; a zone never installed has no uuid. */
function parsable(zone: Zone): string {
  const { id, name, state, path, brand, ip } = fieldsOf(zone);
  return [id, name, state, path.replaceAll(':', '\\:'), zone.uuid ?? '', brand, ip].join(':');
}

function verboseOf(zone: Zone): string {
  const { id, name, state, path, brand, ip } = fieldsOf(zone);
  return verbose([id, name, state, path, brand, ip]);
}

/** The last column is padded too. */
function verbose([id = '', name = '', state = '', path = '', brand = '', ip = '']: readonly string[]): string {
  const columns = [id.padStart(4), name.padEnd(16), state.padEnd(10), path.padEnd(30), brand.padEnd(8), ip.padEnd(6)];
  return `${columns.join(' ')}\n`;
}
