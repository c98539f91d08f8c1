import type { Address } from '../domain/address.ts';
import { OperatorError } from '../domain/errors.ts';
import { describeForward, type Forward, type ForwardProtocol, formatForward } from '../domain/forward.ts';
import { type ForwardWay, proxiesOf, wayOf } from '../domain/forward-way.ts';
import { GLOBAL } from '../domain/names.ts';
import { formatPortRange, type PortRange, portsOverlap } from '../domain/port.ts';
import type { Settings } from '../domain/settings.ts';
import { ownsAddress, type ZoneRecord } from '../domain/zone-record.ts';
import { carryOutChange, planZoneChange, readReady, type ZoneChange } from './change-zone.ts';
import { decideForward, type ForwardRequest } from './decide-forward.ts';
import { finishingTelling } from './finish-telling.ts';
import type { Host } from './host.ts';
import { type Records, readRecords, readSettings, refuseDamaged } from './store.ts';

/** A forward that comes or goes, and what tells the proxy of it. */
export interface ForwardChange extends ZoneChange {
  readonly forward: Forward;
  /** Why it leads nowhere, as text, when it does. */
  readonly way: ForwardWay | string;
}

/** Which forward is meant: its outside end. */
export interface ForwardKey {
  readonly protocol: ForwardProtocol;
  readonly ports: PortRange;
  /** Missing: whichever address has that port. */
  readonly outside?: Address;
}

/**
 * Plans a forward to a zone. Changes nothing.
 *
 * @throws {OperatorError} as `decideForward`; EXISTS when it is there and in use, NOT_FOUND, IN_USE for a zone that is not
 * made yet or goes, RECORD_INVALID, TEMPLATE_INVALID
 */
export async function planAddForward(request: ForwardRequest, host: Host): Promise<ForwardChange> {
  const { records, before } = await readReady(request.zone, `forward to zone "${request.zone}"`, host);
  const forward = decideForward(request, before, records.zones);
  refuseHostPort(forward, records, await readSettings(host.system));
  const isThere = before.forwards.includes(forward);
  const after = isThere ? before : { ...before, forwards: [...before.forwards, forward] };
  const change = await planChange(before, after, forward, records, host);
  if (isThere && change.plan.length === 0) {
    throw new OperatorError('EXISTS', `Cannot forward to zone "${before.name}": ${describeForward(forward)} is there`, {
      hint: 'See: znetadm show-forward',
    });
  }
  return change;
}

/** @throws {OperatorError} IN_USE for a port by which the host itself is administered */
function refuseHostPort(forward: Forward, { zones }: Records, { hostPorts }: Settings): void {
  const { outside, protocol, ports } = forward;
  const isHosts = zones.some((zone) => zone.name === GLOBAL && ownsAddress(zone, outside));
  const met = hostPorts.find((one) => one.protocol === protocol && portsOverlap(one.ports, ports));
  if (!isHosts || met === undefined) return;
  const what = `${protocol}/${formatPortRange(met.ports)} of ${outside} is the host's own: its administrators come by it`;
  throw new OperatorError('IN_USE', `Cannot forward it: ${what}`, {
    hint: 'Take another port outside. Which ports the host keeps says host-port[] in /etc/zonenet/zonenet.ini: tcp/22 when it says nothing',
  });
}

/**
 * Plans that a forward goes. Changes nothing.
 *
 * @throws {OperatorError} NOT_FOUND, VALUE_INVALID when several are meant, RECORD_INVALID, TEMPLATE_INVALID
 */
export async function planDeleteForward(key: ForwardKey, host: Host): Promise<ForwardChange> {
  const records = await readRecords(host.system);
  const what = `${key.outside === undefined ? '' : `${key.outside} `}${key.protocol}/${formatPortRange(key.ports)}`;
  refuseDamaged(records, `delete forward ${what}`);
  const found = records.zones.flatMap((zone) =>
    zone.forwards.filter((forward) => isMeant(forward, key)).map((forward) => ({ zone, forward })),
  );
  const [first, ...more] = found;
  if (first === undefined) {
    throw new OperatorError('NOT_FOUND', `Cannot delete forward ${what}: there is none`, {
      hint: 'Those there are: znetadm show-forward',
    });
  }
  if (more.length > 0) {
    throw new OperatorError('VALUE_INVALID', `Cannot delete forward ${what}: several addresses have one`, {
      hint: `choose one with -a: ${found.map(({ forward }) => forward.outside).join(', ')}`,
    });
  }
  const { zone, forward } = first;
  const after = { ...zone, forwards: zone.forwards.filter((one) => one !== forward) };
  return await planChange(zone, after, forward, records, host);
}

function isMeant({ protocol, ports, outside }: Forward, key: ForwardKey): boolean {
  const same = protocol === key.protocol && formatPortRange(ports) === formatPortRange(key.ports);
  return same && (key.outside === undefined || key.outside === outside);
}

async function planChange(
  before: ZoneRecord,
  after: ZoneRecord,
  forward: Forward,
  records: Records,
  host: Host,
): Promise<ForwardChange> {
  const zones = records.zones.map((zone) => (zone === before ? after : zone));
  const isNew = after.forwards.length > before.forwards.length;
  const note = `${isNew ? 'forward' : 'without forward'} ${formatForward(forward)}`;
  const change = await planZoneChange({ before, after, told: proxiesOf(after, zones), note }, records, host);
  return { ...change, forward, way: wayOf(forward, after, zones) };
}

/**
 * Leads ports of an outside address to a zone, and waits until running proxies have applied it.
 *
 * @throws {OperatorError} as `planAddForward`, and NOT_APPLIED
 */
export async function addForward(request: ForwardRequest, host: Host): Promise<ForwardChange> {
  return await carryOutChange(request.zone, () => planAddForward(request, host), host);
}

/** Takes a forward away, likewise. @throws {OperatorError} as `planDeleteForward`, and NOT_APPLIED */
export async function deleteForward(key: ForwardKey, host: Host): Promise<ForwardChange> {
  const concerned = ({ zones }: Records) => zones.filter(({ role }) => role === 'proxy');
  return await finishingTelling(concerned, host, async () => {
    const { zone } = await planDeleteForward(key, host);
    return await carryOutChange(zone.name, () => planDeleteForward(key, host), host);
  });
}
