import type { Program } from '../daemon/call.ts';
import { NotModelled } from '../daemon/call.ts';

export const route: Program = (call) => {
  throw new NotModelled(`route ${call.args.join(' ')}`);
};
