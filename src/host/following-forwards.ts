import type { Address } from '../domain/address.ts';
import { OperatorError } from '../domain/errors.ts';
import { describeForward } from '../domain/forward.ts';
import { wayOf, withForwardsMoved } from '../domain/forward-way.ts';
import { addressesOf } from '../domain/nic.ts';
import { formatPortRange } from '../domain/port.ts';
import type { ZoneNic, ZoneRecord } from '../domain/zone-record.ts';

interface Changed {
  readonly before: ZoneRecord;
  readonly after: ZoneRecord;
}

/**
 * All zones, in their order, as they are to be recorded when some get other addresses, or lose some: what led away from an outside
 * address leads away from the one of its family that stands in its place. `purpose` follows "Cannot".
 *
 * @throws {OperatorError} IN_USE naming a forward that would lead nowhere
 */
export function withForwardsFollowing(
  changed: readonly Changed[],
  zones: readonly ZoneRecord[],
  purpose: string,
): ZoneRecord[] {
  const replaced = changed.flatMap(({ before, after }) =>
    before.nics
      .filter(({ side }) => side === 'outside')
      .flatMap((nic) =>
        replacedAddresses(
          nic,
          after.nics.find(({ link }) => link === nic.link),
        ),
      ),
  );
  const own = new Map(changed.map(({ after }) => [after.name, after]));
  const moved = new Map(replaced);
  const all = zones.map((zone) => withForwardsMoved(own.get(zone.name) ?? zone, moved));
  for (const [at, zone] of all.entries()) refuseLost(zones[at], zone, { before: zones, after: all }, purpose);
  return all;
}

/** One address of a family that goes, and the only one that comes. */
function replacedAddresses(before: ZoneNic, now: ZoneNic | undefined): [from: Address, to: Address][] {
  if (now === undefined) return [];
  return (['inet', 'inet6'] as const).flatMap((family): [Address, Address][] => {
    const [had, has] = [before, now].map((nic) => addressesOf(nic, family).map(({ address }) => address));
    const [from, ...others] = (had ?? []).filter((address) => !has?.includes(address));
    const [to, ...more] = (has ?? []).filter((address) => !had?.includes(address));
    return from !== undefined && to !== undefined && others.length + more.length === 0 ? [[from, to]] : [];
  });
}

/** @throws {OperatorError} IN_USE */
function refuseLost(
  before: ZoneRecord | undefined,
  zone: ZoneRecord,
  zones: { readonly before: readonly ZoneRecord[]; readonly after: readonly ZoneRecord[] },
  purpose: string,
): void {
  for (const [at, forward] of zone.forwards.entries()) {
    const had = before?.forwards[at];
    const why = wayOf(forward, zone, zones.after);
    // What leads nowhere already is told by check.
    if (typeof why !== 'string' || before === undefined || had === undefined) continue;
    if (typeof wayOf(had, before, zones.before) === 'string') continue;
    const what = `${describeForward(had)} would lead nowhere: ${why}`;
    throw new OperatorError('IN_USE', `Cannot ${purpose}: ${what}`, {
      hint: `to free it:   znetadm delete-forward -a ${had.outside} ${had.protocol}/${formatPortRange(had.ports)}`,
    });
  }
}
