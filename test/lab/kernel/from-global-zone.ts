// What zonecfg's allowed-address gives an exclusive-IP zone: addresses and routers it cannot choose itself (§2.6).
import { NotModelled } from '../daemon/call.ts';
import type { Lab, NetResource, Zone } from '../daemon/state.ts';
import { plumb } from './addresses.ts';
import {
  type Address,
  classfulLength,
  formatAddress,
  formatPrefixed,
  type Prefixed,
  parseAddress,
} from './ip-address.ts';
import { netnsOf, stackOf } from './ip-stack.ts';
import { addRoute } from './routes.ts';

type GivenNet = NetResource & { readonly allowedAddress: string };

/** Only links that the global zone has recorded count: ipmgmtd looks at no others (§2.6). */
function givenNets(lab: Lab, zone: Zone): GivenNet[] {
  if (zone === lab.global) return [];
  return zone.config.nets.filter(
    (net): net is GivenNet =>
      net.allowedAddress !== undefined && lab.links.find(zone, net.physical)?.persistent === true,
  );
}

/** Interfaces that network/physical is to enable although the zone has not recorded them. */
export const givenInterfaces = (lab: Lab, zone: Zone): string[] => [
  ...new Set(givenNets(lab, zone).map(({ physical }) => physical)),
];

/** Whether a default route goes by a router that was given: netstat marks it "Z" (§3.3). */
export const isGivenRouter = (lab: Lab, zone: Zone, gateway: Address): boolean =>
  givenNets(lab, zone).some(({ defrouter }) => routersOf(defrouter).includes(formatAddress(gateway)));

const routersOf = (text: string | undefined) => text?.split(',') ?? [];

/** Plumbs a given interface with its addresses and default routes: what enable-if does with one. */
export async function enableGiven(lab: Lab, zone: Zone, name: string): Promise<void> {
  const ipInterface = stackOf(zone).interfaces.get(name) ?? (await plumb(lab, zone, name, false));
  if (typeof ipInterface === 'string') throw new NotModelled(`allowed-address on ${name}: ${ipInterface}`);
  const nets = givenNets(lab, zone).filter(({ physical }) => physical === name);
  for (const { allowedAddress } of nets) {
    const address = formatPrefixed(readGiven(allowedAddress));
    await lab.kernel.ip(netnsOf(zone), [`address add ${address} brd + dev ${ipInterface.device}`]);
  }
  for (const router of new Set(nets.flatMap(({ defrouter }) => routersOf(defrouter)))) {
    const gateway = parseAddress(router);
    if (gateway?.family !== 'ipv4') throw new NotModelled(`defrouter ${router}`);
    await addRoute(lab, zone, { destination: { family: 'ipv4', value: 0n, length: 0 }, gateway, kind: 'gateway' });
  }
}

/** A missing length is classful (§2.6). IPv6 is said not to work reliably there, so what it does is not known. */
function readGiven(text: string): Prefixed {
  const [host = '', length] = text.split('/');
  const address = parseAddress(host);
  if (address?.family !== 'ipv4') throw new NotModelled(`allowed-address ${text}`);
  return { ...address, length: length === undefined ? classfulLength(address) : Number(length) };
}
