import { type Address, parseAddress } from '../domain/address.ts';
import { OperatorError } from '../domain/errors.ts';
import { type HistoryEntry, originOf } from '../domain/history.ts';
import type { NetworkName } from '../domain/names.ts';
import { specialAddress } from '../domain/network.ts';
import { formatPrefix, type Prefix, prefixContains } from '../domain/prefix.ts';
import { formatReservation, reservationOf } from '../domain/reservation.ts';
import type { ZoneNic } from '../domain/zone-record.ts';
import type { System } from '../system/system.ts';
import { readHistory } from './history.ts';
import { observeHost, observeHostNetworks } from './observe.ts';
import { type Records, readRecords } from './store.ts';

/** Whose an address or a link is. */
export interface Owner {
  /** The address or link that was asked for. */
  readonly asked: string;
  /** 'zone web1', 'network back'; empty when nobody of ours has it. */
  readonly owner: string;
  /** What it is to the owner, or who has it instead: "its address on znic1", "free in network back". */
  readonly as: string;
  /** What gave it to the owner. Missing: older than the history, or without an owner. */
  readonly origin?: HistoryEntry;
}

/**
 * Tells whose an address or a link is: from the records, and for what is in none from the host.
 *
 * @throws {OperatorError} NOT_FOUND when neither knows of it, ADDRESS_INVALID
 */
export async function why(asked: string, system: System): Promise<Owner> {
  const records = await readRecords(system);
  const isAddress = asked.includes(':') || /^[\d.]+$/.test(asked);
  const [found] = isAddress ? ownersOfAddress(parseAddress(asked), records) : ownersOfLink(asked, records);
  if (found !== undefined && found.owner !== '') {
    const { owner, as, given } = found;
    const origin = given === undefined ? undefined : originOf(owner, given, await readHistory(system));
    return { asked, owner, as, ...(origin === undefined ? {} : { origin }) };
  }
  const live = isAddress ? await hostsAddress(parseAddress(asked), system) : await liveLink(asked, system);
  if (live !== undefined) return { asked, owner: '', as: live };
  if (found !== undefined) return { asked, owner: found.owner, as: found.as };
  const unread = records.damaged.length > 0 ? '; a record cannot be read (znetadm check)' : '';
  throw new OperatorError('NOT_FOUND', `Cannot tell whose ${asked} is: neither a record nor this host has it${unread}`);
}

interface Found extends Pick<Owner, 'owner' | 'as'> {
  /** What the history says of it. Missing: nothing, where nobody has it. */
  readonly given?: string;
}

function ownersOfAddress(address: Address, { networks, zones }: Records): Found[] {
  const nics = zones.flatMap(({ name, nics }) => nics.map((nic) => ({ name, nic })));
  const on = ({ link, network }: ZoneNic) => (network === undefined ? link : `${link}, network ${network}`);
  return [
    ...nics
      .filter(({ nic }) => nic.addresses.some((each) => each.address === address))
      .map(({ name, nic }) => ({ owner: `zone ${name}`, as: `its address on ${on(nic)}`, given: address })),
    ...networks
      .filter(({ routers }) => routers.includes(address))
      .map(({ name }) => ({
        owner: `network ${name}`,
        as: 'the address of its router, which it has not yet',
        given: address,
      })),
    ...networks.flatMap(({ name, reservations }) => {
      const reserved = reservationOf(address, reservations);
      if (reserved === undefined) return [];
      const as = reserved.zone === undefined ? 'reserved' : `reserved for zone ${reserved.zone}, which has it not`;
      return [{ owner: `network ${name}`, as, given: formatReservation(reserved) }];
    }),
    ...networks.flatMap(({ name, prefixes }) =>
      prefixes
        .filter((prefix) => prefixContains(prefix, address))
        .map((prefix) => ({ owner: '', as: placeOf(address, prefix, name) })),
    ),
  ];
}

function placeOf(address: Address, prefix: Prefix, network: NetworkName): string {
  const special = specialAddress(address, prefix);
  return special === undefined
    ? `nobody's, in ${formatPrefix(prefix)} of network ${network}`
    : `${special}, network ${network}`;
}

function ownersOfLink(link: string, { networks, zones }: Records): Found[] {
  return [
    ...zones.flatMap(({ name, nics }) =>
      nics
        .filter((nic) => nic.link === link)
        .map(({ over, side, network }) => ({
          owner: `zone ${name}`,
          as: `its link ${network === undefined ? side : `to network ${network}`}, over ${over}`,
          given: link,
        })),
    ),
    ...networks
      .filter(({ etherstub }) => etherstub === link)
      .map(({ name }) => ({ owner: `network ${name}`, as: 'its etherstub', given: link })),
  ];
}

async function hostsAddress(address: Address, system: System): Promise<string | undefined> {
  const { addresses } = await observeHostNetworks(system);
  const own = addresses.find((each) => each.address.address === address);
  return own === undefined ? undefined : `this host's own, ${own.object}`;
}

async function liveLink(name: string, system: System): Promise<string | undefined> {
  const link = (await observeHost(system)).links.get(name);
  if (link === undefined) return undefined;
  const over = link.over === undefined ? '' : ` over ${link.over}`;
  return `${link.class}${over} that znetadm did not make`;
}
