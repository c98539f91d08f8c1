import { OperatorError } from '../domain/errors.ts';
import type { ZoneName } from '../domain/names.ts';
import type { ZoneRecord } from '../domain/zone-record.ts';
import { createLinkDecider } from './decide-links.ts';
import type { Situation } from './situation.ts';
import type { ZoneRequest } from './zone-request.ts';

/**
 * Decides which names and addresses new zones take, in their order. Pure; `newId` gives random ids.
 *
 * @throws {OperatorError} EXISTS, NOT_FOUND, IN_USE, LINK_MISSING, ADDRESS_TAKEN, ADDRESS_OUTSIDE, NETWORK_FULL,
 * PREFIX_OVERLAPS, VALUE_INVALID
 */
export function decideZones(requests: readonly ZoneRequest[], situation: Situation, newId: () => string): ZoneRecord[] {
  const decideLinks = createLinkDecider(situation);
  const checkNoOther = createOtherCheck(situation);
  return requests.map((request) => {
    const { name, template, cloneOf } = request;
    const { settings } = situation;
    const zonepath = request.zonepath ?? `${settings.zonesPath}/${name}`;
    checkNoOther(name, zonepath);
    const brand = request.brand ?? settings.brand;
    const { role, nics } = decideLinks(request, { name, ipType: request.ipType, brand, newId });
    return {
      name,
      id: newId(),
      state: 'creating',
      role,
      brand,
      zonepath,
      autoboot: request.autoboot,
      origin: 'made',
      ipType: request.ipType,
      install: request.install,
      ...(template === undefined ? {} : { template }),
      ...(cloneOf === undefined ? {} : { cloneOf }),
      extra: request.extra,
      bootPending: request.install && request.boot,
      nics,
      forwards: [],
      sites: [],
      rules: [],
      groups: request.groups,
      vars: request.vars,
    };
  });
}

/** Refuses a zone that the host has already, or a zonepath that another one has. */
function createOtherCheck({ observed, records }: Situation): (name: ZoneName, zonepath: string) => void {
  const paths = new Map<string, string>([
    ...[...observed.zones.values()].map((zone) => [zone.zonepath, zone.name] as const),
    ...records.zones.map((zone) => [zone.zonepath, zone.name] as const),
  ]);
  return (name, zonepath) => {
    const entry = observed.zones.get(name);
    if (entry !== undefined) {
      const what = `this host has a zone of that name (${entry.state}, ${entry.zonepath}), which znetadm did not make`;
      throw new OperatorError('EXISTS', `Cannot create zone "${name}": ${what}`, {
        hint: `to put it on a network:   znetadm attach-zone -N NETWORK ${name}\nsee:                      /usr/sbin/zoneadm -z ${name} list -v`,
      });
    }
    const other = paths.get(zonepath);
    if (other !== undefined) {
      const message = `Cannot create zone "${name}": ${zonepath} is the zonepath of zone "${other}"`;
      throw new OperatorError('EXISTS', message, { hint: 'Give another one with -d' });
    }
    paths.set(zonepath, name);
  };
}
