import { type Address, isLinkLocal } from '../domain/address.ts';
import { OperatorError } from '../domain/errors.ts';
import { withForwardsMoved } from '../domain/forward-way.ts';
import { GLOBAL, type LinkName } from '../domain/names.ts';
import { addressesOf, ownNics } from '../domain/nic.ts';
import { formatInterfaceAddress, type InterfaceAddress } from '../domain/prefix.ts';
import { attachedRecord, type ZoneNic, type ZoneRecord } from '../domain/zone-record.ts';
import {
  type AddressObject,
  parseAddresses,
  parseForwarding,
  parseInterfaces,
  showAddresses,
  showForwarding,
  showInterfaces,
} from '../illumos/ipadm.ts';
import { IPFILTER, ZONENET } from '../illumos/smf.ts';
import { parseServiceStates, showServiceStates } from '../illumos/svc-host.ts';
import { type Drift, driftWhere } from '../plan/drift.ts';
import { FILTER_FILES } from '../plan/filter.ts';
import {
  HOST_SERVICES,
  type HostTraces,
  keptFile,
  planHostServices,
  planHostTakingBack,
  planInterfacesAway,
  planKeeping,
} from '../plan/global-zone.ts';
import type { HostPlan, HostStep } from '../plan/host-step.ts';
import { recordZone } from '../plan/records.ts';
import { CANDIDATES, LAST_GOOD } from '../plan/zone-paths.ts';
import { ask } from '../system/ask.ts';
import type { System } from '../system/system.ts';
import type { Observed } from './observe.ts';
import type { LinkRequest } from './zone-request.ts';

// The host itself as the proxy of a hidden network: for a host with one public address.

/** The record of the global zone, without links yet. Nothing of it is made, and no configuration of it is touched. */
export function globalRecord(id: string, { zones }: Pick<Observed, 'zones'>): ZoneRecord {
  return attachedRecord({
    name: GLOBAL,
    id,
    state: 'creating',
    role: 'proxy',
    brand: zones.get(GLOBAL)?.brand ?? 'ipkg',
    zonepath: '/',
    autoboot: true,
    ipType: 'exclusive',
  });
}

/**
 * Sees that what is asked of the host can be: networks to route, by a link that it has.
 *
 * @throws {OperatorError} VALUE_INVALID
 */
export function checkGlobalRequest({ networks, outside, routers, staticRoutes }: LinkRequest): void {
  const own = outside.find(({ asIs }) => asIs !== true);
  const why =
    networks.length > 0
      ? 'it is behind no proxy; it can be one'
      : own !== undefined || routers.length + staticRoutes.length > 0
        ? "its addresses and routes are the host's own"
        : undefined;
  if (why === undefined) return;
  throw new OperatorError('VALUE_INVALID', `Cannot attach the global zone so: ${why}`, {
    hint: 'Write: znetadm attach-zone -R NETWORK -x LINK global, with a link of the host that has its address',
  });
}

/**
 * The links by which the host looks out: those that are asked for, or the only one that has an address.
 *
 * @throws {OperatorError} LINK_MISSING, USAGE
 */
export async function decideHostLinks(
  wanted: readonly (LinkName | undefined)[],
  { links }: Pick<Observed, 'links'>,
  { zones }: { readonly zones: readonly ZoneRecord[] },
  system: System,
): Promise<ZoneNic[]> {
  const ours = new Set<string>(zones.flatMap((zone) => ownNics(zone).map(({ link }) => link)));
  const addresses = (await observeHostAddresses(system)).filter(([link]) => !ours.has(link));
  const having = [...new Set(addresses.map(([link]) => link))];
  const named = wanted.flatMap((link) => link ?? []);
  const chosen = named.length > 0 ? named : having;
  if (named.length === 0 && having.length !== 1) {
    const what = having.length === 0 ? 'no link of it has an address' : `${having.join(', ')} have addresses`;
    throw new OperatorError('USAGE', `Cannot attach the global zone: which link leads outside? ${what}`, {
      hint: 'Write: znetadm attach-zone -R NETWORK -x LINK global',
    });
  }
  return chosen.map((link) => {
    const have = links.get(link);
    const own = addresses.flatMap(([at, address]) => (at === link ? [address] : []));
    if (have === undefined || own.length === 0) {
      const why = have === undefined ? `this host has no link ${link}` : `${link} has no address`;
      throw new OperatorError('LINK_MISSING', `Cannot attach the global zone: ${why}`, {
        hint: `Links with addresses: ${having.join(', ') || 'none; see /usr/sbin/ipadm show-addr'}`,
      });
    }
    const name = link as LinkName;
    const plain = { dhcp: false, addrconf: false, routers: [], routes: [], host: true } as const;
    return { link: name, over: name, side: 'outside', mtu: have.mtu, addresses: own, ...plain };
  });
}

