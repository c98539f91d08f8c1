import { type Command, quoteForShell } from '../illumos/command.ts';

// Text of a program for /sbin/sh, made so that no value is ever read as anything but itself.

/** A command as words. What it is given on standard input or in its environment cannot be said so, and no boot command has it. */
export function commandWords({ program, args }: Command): string {
  return [program, ...args].map(quoteForShell).join(' ');
}

/** A function with these lines. One without lines does nothing, and succeeds. */
export function shellFunction(name: string, lines: readonly string[]): string {
  return [`${name}() {`, ...(lines.length === 0 ? [':'] : lines).map((line) => `\t${line}`), '}'].join('\n');
}
