import type { Program } from '../daemon/call.ts';
import { NotModelled } from '../daemon/call.ts';

export const svcprop: Program = (call) => {
  throw new NotModelled(`svcprop ${call.args.join(' ')}`);
};
