import type { Address } from '../domain/address.ts';
import { OperatorError } from '../domain/errors.ts';
import { type LinkName, type NetworkName, parseLinkName } from '../domain/names.ts';
import { bottomAddress, checkHostAddress, checkNetworkPrefix } from '../domain/network.ts';
import { formatPrefix, type InterfaceAddress, type Prefix } from '../domain/prefix.ts';
import { parseZapNetwork, zapNetworkFile } from '../domain/zap-network.ts';
import type { System } from '../system/system.ts';
import { type Adopted, decideAdoption } from './adopt-decide.ts';
import { linksOverStub, observeForeignZones, observeHostAddressesOn } from './adopt-observe.ts';
import type { Adoption } from './adoption.ts';
import type { Host } from './host.ts';
import { observeHost } from './observe.ts';

/** A network to take over: its etherstub, or where zap has it. */
export interface AdoptRequest {
  readonly name: NetworkName;
  readonly prefix: Prefix;
  /** "zap": what Tribblix's zap has under /var/zap/zones tells etherstub, router and zones. */
  readonly from: LinkName | 'zap';
  /** Missing: as zap says, or the bottom one. */
  readonly router?: Address;
  readonly given: ReadonlyMap<string, InterfaceAddress>;
  readonly routers: ReadonlyMap<string, Address>;
  readonly left: readonly string[];
}

/**
 * The records of a network that somebody else made, and of the zones on it. Changes nothing, and asks every zone of the
 * host for its configuration, and running ones on the network for their addresses.
 *
 * @throws {OperatorError} NOT_OURS naming each thing that cannot be matched, NOT_FOUND, PREFIX_INVALID, ADDRESS_OUTSIDE
 */
export async function planAdoption(request: AdoptRequest, { system, newId }: Host): Promise<Adopted> {
  const adoption = await toAdoption(request, system);
  const observed = await observeHost(system);
  const links = linksOverStub(adoption.etherstub, observed).map(({ name }) => name);
  const [zones, host] = await Promise.all([
    observeForeignZones(links, observed, system),
    observeHostAddressesOn(links, system),
  ]);
  return decideAdoption(adoption, { links: observed.links, zones, host }, newId);
}

async function toAdoption(request: AdoptRequest, system: System): Promise<Adoption> {
  const { name, prefix, from, given, routers, left } = request;
  checkNetworkPrefix(prefix);
  const purpose = `the router of network "${name}"`;
  if (from !== 'zap') {
    const router = checkHostAddress(request.router ?? bottomAddress(prefix), prefix, purpose);
    return { name, prefix, router, etherstub: from, given, routers, left };
  }
  const file = zapNetworkFile(prefix);
  const text = await system.readFile(file);
  if (text === undefined) {
    throw new OperatorError(
      'NOT_FOUND',
      `Cannot adopt network "${name}": zap has no ${formatPrefix(prefix)} (${file})`,
    );
  }
  const { etherstub, router, zone, sharedLink } = parseZapNetwork(text, file);
  return {
    name,
    prefix,
    router: checkHostAddress(request.router ?? router, prefix, purpose),
    etherstub: parseLinkName(etherstub),
    given,
    routers,
    left: [...left, ...(sharedLink === undefined ? [] : [sharedLink])],
    routerZone: zone,
  };
}
