import type { Program } from '../daemon/call.ts';
import { NotModelled } from '../daemon/call.ts';

export const dladm: Program = (call) => {
  throw new NotModelled(`dladm ${call.args.join(' ')}`);
};
