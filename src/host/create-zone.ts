import { OperatorError } from '../domain/errors.ts';
import type { ZoneName } from '../domain/names.ts';
import { formatStaticRoute } from '../domain/static-route.ts';
import { hasMethod, isUnfinished, routedNetworks, type ZoneNic, type ZoneRecord } from '../domain/zone-record.ts';
import { refuseMissingBrand } from './brands.ts';
import { decideZones } from './decide-zone.ts';
import { type Host, lockedAll } from './host.ts';
import { type MadeZones, makeZones } from './make-zone.ts';
import { type Observed, observeHost, observeHostNetworks, observeZone } from './observe.ts';
import { planMakeZones, type ZoneCreations } from './plan-zones.ts';
import type { Look } from './situation.ts';
import { readRecords, readSettings, refuseDamaged } from './store.ts';
import { finishTransaction } from './transaction.ts';
import { hasOutside, type ZoneRequest } from './zone-request.ts';

/**
 * Decides on zones and plans them, all or none. Changes nothing.
 *
 * A record that an interrupted run left is taken up again when the request fits it; so is one that was left uninstalled
 * on request.
 *
 * @throws {OperatorError} as `decideZones`, and RECORD_INVALID
 */
export async function planCreateZones(requests: readonly ZoneRequest[], host: Host): Promise<ZoneCreations> {
  const { system } = host;
  // Programs run while all else is read.
  const [observed, records, settings] = await Promise.all([
    observeHost(system),
    readRecords(system),
    readSettings(system),
  ]);
  const names = requests.map(({ name }) => name);
  refuseDamaged(records, `create zone${names.length > 1 ? 's' : ''} "${names.join('", "')}"`);
  const known = new Map(records.zones.map((zone) => [zone.name, zone]));
  const isBegun = records.zones.some((zone) => names.includes(zone.name) && isUnfinished(zone));
  const taken = requests.flatMap((request) => {
    const before = known.get(request.name);
    return before === undefined ? [] : [takeUp(before, request, { observed, isBegun })];
  });
  const fresh = requests.filter(({ name }) => !known.has(name));
  await checkSources(fresh, { records, settings, observed }, host);
  // Only an outside address can meet one of the host's own, and that of a router.
  const outside = fresh.some(({ outside, routes }) => outside.length + routes.length > 0);
  const networks = outside ? await observeHostNetworks(system) : { addresses: [], routes: [] };
  const decided = decideZones(fresh, { records, settings, observed, host: networks }, () => host.newId());
  const all = new Map([...taken, ...decided].map((record) => [record.name, record]));
  const inOrder = names.flatMap((name) => all.get(name) ?? []);
  return await planMakeZones(inOrder, { records, settings, observed }, host);
}

/**
 * Makes zones, all or none: see `makeZones`.
 *
 * @throws {OperatorError} as `planCreateZones` and `makeZones`
 */
export async function createZones(requests: readonly ZoneRequest[], host: Host): Promise<MadeZones> {
  const names = requests.map(({ name }) => name);
  // What a run of several was cut off with comes first: then it is gone on with.
  if (requests.length > 1) await finishTransaction(host);
  const locks = names.map((name) => `zone.${name}`);
  return await lockedAll(host, locks, () => makeZones(names, () => planCreateZones(requests, host), host));
}

/** Makes one zone: see `createZones`. */
export async function createZone(request: ZoneRequest, host: Host): Promise<ZoneRecord> {
  const [record] = (await createZones([request], host)).zones;
  if (record === undefined) throw new Error('createZones makes as many as asked for');
  return record;
}

