import type { Program } from '../daemon/call.ts';
import { NotModelled } from '../daemon/call.ts';

export const zonename: Program = (call) => {
  throw new NotModelled(`zonename ${call.args.join(' ')}`);
};
