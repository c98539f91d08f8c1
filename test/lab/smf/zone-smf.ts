import { registerDump } from '../daemon/dump.ts';
import type { Lab, Zone } from '../daemon/state.ts';
import type { State } from './graph.ts';
import { findEntity, instancesOf, isEnabled, isInstance, type Repository } from './repository.ts';
import type { Startd } from './startd.ts';
import type { ZoneFiles } from './zone-files.ts';

/** SMF of one installed zone. */
export interface ZoneSmf {
  readonly zone: Zone;
  readonly repository: Repository;
  readonly files: ZoneFiles;
  /** Missing until svc.configd and svc.startd are up, which is a moment after boot returned (§5.5). */
  startd?: Startd;
}

/**
 * The state of an instance in a zone, for parts that only want to know whether a service runs.
 * Undefined when the zone is down or has no such instance.
 */
export function stateOf(lab: Pick<Lab, 'smf'>, zone: Zone, fmri: string): State | undefined {
  const smf = lab.smf.of(zone);
  const entity = smf === undefined ? undefined : findEntity(smf.repository, fmri);
  return entity === undefined || !isInstance(entity) ? undefined : smf?.startd?.run(entity)?.state;
}

/** The states of all instances by zone, for lab.dump(). A zone that is down has what is enabled for its next boot. */
function dumpStates(lab: Lab): Record<string, Record<string, string>> {
  const states = ({ repository, startd }: ZoneSmf) =>
    Object.fromEntries(
      instancesOf(repository)
        .map((instance): [string, string] => [
          instance.fmri,
          startd?.run(instance)?.state ?? (isEnabled(instance) ? 'enabled' : 'disabled'),
        ])
        .sort(([a], [b]) => (a < b ? -1 : 1)),
    );
  return Object.fromEntries(
    [...lab.zones.values()].flatMap((zone): [string, Record<string, string>][] => {
      const smf = lab.smf.of(zone);
      return smf === undefined ? [] : [[zone.name, states(smf)]];
    }),
  );
}

registerDump('smf', dumpStates);
