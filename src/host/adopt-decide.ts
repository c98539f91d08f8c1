import type { Address } from '../domain/address.ts';
import { OperatorError } from '../domain/errors.ts';
import { GLOBAL, parseLinkName, parseZoneName } from '../domain/names.ts';
import { checkHostAddress, type Network } from '../domain/network.ts';
import { formatInterfaceAddress, prefixContains } from '../domain/prefix.ts';
import { attachedRecord, parseBrand, parseZonePath, type ZoneNic, type ZoneRecord } from '../domain/zone-record.ts';
import type { Link } from '../illumos/dladm.ts';
import type { Bundle } from '../ini/bundle.ts';
import { addressOf, type Refuse, routersOf } from './adopt-address.ts';
import { decideLeft, type Left, reservationsOf } from './adopt-left.ts';
import type { ForeignZone, Situation } from './adopt-observe.ts';
import type { Adoption } from './adoption.ts';

/** The records of a network that somebody else made. */
export interface Adopted extends Bundle {
  readonly left: Left;
}

/**
 * Decides what is recorded of a network that was made by hand: pure, with all that does not match. Where the host itself is
 * the router it stays so, by a link that is nobody's here: it filters and translates by rules of its own. So do zones that share
 * its stack.
 *
 * @throws {OperatorError} NOT_OURS naming each thing that cannot be matched
 */
export function decideAdoption(asked: Adoption, situation: Situation, newId: () => string): Adopted {
  const { name, prefix, router, etherstub } = asked;
  const left = decideLeft(asked, situation);
  const adoption = { ...asked, left: left.links };
  const faults = [...left.faults];
  const stub = situation.links.get(etherstub);
  if (stub?.class !== 'etherstub') {
    faults.push(
      `${etherstub} is ${stub === undefined ? 'not there' : `a link of class ${stub.class}`}, not an etherstub`,
    );
  }
  faults.push(...findUnclaimed(adoption, situation));
  const recorded = situation.zones.filter((zone) => !left.zones.includes(zone));
  const zones = recorded.flatMap((zone): ZoneRecord[] => {
    const before = faults.length;
    const record = recordOf(zone, adoption, situation, faults, newId);
    return record === undefined || faults.length > before ? [] : [record];
  });
  faults.push(...findDoubles(zones, left));
  const proxy = zones.find((zone) => zone.role === 'proxy');
  const having = left.hostRouter === undefined ? proxy?.name : GLOBAL;
  if (adoption.routerZone !== undefined && faults.length === 0 && having !== adoption.routerZone) {
    const whose = having === undefined ? 'no zone' : nameOwner(having);
    faults.push(`its router should be ${nameOwner(adoption.routerZone)}, but ${whose} has ${router}`);
  }
  if (faults.length > 0) {
    throw new OperatorError('NOT_OURS', `Cannot adopt network "${name}":\n  ${faults.join('\n  ')}`, {
      hint: 'Nothing was recorded. An address that is not known is given with -i LINK=ADDRESS/LENGTH',
    });
  }
  const mtus = zones.flatMap((zone) => zone.nics.filter((nic) => nic.network === name).map(({ mtu }) => mtu));
  const network: Network = {
    name,
    state: 'ready',
    prefixes: [prefix],
    routers: [router],
    etherstub,
    mtu: mtus.length === 0 ? 1500 : Math.min(...mtus),
    reservations: reservationsOf(left, adoption),
    vars: {},
  };
  return { networks: [network], zones, left };
}

const nameOwner = (zone: string) => (zone === GLOBAL ? 'the host itself' : `zone "${zone}"`);

/** VNICs over the etherstub that are in no zone's configuration, or in two. */
function findUnclaimed({ etherstub, left }: Adoption, { links, zones }: Situation): string[] {
  return [...links.values()]
    .filter(({ name, over }) => over === etherstub && !left.includes(name))
    .flatMap(({ name }) => {
      const having = zones.filter(({ nets }) => nets.some(({ physical }) => physical === name));
      if (having.length === 1) return [];
      const who = having.map(({ entry }) => `"${entry.name}"`).join(' and ');
      return [having.length === 0 ? `${name} over ${etherstub}: no zone has it` : `${name}: zones ${who} both have it`];
    });
}

