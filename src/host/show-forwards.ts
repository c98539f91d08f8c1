import { type Forward, formatTargetPort } from '../domain/forward.ts';
import { wayOf } from '../domain/forward-way.ts';
import { formatPortRange } from '../domain/port.ts';
import type { ZoneRecord } from '../domain/zone-record.ts';
import { listZones, parseZones } from '../illumos/zoneadm.ts';
import { ask } from '../system/ask.ts';
import type { System } from '../system/system.ts';
import type { Records } from './store.ts';

/** The fields of show-forward, in the order they are shown. */
export const FORWARD_FIELDS = ['proxy', 'protocol', 'outside', 'ports', 'zone', 'to', 'port', 'state'] as const;

/** Every forward of these zones with the way it takes now, in the order of proxy, protocol, address and port. */
export async function forwardRows(
  zones: readonly ZoneRecord[],
  records: Pick<Records, 'zones'>,
  system: System,
): Promise<Record<string, string>[]> {
  const shown = zones.flatMap((zone) => zone.forwards.map((forward) => ({ zone, forward })));
  if (shown.length === 0) return [];
  const states = new Map(parseZones(await ask(listZones(), system)).map(({ name, state }) => [name, state as string]));
  const rows = shown.map(({ zone, forward }) => ({
    row: row(forward, zone, records.zones, states),
    first: forward.ports.first,
  }));
  const key = ({ proxy, protocol, outside }: Record<string, string>) => `${proxy}\n${protocol}\n${outside}`;
  return rows
    .sort((a, b) => (key(a.row) === key(b.row) ? a.first - b.first : key(a.row) < key(b.row) ? -1 : 1))
    .map((one) => one.row);
}

function row(
  forward: Forward,
  zone: ZoneRecord,
  zones: readonly ZoneRecord[],
  states: ReadonlyMap<string, string>,
): Record<string, string> {
  const { protocol, outside, ports } = forward;
  const way = wayOf(forward, zone, zones);
  const found = typeof way === 'string' ? {} : { proxy: way.proxy.name, to: way.redirect.to };
  const down = (name: string) => {
    const state = states.get(name) ?? 'missing';
    return state === 'running' ? [] : [`${name} is ${state}`];
  };
  const state =
    typeof way === 'string'
      ? `leads nowhere: ${way}`
      : [...down(way.proxy.name), ...down(zone.name)].join(', ') || 'up';
  return {
    ...found,
    protocol,
    outside,
    ports: formatPortRange(ports),
    zone: zone.name,
    port: formatTargetPort(forward),
    state,
  };
}
