import type { Program } from '../daemon/call.ts';
import { NotModelled } from '../daemon/call.ts';

export const netstat: Program = (call) => {
  throw new NotModelled(`netstat ${call.args.join(' ')}`);
};
