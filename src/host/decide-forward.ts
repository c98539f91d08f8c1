import { type Address, FAMILY_NAMES, familyOf } from '../domain/address.ts';
import { OperatorError } from '../domain/errors.ts';
import {
  checkForward,
  describeForward,
  type Forward,
  type ForwardProtocol,
  formatForward,
  forwardsMeet,
} from '../domain/forward.ts';
import { insideAddress, outsideAddresses, proxiesOf } from '../domain/forward-way.ts';
import type { ZoneName } from '../domain/names.ts';
import { addressesOf } from '../domain/nic.ts';
import { formatPortRange, NAT_PORTS, type PortRange, portsOverlap } from '../domain/port.ts';
import { describeSite, portsOf } from '../domain/site.ts';
import { sitesOf } from '../domain/site-way.ts';
import { isUniqueLocal } from '../domain/ula.ts';
import { routedNetworks, type ZoneRecord } from '../domain/zone-record.ts';

/** A forward as it is asked for. */
export interface ForwardRequest {
  readonly zone: ZoneName;
  readonly protocol: ForwardProtocol;
  readonly ports: PortRange;
  readonly port: number;
  readonly toOne?: true;
  /** Missing: the only outside address there is, of IPv4 where there is one. */
  readonly outside?: Address;
}

/**
 * Decides on a forward to a zone. Pure. Gives what its record has already when that is the same.
 *
 * @throws {OperatorError} NOT_FOUND without a proxy or an outside address of it, VALUE_INVALID when the outside address is
 * not to be told or no port is led to, IN_USE naming who has the port
 */
export function decideForward(request: ForwardRequest, zone: ZoneRecord, zones: readonly ZoneRecord[]): Forward {
  const { protocol, ports, port, toOne } = request;
  const outside = request.outside ?? onlyOutside(zone, zones);
  const forward = checkForward({ protocol, outside, ports, port, ...(toOne === undefined ? {} : { toOne }) });
  const proxy = proxiesOf(zone, zones).find((one) => outsideAddresses(one).some(({ address }) => address === outside));
  if (proxy === undefined) throw notOutside(zone, outside, request, zones);
  if (insideAddress(zone, proxy, outside) === undefined) {
    const family = FAMILY_NAMES[familyOf(outside)];
    throw refusal(
      'NOT_FOUND',
      zone,
      `it has no ${family} address on a network of "${proxy.name}", and ${outside} is one`,
    );
  }
  refuseNat(forward, proxy, zone);
  refuseSites(forward, proxy, zone, zones);
  for (const other of zones) {
    const met = other.forwards.find((one) => forwardsMeet(one, forward));
    if (met === undefined) continue;
    if (other.name === zone.name && formatForward(met) === formatForward(forward)) return met;
    throw refusal('IN_USE', zone, `${describeForward(met)} leads to zone "${other.name}", port ${met.port}`, [
      `to free it:   znetadm delete-forward -a ${outside} ${protocol}/${formatPortRange(met.ports)}`,
    ]);
  }
  return forward;
}

/** @throws {OperatorError} NOT_FOUND, VALUE_INVALID */
function onlyOutside(zone: ZoneRecord, zones: readonly ZoneRecord[]): Address {
  const proxies = proxiesOf(zone, zones);
  if (proxies.length === 0) throw noProxy(zone);
  const able = proxies.flatMap((proxy) =>
    outsideAddresses(proxy)
      .map(({ address }) => address)
      .filter((address) => insideAddress(zone, proxy, address) !== undefined),
  );
  const inet = able.filter((address) => familyOf(address) === 'inet');
  const [only, ...more] = inet.length > 0 ? inet : able;
  if (only === undefined) throw noOutside(zone, proxies);
  if (more.length === 0) return only;
  throw refusal('VALUE_INVALID', zone, `there are several outside addresses`, [
    `choose one with -a: ${[only, ...more].join(', ')}`,
  ]);
}

function noProxy(zone: ZoneRecord): OperatorError {
  const routed = routedNetworks(zone);
  return refusal('NOT_FOUND', zone, 'no proxy is in front of it', [
    routed.length > 0
      ? `It is the proxy of "${routed.join('", "')}"; forward to the zones behind it`
      : 'A proxy is made with: znetadm create-zone -R NETWORK -x UPLINK=ADDRESS/LEN NAME',
  ]);
}

