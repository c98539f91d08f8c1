import { OperatorError } from '../domain/errors.ts';
import { GLOBAL, type LinkName, type NetworkName, type ZoneName } from '../domain/names.ts';
import { attachedRecord, networksOf, routedNetworks, type ZoneNic, type ZoneRecord } from '../domain/zone-record.ts';
import type { ZoneState } from '../illumos/zoneadm.ts';
import type { HostPlan } from '../plan/host-step.ts';
import { planLending } from '../plan/links.ts';
import { desiredConfig, type ObservedZone } from '../plan/zone-config.ts';
import { planBoot } from '../plan/zone-life.ts';
import type { System } from '../system/system.ts';
import { waitForRunning } from './applied.ts';
import { createLinkDecider } from './decide-links.ts';
import { describeCommands, takingAway } from './freeing.ts';
import { checkGlobalRequest, checkHostFree, decideHostLinks, globalRecord } from './global-zone.ts';
import { carryOut, FINISH, type Host, locked, tellingHowToFinish } from './host.ts';
import { planDraftRemoval } from './leftovers.ts';
import { makeZones } from './make-zone.ts';
import { observeHost, observeHostNetworks, observeZone } from './observe.ts';
import { planMakeZones, type ZoneCreations } from './plan-zones.ts';
import { observeProtection, protectionOf } from './protect.ts';
import { planLate, type ZonePublication } from './publications.ts';
import type { Look } from './situation.ts';
import { readRecords, readSettings, refuseDamaged } from './store.ts';
import { hasOutside, type LinkRequest } from './zone-request.ts';

/** A zone that is there, and the links it is to get. */
export interface AttachRequest extends LinkRequest {
  readonly name: ZoneName;
  /** Whether it is booted when it has them. */
  readonly boot?: true;
}

/** What gives a zone its links. */
export interface Attachment extends ZoneCreations {
  /** The zone with the links it gets. */
  readonly record: ZoneRecord;
  /** Record, links and configuration. */
  readonly links: HostPlan;
  /** Links that a running zone gets at once; it needs no boot for them. */
  readonly lend: HostPlan;
  /** Metadata, of its routers too: a zone that runs has to have its links when it reads them. */
  readonly publish: HostPlan;
  /** What that publishes. */
  readonly publications: readonly ZonePublication[];
  /** Whether it takes a boot until the zone has them. */
  readonly needsBoot: boolean;
  /** Whether it was recorded already, and gets more. */
  readonly isKnown: boolean;
  /** As zoneadm tells it; of the global zone "running". */
  readonly state: ZoneState | undefined;
}

/**
 * Decides on links for a zone that is there, and plans them. Changes nothing.
 *
 * A zone that znetadm made gets more links; a running one at once. One that somebody else made is recorded: links and
 * mounts are added to its configuration, and nothing else of it is touched.
 *
 * @throws {OperatorError} NOT_FOUND, NOT_OURS, EXISTS, IN_USE, VALUE_INVALID, and as `decideZones`
 */
export async function planAttachZone(request: AttachRequest, host: Host): Promise<Attachment> {
  const { system } = host;
  const { name } = request;
  const [records, settings, observed] = await Promise.all([
    readRecords(system),
    readSettings(system),
    observeHost(system),
  ]);
  refuseDamaged(records, `attach zone "${name}"`);
  const zone = await observeZone(name, observed, system);
  const before = records.zones.find((record) => record.name === name);
  const situation = { records, settings, observed };
  const isHost = name === GLOBAL;
  if (isHost) checkGlobalRequest(request);
  if (isHost && before === undefined) await checkHostFree(system);
  const unknown = () => (isHost ? globalRecord(host.newId(), observed) : foreign(name, zone, host.newId()));
  const base = before === undefined ? unknown() : known(before);
  const asksNothing = request.routes.length + request.networks.length + request.outside.length === 0;
  // Begun by a run that did not end, or called again only to boot it.
  const decided = before?.state === 'creating' || (before?.origin === 'attached' && asksNothing);
  const isBegun = before?.state === 'ready' && !asksNothing && hasLinks(before, request);
  const record = decided || isBegun ? base : await withLinks(base, request, situation, host);
  const creations = await planMakeZones([record], situation, host);
  const isLive = before?.state === 'ready' && observed.zones.get(name)?.state === 'running';
  const got = isBegun ? await linksIn(record, system) : (before?.nics ?? []).map(({ link }) => link);
  const lacksBoot = request.boot === true && got.length < record.nics.length;
  const added = record.nics.filter(({ link }) => !got.includes(link));
  const lend = isLive && record.ipType === 'exclusive' ? planLending(name, added) : [];
  const publications = await creations.publishing.all();
  const late = isBegun ? await planLate(publications, system) : [];
  const attachment: Attachment = {
    ...creations,
    record,
    links: [...creations.begin, ...creations.connect.flat(), ...(isBegun ? await planDraftRemoval(name, system) : [])],
    lend,
    publish: [...(await creations.publishing.plan()), ...late],
    publications,
    needsBoot: !isHost && zone?.state === 'running' && (lend.length === 0 || record.origin === 'attached'),
    isKnown: before?.state === 'ready',
    state: observed.zones.get(name)?.state,
  };
  if (isBegun && !lacksBoot && (await isDone(attachment, isLive, host)))
    throw alreadyThere(record, wantedNetworks(request)[0]);
  return attachment;
}

