// Addresses, routes and forwarding of every zone as `lab.dump()` shows them.
import type { Lab, Zone } from '../daemon/state.ts';
import { readAddresses, stateOf } from './addresses.ts';
import { formatAddress, formatPrefixed } from './ip-address.ts';
import { type Family, hasStack, netnsOf, recordingOf, stackOf } from './ip-stack.ts';
import { readRoutes } from './routes.ts';

const FAMILIES: readonly Family[] = ['ipv4', 'ipv6'];

async function running(lab: Lab, zone: Zone) {
  const { interfaces, addresses, forwarding } = stackOf(zone);
  const kernel = await readAddresses(lab, netnsOf(zone));
  const routes = await Promise.all(FAMILIES.map((family) => readRoutes(lab, zone, family)));
  return {
    interfaces: Object.fromEntries([...interfaces.values()].map(({ name, forwarding }) => [name, { forwarding }])),
    addresses: [...addresses.values()].map((object) => ({
      name: object.name,
      address: object.address === undefined ? '?' : formatPrefixed(object.address),
      state: stateOf(zone, object, kernel),
    })),
    forwarding,
    routes: routes
      .flat()
      .filter((route) => route.static)
      .map((route) => ({
        to: formatPrefixed(route.destination),
        by: formatAddress(route.gateway),
        on: route.interfaceName,
      })),
  };
}

function recorded(zone: Zone) {
  const { interfaces, addresses, properties, routing, chosen } = recordingOf(zone);
  return {
    interfaces: [...interfaces].sort(),
    addresses: [...addresses.values()].map(({ name, address }) => ({
      name,
      address: address === undefined ? '?' : formatPrefixed(address),
    })),
    properties: Object.fromEntries(properties),
    routing: Object.fromEntries(routing),
    chosen: [...chosen].sort(),
  };
}

export async function dumpIp(lab: Lab): Promise<Record<string, unknown>> {
  const entries = [...lab.zones.values()].map(async (zone) => [
    zone.name,
    { ...(zone.netns !== undefined && hasStack(zone) ? await running(lab, zone) : {}), recorded: recorded(zone) },
  ]);
  return Object.fromEntries(await Promise.all(entries)) as Record<string, unknown>;
}