/** Link, address and how it was given, of all that the host has up, without loopback and link-local ones. */
async function observeHostAddresses(
  system: System,
): Promise<[link: string, address: InterfaceAddress, type: AddressObject['type']][]> {
  return parseAddresses(await ask(showAddresses(), system)).flatMap(({ link, state, address, type }) =>
    address === undefined || state !== 'ok' || link === 'lo0' || isLinkLocal(address.address)
      ? []
      : [[link, address, type]],
  );
}

/**
 * Sees that the host neither filters nor forwards for somebody else.
 *
 * @throws {OperatorError} NOT_OURS
 */
export async function checkHostFree(system: System): Promise<void> {
  const refuse = (why: string, hint: string): never => {
    throw new OperatorError('NOT_OURS', `Cannot attach the global zone: ${why}`, { hint });
  };
  const ipfilter = (await observeServices(system)).get(IPFILTER);
  if (ipfilter === undefined) refuse(`this host has no ${IPFILTER}`, 'Install the package network/ipfilter');
  if (ipfilter !== 'disabled') {
    refuse('it has a packet filter of its own', `When its rules are not wanted: /usr/sbin/svcadm disable ${IPFILTER}`);
  }
  for (const [path, text] of await readFilterFiles(system)) {
    const rule = text.split('\n').find((line) => !/^\s*(#.*)?$/.test(line));
    if (rule === undefined) continue;
    refuse(`${path} has rules of its own: ${rule.trim()}`, 'Move it away, and give the rules by add-rule');
  }
  const table = await ask(showForwarding(), system);
  const forwarding = (['inet', 'inet6'] as const).flatMap((family) => parseForwarding(table, family));
  if (forwarding.length === 0) return;
  const hint = 'When nobody needs that: /usr/sbin/ipadm set-prop -p forwarding=off ipv4, and ipv6';
  refuse(`it forwards packets already, on ${[...new Set(forwarding)].join(', ')}`, hint);
}

async function readFilterFiles(system: System): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  for (const path of Object.values(FILTER_FILES)) {
    const text = await system.readFile(path);
    if (text !== undefined) files.set(path, text);
  }
  return files;
}

/** Keeps what stands in the place of the files of the packet filter, as long as the global zone is being attached. */
export async function planHostKeeping(zones: readonly ZoneRecord[], system: System): Promise<HostPlan> {
  if (!zones.some(({ name, state }) => name === GLOBAL && state === 'creating')) return [];
  // Where set-up has been, they are kept already, and what stands there is ours.
  if ((await observeServices(system)).has(ZONENET)) return [];
  const files = await readFilterFiles(system);
  for (const path of files.keys()) if ((await system.kindOf(keptFile(path))) !== undefined) files.delete(path);
  return planKeeping(files);
}

async function observeServices(system: System): Promise<Map<string, string>> {
  // Of several names those that there are are told; status 1 says that one is missing.
  return parseServiceStates((await system.run(showServiceStates(GLOBAL, [...HOST_SERVICES, IPFILTER]))).stdout);
}

/** The files of the packet filter that set-up wrote, by our banner or as it has noted them. */
async function findWritten(system: System): Promise<string[]> {
  const noted = (await system.readFile(LAST_GOOD)) ?? '';
  return [...(await readFilterFiles(system))].flatMap(([path, text]) =>
    /^# Written by zonenet /m.test(text) || noted.includes(JSON.stringify(text)) ? [path] : [],
  );
}

/** The links of ours that are interfaces of the host. */
async function plumbedLinks(record: ZoneRecord, system: System): Promise<LinkName[]> {
  const plumbed = new Set(parseInterfaces(await ask(showInterfaces(), system)));
  return ownNics(record).flatMap(({ link }) => (plumbed.has(link) ? [link] : []));
}

/** Unplumbs links of the global zone that are to go. Empty for other zones, and for links that are no interfaces. */
export async function planUnplumbing(record: ZoneRecord, system: System): Promise<HostPlan> {
  return record.name === GLOBAL ? planInterfacesAway(await plumbedLinks(record, system)) : [];
}

/** What takes back all that made the host a proxy. Empty for other zones. */
export async function planGlobalRemoval(record: ZoneRecord, system: System): Promise<HostPlan> {
  if (record.name !== GLOBAL) return [];
  const [services, interfaces] = await Promise.all([observeServices(system), plumbedLinks(record, system)]);
  const kept = new Map<string, string>();
  for (const path of Object.values(FILTER_FILES)) {
    const text = await system.readFile(keptFile(path));
    if (text !== undefined) kept.set(path, text);
  }
  const traces: HostTraces = {
    services,
    interfaces,
    written: await findWritten(system),
    kept,
    candidates: [
      ...(await system.list(CANDIDATES)).map((name) => `${CANDIDATES}/${name}`),
      ...(await system.cutOff(CANDIDATES)),
    ],
  };
  return planHostTakingBack(traces);
}

/** Services of ours that the host has lost. */
export async function findHostServiceDrift(zones: readonly ZoneRecord[], system: System): Promise<Drift[]> {
  if (!zones.some(({ name }) => name === GLOBAL)) return [];
  const have = await observeServices(system);
  const missing = HOST_SERVICES.filter((fmri) => !have.has(fmri));
  const what = { of: `zone "${GLOBAL}"`, item: 'services', expected: missing.join(', '), found: 'missing' };
  return driftWhere(what, () => (missing.length === 0 ? [] : planHostServices()));
}

/**
 * Where the host has other addresses outside than are recorded: filter and NAT would be of the old ones. Forwards of an address
 * that DHCP has replaced by another lead away from that one.
 */
export async function findHostDrift(zones: readonly ZoneRecord[], system: System): Promise<Drift[]> {
  const record = zones.find(({ name }) => name === GLOBAL);
  if (record === undefined) return [];
  const addresses = await observeHostAddresses(system);
  const nics = record.nics.map((nic): ZoneNic => {
    if (nic.host !== true) return nic;
    const own = addresses.flatMap(([link, address]) => (link === nic.link ? [address] : []));
    // One that has none at this moment will have it again.
    return own.length === 0 || format(own) === format(nic.addresses) ? nic : { ...nic, addresses: own };
  });
  return record.nics.flatMap((before, index) => {
    const now = nics[index];
    if (now === undefined || now === before) return [];
    const what = { of: `zone "${GLOBAL}"`, item: `addresses of ${before.link}` };
    const changed = { expected: format(before.addresses), found: format(now.addresses) };
    const replaced = replacedAddress(before, now, addresses);
    // The host comes last: whoever is killed before that finds it so again.
    return driftWhere({ ...what, ...changed }, () => [
      ...(replaced === undefined ? [] : moveForwards(zones, replaced)),
      recordZone({ ...record, nics }, '~', `${now.link} has ${format(now.addresses)}`),
    ]);
  });
}

/** An address, and the one that stands in its place. */
interface Replaced {
  readonly from: Address;
  readonly to: Address;
}

/** The only IPv4 address of a link, where DHCP has given it in place of the only one that it had. */
function replacedAddress(
  before: ZoneNic,
  now: ZoneNic,
  addresses: Awaited<ReturnType<typeof observeHostAddresses>>,
): Replaced | undefined {
  const [[from, ...others], [to, ...more]] = [addressesOf(before, 'inet'), addressesOf(now, 'inet')];
  if (from === undefined || to === undefined || from.address === to.address) return undefined;
  const byDhcp = addresses.some(
    ([link, { address }, type]) => link === now.link && address === to.address && type === 'dhcp',
  );
  return byDhcp && others.length + more.length === 0 ? { from: from.address, to: to.address } : undefined;
}

function moveForwards(zones: readonly ZoneRecord[], { from, to }: Replaced): HostStep[] {
  const note = `what led away from ${from} leads away from ${to}`;
  return zones.flatMap((zone) => {
    const after = withForwardsMoved(zone, new Map([[from, to]]));
    return after === zone ? [] : [recordZone(after, '~', note)];
  });
}

const format = (addresses: readonly InterfaceAddress[]) => addresses.map(formatInterfaceAddress).sort().join(', ');
