import type { Program } from '../daemon/call.ts';
import { NotModelled } from '../daemon/call.ts';

export const ipf: Program = (call) => {
  throw new NotModelled(`ipf ${call.args.join(' ')}`);
};
