import type { Program } from '../daemon/call.ts';
import { NotModelled } from '../daemon/call.ts';

export const zonecfg: Program = (call) => {
  throw new NotModelled(`zonecfg ${call.args.join(' ')}`);
};
