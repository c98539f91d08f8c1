import type { Program } from '../daemon/call.ts';
import { NotModelled } from '../daemon/call.ts';

export const svcadm: Program = (call) => {
  throw new NotModelled(`svcadm ${call.args.join(' ')}`);
};
