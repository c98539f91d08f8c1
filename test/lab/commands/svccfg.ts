import type { Program } from '../daemon/call.ts';
import { NotModelled } from '../daemon/call.ts';

export const svccfg: Program = (call) => {
  throw new NotModelled(`svccfg ${call.args.join(' ')}`);
};
