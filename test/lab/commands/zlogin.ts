import type { Program } from '../daemon/call.ts';
import { NotModelled } from '../daemon/call.ts';

export const zlogin: Program = (call) => {
  throw new NotModelled(`zlogin ${call.args.join(' ')}`);
};