/** A redirect names its address: what comes by DHCP is not known, and 0/32 matches nothing (ipfilter.md, 2). */
function noOutside(zone: ZoneRecord, proxies: readonly ZoneRecord[]): OperatorError {
  const names = proxies.map(({ name }) => `"${name}"`).join(', ');
  const learnt = proxies.flatMap(({ nics }) =>
    nics.filter((nic) => nic.side === 'outside' && (nic.dhcp || nic.addrconf)),
  );
  const [first] = learnt;
  const why =
    first === undefined
      ? `proxy ${names} has no outside address of a family that the zone has too`
      : `${first.link} of proxy ${names} gets its address by ${first.dhcp ? 'DHCP' : 'router advertisements'}, and a redirect has to name it`;
  return refusal('NOT_FOUND', zone, why, [
    'Give the proxy a static address outside (create-zone -x UPLINK=ADDRESS/LEN)',
  ]);
}

/** The address is no outside of the zone's own proxy; it may be one of a proxy further out, which takes two forwards. */
function notOutside(
  zone: ZoneRecord,
  outside: Address,
  { protocol, ports, port }: ForwardRequest,
  zones: readonly ZoneRecord[],
): OperatorError {
  const proxies = proxiesOf(zone, zones);
  if (proxies.length === 0) return noProxy(zone);
  const own = proxies.flatMap((proxy) => outsideAddresses(proxy).map(({ address }) => address));
  const between = proxies.find((proxy) =>
    proxiesOf(proxy, zones).some((outer) => outsideAddresses(outer).some(({ address }) => address === outside)),
  );
  const inner = between && outsideAddresses(between).find(({ address }) => familyOf(address) === familyOf(outside));
  if (between === undefined || inner === undefined) {
    return refusal('NOT_FOUND', zone, `${outside} is no outside address of its proxy`, [
      own.length === 0 ? 'Its proxy has none that is static' : `There are: ${own.join(', ')}`,
    ]);
  }
  const range = formatPortRange(ports);
  return refusal(
    'NOT_FOUND',
    zone,
    `${outside} is outside a proxy further out, and proxy "${between.name}" is between`,
    [
      `in two steps:   znetadm add-forward -a ${outside} ${protocol}/${range} ${between.name}:${ports.first}`,
      `                znetadm add-forward -a ${inner.address} ${protocol}/${range} ${zone.name}:${port}`,
    ],
  );
}

/** A port by which sites are served is the proxy's own. */
function refuseSites(forward: Forward, proxy: ZoneRecord, zone: ZoneRecord, zones: readonly ZoneRecord[]): void {
  const { protocol, ports } = forward;
  const met = sitesOf(proxy, zones).find(({ site }) =>
    portsOf(site).some((port) => protocol === 'tcp' && ports.first <= port && port <= ports.last),
  );
  if (met === undefined) return;
  throw refusal(
    'IN_USE',
    zone,
    `proxy "${proxy.name}" serves ${describeSite(met.site)} there, from zone "${met.zone.name}"`,
    [`to free it:   znetadm unpublish ${met.zone.name} ${met.site.host}`],
  );
}

/** What NAT gives out on an address must not lead elsewhere: an answer would meet a redirect. */
function refuseNat(forward: Forward, proxy: ZoneRecord, zone: ZoneRecord): void {
  const { outside, ports } = forward;
  const family = familyOf(outside);
  const maps = proxy.nics.some((nic) => nic.side === 'outside' && addressesOf(nic, family)[0]?.address === outside);
  const translated = proxy.nics
    .filter(({ side }) => side === 'inside')
    .some((nic) => addressesOf(nic, family).some(({ address }) => family === 'inet' || isUniqueLocal(address)));
  if (!maps || !translated || !portsOverlap(ports, NAT_PORTS)) return;
  const what = `ports ${formatPortRange(NAT_PORTS)} of ${outside} are given out by NAT of proxy "${proxy.name}"`;
  throw refusal('IN_USE', zone, what, [`Take ports below ${NAT_PORTS.first} or above ${NAT_PORTS.last}`]);
}

function refusal(
  code: 'NOT_FOUND' | 'IN_USE' | 'VALUE_INVALID',
  zone: ZoneRecord,
  why: string,
  hint: readonly string[] = [],
): OperatorError {
  const message = `Cannot forward to zone "${zone.name}": ${why}`;
  return new OperatorError(code, message, hint.length === 0 ? {} : { hint: hint.join('\n') });
}