function recordOf(
  zone: ForeignZone,
  adoption: Adoption,
  { links }: Situation,
  faults: string[],
  newId: () => string,
): ZoneRecord | undefined {
  const { entry, config, nets } = zone;
  const refuse = (why: string): undefined => {
    faults.push(`zone "${entry.name}": ${why}`);
  };
  if (config.ipType === 'shared') {
    const own = nets.flatMap(({ physical }) => (links.get(physical)?.over === adoption.etherstub ? [physical] : []));
    return refuse(`it shares the host's IP stack; ${own.map((link) => `-l ${link}`).join(' ')} leaves it as it is`);
  }
  if (config.attributes['zonenet-id'] !== undefined) return refuse('another record of zonenet has it');
  const names = [...new Set(nets.map(({ physical }) => physical))];
  const nics = names.flatMap((physical): ZoneNic[] => {
    const link = links.get(physical);
    if (link?.class !== 'vnic' || link.over === undefined) {
      refuse(`its link ${physical} is ${link === undefined ? 'not there' : `of class ${link.class}`}`);
      return [];
    }
    const nic = nicOf(link, zone, adoption, refuse);
    return nic === undefined ? [] : [nic];
  });
  const isRouter = nics.some(
    (nic) => nic.network !== undefined && nic.addresses.some(({ address }) => address === adoption.router),
  );
  const outside = nics.filter(({ side }) => side === 'outside');
  if (!isRouter && outside[0] !== undefined) {
    return refuse(`its link ${outside[0].link} leads outside, and only the router of a network does that`);
  }
  if (isRouter && outside.length === 0) return refuse('it is the router, and has no link that leads outside');
  return {
    ...attachedRecord({
      name: parseZoneName(entry.name),
      id: newId(),
      state: 'ready',
      role: isRouter ? 'proxy' : 'member',
      brand: parseBrand(entry.brand),
      zonepath: parseZonePath(entry.zonepath),
      autoboot: config.autoboot,
      ipType: 'exclusive',
    }),
    nics: nics.map((nic) => (isRouter && nic.network !== undefined ? { ...nic, routers: [] } : nic)),
  };
}

function nicOf(link: Link, zone: ForeignZone, adoption: Adoption, refuse: Refuse): ZoneNic | undefined {
  const { name, prefix, router, etherstub } = adoption;
  const address = addressOf(link.name, zone, adoption, refuse);
  if (address === undefined) return undefined;
  const over = parseLinkName(link.over ?? '');
  const on = {
    link: parseLinkName(link.name),
    over,
    mtu: link.mtu,
    dhcp: false,
    addrconf: false,
    addresses: [address],
    routes: [],
  };
  if (over !== etherstub) {
    const routers = routersOf(link.name, zone, adoption);
    const [first] = routers;
    if (routers.length > 1)
      return refuse(`it has default routers ${routers.join(' and ')}; give one with -g ${link.name}=ADDRESS`);
    return { ...on, side: 'outside', routers: first === undefined ? [] : [first] };
  }
  if (address.prefixLength !== prefix.length || !prefixContains(prefix, address.address)) {
    return refuse(`${formatInterfaceAddress(address)} on ${link.name} is not of ${prefix.address}/${prefix.length}`);
  }
  try {
    checkHostAddress(address.address, prefix, `zone "${zone.entry.name}"`);
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    return refuse(error.message);
  }
  const [other] = routersOf(link.name, zone, adoption).filter((each) => each !== router);
  if (address.address !== router && other !== undefined) {
    return refuse(`its default router is ${other}, not ${router}`);
  }
  return { ...on, side: 'inside', network: name, routers: [router] };
}

/** Addresses that two have. */
function findDoubles(zones: readonly ZoneRecord[], { addresses }: Left): string[] {
  const seen = new Map<Address, string>();
  const having = [
    ...addresses.map(({ address, zone }) => [address, zone] as const),
    ...zones.flatMap(({ name, nics }) =>
      nics.flatMap(({ addresses }) => addresses.map(({ address }) => [address, name] as const)),
    ),
  ];
  return having.flatMap(([address, zone]) => {
    const other = seen.get(address);
    seen.set(address, zone);
    return other === undefined ? [] : [`${nameOwner(other)} and ${nameOwner(zone)} both have ${address}`];
  });
}
