import type { Program } from '../daemon/call.ts';
import { NotModelled } from '../daemon/call.ts';

export const ipfstat: Program = (call) => {
  throw new NotModelled(`ipfstat ${call.args.join(' ')}`);
};
