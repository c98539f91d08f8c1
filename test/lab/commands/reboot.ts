// How a zone goes down from inside: reboot(8), halt(8), poweroff(8), init(8). The caller dies with its zone (§5.4).
import type { Call, Program } from '../daemon/call.ts';
import { NotModelled } from '../daemon/call.ts';
import type { Lab } from '../daemon/state.ts';
import { haltZone, rebootZone } from './zoneadm-life.ts';

function refuseUnlessRootOfZone(call: Call, lab: Lab, words: number) {
  const known = call.zone !== lab.global && call.uid === 0 && call.args.length === words;
  if (!known) throw new NotModelled([call.program, ...call.args].join(' '));
}

/** uadmin(8) asks zoneadmd for a full teardown and a bring-up with a fresh configuration; no stop method runs. */
export const reboot: Program = async (call, lab) => {
  refuseUnlessRootOfZone(call, lab, 0);
  await rebootZone(lab, call.zone);
  return 0;
};

export const halt: Program = async (call, lab) => {
  refuseUnlessRootOfZone(call, lab, 0);
  await haltZone(lab, call.zone);
  return 0;
};

/** Run levels 0, 5 and 6 run the stop methods first. */
export const init: Program = async (call, lab) => {
  refuseUnlessRootOfZone(call, lab, 1);
  const [level = ''] = call.args;
  if (!['0', '5', '6'].includes(level)) throw new NotModelled(`init ${level}`);
  await lab.smf.shutdown(call.zone);
  await (level === '6' ? rebootZone : haltZone)(lab, call.zone);
  return 0;
};

/** The machine has one too, so it needs a refusal of its own. */
export const shutdown: Program = (call) => {
  throw new NotModelled(`shutdown ${call.args.join(' ')}`);
};
