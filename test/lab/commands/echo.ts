import type { Program } from '../daemon/call.ts';

/**
 * The lab's own program, no illumos command: prints its arguments as JSON and, with "-i" first, its stdin behind them.
 * It shows what passes through the client unharmed.
 */
export const echo: Program = async (call) => {
  call.out(`${JSON.stringify(call.args)}\n`);
  if (call.args[0] === '-i') call.out(await call.stdin());
  return 0;
};