/** Whether a zone has been given such links before. */
function hasLinks(zone: ZoneRecord, { networks, routes, outside }: AttachRequest): boolean {
  const isOn = ({ network, addresses }: AttachRequest['networks'][number]) =>
    zone.nics.some((nic) => {
      const own = nic.addresses.map(({ address }) => address);
      return nic.network === network && addresses.every((address) => own.includes(address));
    });
  return (
    networks.every(isOn) &&
    routes.every((network) => routedNetworks(zone).includes(network)) &&
    outside.every((wanted) => zone.nics.some((nic) => nic.network === undefined && hasOutside(nic, wanted)))
  );
}

/** The names of its links that a zone has, whoever gave it them. */
async function linksIn({ name, nics }: ZoneRecord, system: System): Promise<LinkName[]> {
  const { holders } = await observeProtection([], system);
  return nics.map(({ link }) => link).filter((link) => holders.get(link) === name);
}

/** Whether a run that was killed has left nothing to do. What protects links goes whenever a zone is down. */
async function isDone(attachment: Attachment, isLive: boolean, host: Host): Promise<boolean> {
  const { links, lend, publish } = attachment;
  const protect = isLive ? await planLinkProtection(attachment, host) : [];
  return links.length + lend.length + publish.length + protect.length === 0;
}

const wantedNetworks = ({ routes, networks }: AttachRequest) => [...routes, ...networks.map(({ network }) => network)];

function alreadyThere({ name }: ZoneRecord, network: NetworkName | undefined): OperatorError {
  const what = network === undefined ? 'it has such a link' : `it is on network "${network}"`;
  return new OperatorError('EXISTS', `Cannot attach zone "${name}": ${what} already`, {
    hint: `See: znetadm show-zone ${name}`,
  });
}

/** All that `attachZone` does, in its order, and a boot behind it on request: as far as it is known before. */
export async function planAttachment(request: AttachRequest, host: Host): Promise<HostPlan> {
  const attachment = await planAttachZone(request, host);
  const { links, lend, publish, zones, state, isKnown } = attachment;
  const boots = request.boot === true && request.name !== GLOBAL;
  return [
    ...links,
    ...(isKnown || boots ? await planLinkProtection(attachment, host) : []),
    ...lend,
    ...publish,
    ...zones.flatMap(({ install }) => install),
    ...(boots ? planBoot(request.name, state) : []),
  ];
}

/** What holds the links of a zone that runs, or is about to. */
export async function planLinkProtection(
  { record, networks, settings }: Attachment,
  { system }: Host,
): Promise<HostPlan> {
  return protectionOf(record, { networks }, settings, await observeProtection([record], system));
}

/** @throws {OperatorError} IN_USE, EXISTS */
function known(record: ZoneRecord): ZoneRecord {
  if (record.state === 'deleting') {
    throw new OperatorError('IN_USE', `Cannot attach zone "${record.name}": it is being taken away`, {
      hint: 'to finish it: znetadm repair',
    });
  }
  if (record.state === 'creating' && record.origin === 'made') {
    throw new OperatorError('IN_USE', `Cannot attach zone "${record.name}": it is not made yet`, {
      hint: 'to finish it: znetadm repair',
    });
  }
  return record;
}

/**
 * The record of a zone that somebody else made, without links yet.
 *
 * What we would add must not be there: what is taken away one day is exactly what was added.
 *
 * @throws {OperatorError} NOT_FOUND, NOT_OURS
 */
function foreign(name: ZoneName, zone: ObservedZone | undefined, id: string): ZoneRecord {
  if (zone === undefined) {
    throw new OperatorError('NOT_FOUND', `Cannot attach zone "${name}": this host has none of that name`, {
      hint: `to make it:       znetadm create-zone ${name} …\nwhat there is:    /usr/sbin/zoneadm list -cv`,
    });
  }
  const { config, zonepath, brand } = zone;
  const record = attachedRecord({
    name,
    id,
    state: 'creating',
    role: 'member',
    brand,
    zonepath,
    autoboot: config.autoboot,
    ipType: config.ipType,
  });
  const ours = desiredConfig(record);
  const mark = Object.keys(ours.attributes).find((attribute) => config.attributes[attribute] !== undefined);
  const mount = ours.filesystems.find(({ dir }) => config.filesystems.some((other) => other.dir === dir));
  const found =
    mark === undefined ? (mount === undefined ? undefined : `a mount at ${mount.dir}`) : `attribute ${mark}`;
  if (found === undefined) return record;
  throw new OperatorError('NOT_OURS', `Cannot attach zone "${name}": its configuration has ${found} already`, {
    hint: `It belongs to another record, or somebody copied it. See: /usr/sbin/zonecfg -z ${name} export`,
  });
}

