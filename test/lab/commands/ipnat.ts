import type { Program } from '../daemon/call.ts';
import { NotModelled } from '../daemon/call.ts';

export const ipnat: Program = (call) => {
  throw new NotModelled(`ipnat ${call.args.join(' ')}`);
};
