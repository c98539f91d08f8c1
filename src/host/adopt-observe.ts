import { type Address, familyOf } from '../domain/address.ts';
import { OperatorError } from '../domain/errors.ts';
import { type LinkName, parseZoneName } from '../domain/names.ts';
import type { InterfaceAddress } from '../domain/prefix.ts';
import { parseZapZone, ZAP_DIRECTORY, type ZapZone } from '../domain/zap-network.ts';
import type { Link } from '../illumos/dladm.ts';
import { parseAddresses, showAddresses } from '../illumos/ipadm.ts';
import { parseRouteTable, showRouteTable } from '../illumos/netstat.ts';
import { answerFromZone, askInZone } from '../illumos/zlogin.ts';
import type { ZoneEntry } from '../illumos/zoneadm.ts';
import { exportConfig, parseConfig, type ZoneConfig } from '../illumos/zonecfg.ts';
import { parseNets, type ZoneNet } from '../illumos/zonecfg-nets.ts';
import { ask } from '../system/ask.ts';
import type { System } from '../system/system.ts';
import type { Observed } from './observe.ts';

/** A zone that somebody else made, with all that tells its addresses. */
export interface ForeignZone {
  readonly entry: ZoneEntry;
  readonly config: ZoneConfig;
  readonly nets: readonly ZoneNet[];
  /** What the running zone itself says; missing when it does not run, or does not answer. */
  readonly inside?: {
    readonly addresses: ReadonlyMap<string, readonly InterfaceAddress[]>;
    readonly routers: readonly Address[];
  };
  /** What zap has of it. */
  readonly zap?: ZapZone;
}

/** The links over an etherstub, by name. */
export function linksOverStub(etherstub: LinkName, { links }: Observed): Link[] {
  return [...links.values()].filter(({ over }) => over === etherstub);
}

/** An IPv4 address of the host's own stack. */
export interface AddressOnLink {
  readonly link: string;
  readonly address: InterfaceAddress;
}

/** What was seen of the host. */
export interface Situation {
  readonly links: ReadonlyMap<string, Link>;
  readonly zones: readonly ForeignZone[];
  /** Addresses that the host itself has on links over the etherstub. */
  readonly host: readonly AddressOnLink[];
}

/** What the host itself has on links of a network: where it is the router, or somebody's way in. */
export async function observeHostAddressesOn(links: readonly string[], system: System): Promise<AddressOnLink[]> {
  return parseAddresses(await ask(showAddresses(), system)).flatMap(({ link, family, address }) =>
    address === undefined || family !== 'inet' || !links.includes(link) ? [] : [{ link, address }],
  );
}

/** The zones of the host whose configuration names one of these links. Asks every zone of the host. */
export async function observeForeignZones(
  links: readonly string[],
  { zones }: Observed,
  system: System,
): Promise<ForeignZone[]> {
  const found: ForeignZone[] = [];
  for (const entry of zones.values()) {
    if (entry.name === 'global') continue;
    const zone = parseZoneName(entry.name);
    const text = await ask(exportConfig(zone), system);
    const nets = parseNets(text);
    if (!nets.some(({ physical }) => links.includes(physical))) continue;
    const config = parseConfig(text);
    const path = `${ZAP_DIRECTORY}/zconfig.${zone}`;
    const zap = await system.readFile(path);
    found.push({
      entry,
      config,
      nets,
      ...(entry.state === 'running' && config.ipType !== 'shared' ? await observeInside(entry.name, system) : {}),
      ...(zap === undefined ? {} : { zap: parseZapZone(zap, path) }),
    });
  }
  return found;
}

async function observeInside(name: string, system: System): Promise<Pick<ForeignZone, 'inside'>> {
  const zone = parseZoneName(name);
  const [addresses, routes] = await Promise.all(
    [showAddresses(), showRouteTable()].map(async (question) => {
      const { status, stdout } = await system.run(askInZone(zone, question));
      return status === 0 ? answerFromZone(stdout) : undefined;
    }),
  );
  return addresses === undefined || routes === undefined ? {} : readInside(addresses, routes);
}

/** What the zone says is checked like input: what cannot be read tells nothing. */
function readInside(addresses: string, routes: string): Pick<ForeignZone, 'inside'> {
  try {
    const byLink = new Map<string, InterfaceAddress[]>();
    for (const { link, address, type } of parseAddresses(addresses)) {
      if (address !== undefined && type !== 'addrconf') byLink.set(link, [...(byLink.get(link) ?? []), address]);
    }
    const defaults = parseRouteTable(routes).filter(({ to }) => to.length === 0 && familyOf(to.address) === 'inet');
    return { inside: { addresses: byLink, routers: defaults.map(({ router }) => router) } };
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    return {};
  }
}
