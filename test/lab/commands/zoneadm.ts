import type { Program } from '../daemon/call.ts';
import { NotModelled } from '../daemon/call.ts';

export const zoneadm: Program = (call) => {
  throw new NotModelled(`zoneadm ${call.args.join(' ')}`);
};