/** Sees that a template gives away nothing of its own, that there are the brands, and that a zone to be copied can be. */
async function checkSources(
  requests: readonly ZoneRequest[],
  { records, settings, observed }: Look,
  { system }: Host,
): Promise<void> {
  const templates = new Set(requests.flatMap(({ template }) => template ?? []));
  for (const template of templates) {
    const zone = observed.zones.has(template) ? await observeZone(template as ZoneName, observed, system) : undefined;
    if (zone === undefined || zone.config.links.length === 0) continue;
    const message = `Cannot use zone "${template}" as a template: its links, ${zone.config.links.join(', ')}, would be those of the new zone too`;
    throw new OperatorError('IN_USE', message, { hint: 'Take a template without net resources, or --clone the zone' });
  }
  for (const { name, cloneOf, brand = settings.brand, ipType } of requests) {
    await refuseMissingBrand(brand, name, system);
    if (cloneOf === undefined) continue;
    const source = records.zones.find((zone) => zone.name === cloneOf);
    if (hasMethod({ brand, ipType }) && (source === undefined || !hasMethod(source) || source.origin !== 'made')) {
      const message = `Cannot make zone "${name}" a copy of "${cloneOf}": that has not the services of zonenet`;
      throw new OperatorError('NOT_OURS', message, {
        hint: 'Copy a zone that znetadm made (--no-boot keeps one as it is)',
      });
    }
    const state = observed.zones.get(cloneOf)?.state;
    if (state === 'installed') continue;
    const why = state === undefined ? 'there is no such zone' : `it is ${state}`;
    throw new OperatorError('NOT_FOUND', `Cannot make zone "${name}" a copy of "${cloneOf}": ${why}`, {
      hint: 'Only a zone that is installed and halted can be copied: /usr/sbin/zoneadm list -cv',
    });
  }
}

/**
 * The record of a zone that a run was cut off with. Where that has begun several, some may be finished.
 *
 * @throws {OperatorError} EXISTS when the zone is made already, or is another than asked for
 */
function takeUp(
  before: ZoneRecord,
  request: ZoneRequest,
  { observed, isBegun }: { observed: Observed; isBegun: boolean },
): ZoneRecord {
  const unfinished = isUnfinished(before);
  const fitting = before.state !== 'deleting' && before.origin === 'made' && fits(before, request);
  if (isBegun && fitting && before.install === request.install) return before;
  const waiting = !before.install && request.install && observed.zones.get(before.name)?.state === 'configured';
  if (fitting && waiting) return { ...before, state: 'creating', install: true, bootPending: request.boot };
  const [state, hint] =
    before.state === 'deleting'
      ? [', and is being deleted by a run that did not end', `to finish it:      znetadm delete-zone ${before.name}`]
      : unfinished
        ? [
            ', left unfinished by another request',
            `to finish it:      znetadm sync\nto clear it away:  znetadm delete-zone ${before.name}`,
          ]
        : ['', `See: znetadm show-zone ${before.name}`];
  const links = before.nics.map(({ link }) => link).join(', ');
  const message = `Cannot create zone "${before.name}": there is one already, with ${links}${state}`;
  throw new OperatorError('EXISTS', message, { hint });
}

/** Whether a record is what a request would have made. */
function fits(before: ZoneRecord, request: ZoneRequest): boolean {
  const { routes, networks, outside, routers, staticRoutes } = request;
  const routed = routedNetworks(before);
  const inner = before.nics.filter(({ network }) => network !== undefined && !routed.includes(network));
  const outer = before.nics.filter(({ network }) => network === undefined);
  const has = (nic: ZoneNic | undefined, address: string) => nic?.addresses.some((one) => one.address === address);
  const same = (wanted: unknown, had: unknown) => wanted === undefined || wanted === had;
  return (
    routed.join() === routes.join() &&
    inner.map(({ network }) => network).join() === networks.map(({ network }) => network).join() &&
    networks.every(({ addresses, bare, bandwidth, priority }, index) => {
      const nic = inner[index];
      return (
        addresses.every((address) => has(nic, address)) &&
        bare === (nic?.addresses.length === 0) &&
        bandwidth === nic?.bandwidth &&
        priority === nic?.priority
      );
    }) &&
    outer.length === outside.length &&
    outside.every((wanted, index) => hasOutside(outer[index], wanted)) &&
    routers.every((router) => before.nics.some((nic) => nic.routers.includes(router))) &&
    staticRoutes.map(formatStaticRoute).join() ===
      before.nics.flatMap(({ routes: own }) => own.map(formatStaticRoute)).join() &&
    same(request.brand, before.brand) &&
    same(request.zonepath, before.zonepath) &&
    request.template === before.template &&
    request.cloneOf === before.cloneOf &&
    request.ipType === before.ipType &&
    request.extra.join('\n') === before.extra.join('\n') &&
    JSON.stringify(request.vars) === JSON.stringify(before.vars)
  );
}
