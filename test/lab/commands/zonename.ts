import type { Program } from '../daemon/call.ts';
import { NotModelled } from '../daemon/call.ts';

/** zonename(1): the name of the zone it runs in. */
export const zonename: Program = (call) => {
  if (call.args.length > 0) throw new NotModelled(`zonename ${call.args.join(' ')}`);
  call.out(`${call.zone.name}\n`);
  return 0;
};
