// Waiting for services of zones, as events and not by asking again and again.
import { setImmediate, setTimeout } from 'node:timers/promises';
import type { State } from '../smf/graph.ts';
import { stateOf } from '../smf/zone-smf.ts';
import type { Lab, Zone } from './state.ts';

/** When no method runs or is to be run in a zone, or in any zone that is up. svc.startd comes a moment after the boot. */
export async function settled(lab: Lab, name: string | undefined): Promise<void> {
  const zones = name === undefined ? [...lab.zones.values()] : [zoneNamed(lab, name)];
  for (const zone of zones) {
    while (zone.state === 'running' && lab.smf.of(zone)?.startd === undefined) await setImmediate();
    await lab.smf.of(zone)?.startd?.settled();
  }
}

function zoneNamed(lab: Lab, name: string): Zone {
  const zone = lab.zones.get(name);
  if (zone === undefined) throw new Error(`no zone "${name}"`);
  return zone;
}

/** The state of a service as soon as it is the one wanted, or else when `ms` are over. Undefined while the zone is down. */
export async function reached(
  lab: Lab,
  zoneName: string,
  fmri: string,
  wanted: string,
  ms: number,
): Promise<State | undefined> {
  const zone = zoneNamed(lab, zoneName);
  const end = Date.now() + ms;
  while (stateOf(lab, zone, fmri) !== wanted && Date.now() < end) {
    const startd = lab.smf.of(zone)?.startd;
    if (startd === undefined) await setTimeout(1);
    else await changedWithin(startd.changed(), end - Date.now());
  }
  return stateOf(lab, zone, fmri);
}

/** The timer does not outlive what it limits. */
async function changedWithin(changed: Promise<void>, ms: number): Promise<void> {
  const timer = new AbortController();
  const late = setTimeout(ms, undefined, { signal: timer.signal }).catch(() => {});
  await Promise.race([changed, late]);
  timer.abort();
}
