import type { Program } from '../daemon/call.ts';
import { NotModelled } from '../daemon/call.ts';

export const routeadm: Program = (call) => {
  throw new NotModelled(`routeadm ${call.args.join(' ')}`);
};
