import type { Program } from '../daemon/call.ts';
import { NotModelled } from '../daemon/call.ts';

export const ipadm: Program = (call) => {
  throw new NotModelled(`ipadm ${call.args.join(' ')}`);
};
