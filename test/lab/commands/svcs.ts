import type { Program } from '../daemon/call.ts';
import { NotModelled } from '../daemon/call.ts';

export const svcs: Program = (call) => {
  throw new NotModelled(`svcs ${call.args.join(' ')}`);
};
