import type { Program } from '../daemon/call.ts';

/**
 * The lab's own program, no illumos command: prints its arguments as JSON and, with "-i" first, its stdin behind them, with "-t" the
 * time of the lab in milliseconds.
 * It shows what passes through the client unharmed.
 */
export const echo: Program = async (call, lab) => {
  call.out(`${JSON.stringify(call.args)}\n`);
  if (call.args[0] === '-i') call.out(await call.stdin());
  if (call.args[0] === '-t') call.out(`${lab.now()}\n`);
  return 0;
};
