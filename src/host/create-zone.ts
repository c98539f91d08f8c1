import { OperatorError } from '../domain/errors.ts';
import { formatInterfaceAddress } from '../domain/prefix.ts';
import { routedNetworks, type ZoneRecord } from '../domain/zone-record.ts';
import { decideZone, type ZoneRequest } from './decide-zone.ts';
import { type Host, locked } from './host.ts';
import { makeZone, planMakeZone, type ZoneCreation } from './make-zone.ts';
import { observeHost, observeHostNetworks } from './observe.ts';
import { readRecords, readSettings, refuseDamaged } from './store.ts';

/**
 * Decides on a zone and plans it. Changes nothing.
 *
 * A record that an interrupted run left is taken up again when the request fits it.
 *
 * @throws {OperatorError} as `decideZone`, and RECORD_INVALID
 */
export async function planCreateZone(request: ZoneRequest, host: Host): Promise<ZoneCreation> {
  const { system } = host;
  const [records, settings, observed] = await Promise.all([
    readRecords(system),
    readSettings(system),
    observeHost(system),
  ]);
  refuseDamaged(records, `create zone "${request.name}"`);
  const before = records.zones.find(({ name }) => name === request.name);
  const record = before === undefined ? await decide() : takeUp(before, request);
  return await planMakeZone(record, { records, settings, observed }, host);

  async function decide(): Promise<ZoneRecord> {
    // Only an outside address can meet one of the host's own.
    const networks = request.outside === undefined ? undefined : await observeHostNetworks(system);
    const situation = { records, settings, observed, host: networks ?? { addresses: [], routes: [] } };
    return decideZone(request, situation, host.newId());
  }
}

/**
 * Makes a zone: see `makeZone`.
 *
 * @throws {OperatorError} as `planCreateZone` and `makeZone`
 */
export async function createZone(request: ZoneRequest, host: Host): Promise<ZoneRecord> {
  const plan = () => planCreateZone(request, host);
  return await locked(host, `zone.${request.name}`, () => makeZone(request.name, plan, host));
}

/** @throws {OperatorError} EXISTS when the zone is made already, or is another than asked for */
function takeUp(before: ZoneRecord, request: ZoneRequest): ZoneRecord {
  const unfinished = before.state === 'creating' || before.bootPending;
  if (before.state !== 'deleting' && unfinished && fits(before, request)) return before;
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
function fits(before: ZoneRecord, { routes, networks, outside, brand, zonepath, vars }: ZoneRequest): boolean {
  const routed = routedNetworks(before);
  const inner = before.nics.filter(({ network }) => network !== undefined && !routed.includes(network));
  const sameNetworks =
    routed.join() === routes.join() &&
    inner.map(({ network }) => network).join() === networks.map(({ network }) => network).join() &&
    networks.every(({ address }, index) => address === undefined || inner[index]?.addresses[0]?.address === address);
  const sameFiles =
    (brand === undefined || brand === before.brand) && (zonepath === undefined || zonepath === before.zonepath);
  const sameVars = JSON.stringify(vars) === JSON.stringify(before.vars);
  return sameNetworks && sameFiles && sameVars && sameOutside(before, outside);
}

function sameOutside({ nics }: ZoneRecord, wanted: ZoneRequest['outside']): boolean {
  const outer = nics.find(({ side }) => side === 'outside');
  if (wanted === undefined || outer === undefined) return wanted === outer;
  return (
    outer.addresses.map(formatInterfaceAddress).join() === formatInterfaceAddress(wanted.address) &&
    (wanted.uplink === undefined || outer.over === wanted.uplink) &&
    outer.routers.join() === (wanted.router ?? '')
  );
}