/** @throws {OperatorError} EXISTS, VALUE_INVALID, and as `decideZones` */
async function withLinks(base: ZoneRecord, request: AttachRequest, situation: Look, host: Host): Promise<ZoneRecord> {
  const { name } = base;
  const has = wantedNetworks(request).find((network) => networksOf(base).includes(network));
  if (has !== undefined) throw alreadyThere(base, has);
  const why = whyUnfitting(base, request);
  if (why !== undefined) {
    throw new OperatorError('VALUE_INVALID', `Cannot attach zone "${name}": ${why.message}`, { hint: why.hint });
  }
  const networks = await (request.outside.length + request.routes.length > 0
    ? observeHostNetworks(host.system)
    : { addresses: [], routes: [] });
  const decide = createLinkDecider({ ...situation, host: networks });
  const who = { name, brand: base.brand, ipType: base.ipType, before: base, newId: () => host.newId() };
  if (name === GLOBAL)
    return { ...base, nics: await withHostLinks(base, request, situation, (own) => decide(own, who).nics, host) };
  const { role, nics } = decide(request, who);
  return { ...base, role, nics: [...base.nics, ...nics] };
}

/** Why a zone cannot get such links, whatever there is. Undefined: it can. */
function whyUnfitting(
  base: ZoneRecord,
  { routes, networks, outside }: AttachRequest,
): { readonly message: string; readonly hint: string } | undefined {
  const ways = 'znetadm attach-zone -N NETWORK[=ADDRESS] NAME, or -R NETWORK for a proxy';
  if (base.nics.length > 0 && base.role === 'member' && routes.length > 0) {
    const way = '-R NETWORK -x UPLINK=ADDRESS/LENGTH';
    const anew = [takingAway(base), `znetadm attach-zone ${way} ${base.name}`];
    const hint =
      base.origin === 'attached'
        ? describeCommands('to make it one:', anew).join('\n')
        : `a proxy is made with:   znetadm create-zone ${way} NAME`;
    return { message: 'it is a member, and a proxy is made as one', hint };
  }
  const isProxy = base.role === 'proxy' || routes.length > 0;
  if (!isProxy && outside.length > 0) {
    return { message: 'it is no proxy, and only one has an outside of its own', hint: ways };
  }
  const isAsked = routes.length + networks.length + outside.length > 0;
  return isAsked ? undefined : { message: 'no link is asked for', hint: ways };
}

/** The host's own links out are taken as they are; those to networks are decided as of any proxy. */
async function withHostLinks(
  { nics }: ZoneRecord,
  request: AttachRequest,
  { observed, records }: Look,
  decide: (request: AttachRequest) => readonly ZoneNic[],
  { system }: Host,
): Promise<ZoneNic[]> {
  const wanted = request.outside.map(({ uplink }) => uplink);
  const isFirst = nics.length === 0;
  const outside = isFirst || wanted.length > 0 ? await decideHostLinks(wanted, observed, records, system) : [];
  const fresh = outside.filter(({ link }) => !nics.some((nic) => nic.link === link));
  return [...nics, ...fresh, ...decide({ ...request, outside: [] })];
}

/**
 * Gives a zone links, as `planAttachZone` decides, and gives its record.
 *
 * For a zone that was not recorded yet what fails is undone. Of a recorded one the record says what it is to have: repair
 * finishes that.
 *
 * @throws {OperatorError} as `planAttachZone`, COMMAND_FAILED, NOT_CONVERGED, NOT_APPLIED
 */
export async function attachZone(request: AttachRequest, host: Host): Promise<Attachment> {
  return await locked(host, `zone.${request.name}`, async () => {
    const { zones } = await readRecords(host.system);
    const before = zones.find(({ name }) => name === request.name);
    return await (before?.state === 'ready' ? addLinks(request, host) : attachNew(request, host));
  });
}

async function attachNew(request: AttachRequest, host: Host): Promise<Attachment> {
  let attachment: Attachment | undefined;
  const plan = async () => {
    attachment = await planAttachZone(request, host);
    return attachment;
  };
  const [record] = (await makeZones([request.name], plan, host)).zones;
  if (attachment === undefined || record === undefined) throw new Error('makeZones makes what it has planned');
  // The host runs, so it can be seen at once.
  if (record.name === GLOBAL) {
    await waitForRunning(attachment.publications, attachment.settings.bootSeconds, host.system);
  }
  return { ...attachment, record };
}

async function addLinks(request: AttachRequest, host: Host): Promise<Attachment> {
  const attachment = await locked(host, 'host', async () => {
    const planned = await planAttachZone(request, host);
    const { links, lend, publish } = planned;
    await carryOut(links, host, FINISH);
    const protect = await planLinkProtection(planned, host);
    await tellingHowToFinish(FINISH, () => carryOut([...protect, ...lend, ...publish], host));
    return planned;
  });
  const { publications, settings, record, lend } = attachment;
  const follows = record.name === GLOBAL || (lend.length > 0 && record.origin === 'made');
  const told = publications.filter(({ zone }) => zone !== record.name || follows);
  await waitForRunning(told, settings.bootSeconds, host.system);
  return attachment;
}
