// reboot(8) and halt(8) inside a zone: no stop method runs, and the caller goes down with the zone (§5.4, §10.4).
import { NotModelled, type Program } from '../daemon/call.ts';
import type { Lab, Zone } from '../daemon/state.ts';
import { haltZone, rebootZone } from './zoneadm-life.ts';

const goingDown =
  (act: (lab: Lab, zone: Zone) => Promise<unknown>): Program =>
  async (call, lab) => {
    if (call.zone === lab.global) throw new NotModelled(`${call.program} in the global zone`);
    if (call.args.length > 0) throw new NotModelled(`${call.program} ${call.args.join(' ')}`);
    if (call.uid !== 0) throw new NotModelled(`${call.program} by another user than root`);
    await act(lab, call.zone);
    return 0;
  };

export const reboot = goingDown(rebootZone);
export const halt = goingDown(haltZone);
