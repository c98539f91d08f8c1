import type { Family } from '../domain/address.ts';
import type { Command } from './command.ts';

const IPF = '/usr/sbin/ipf';
const IPFSTAT = '/usr/sbin/ipfstat';

const family6 = (family: Family) => (family === 'inet6' ? ['-6'] : []);

/** Whether the exit status of a program lies, so that anything on its stderr is a refusal (§7.2). Others may praise a file there. */
export const isLying = (program: string) => /\/(ipf|ipnat)$/.test(program);

/** Asks what the parser makes of a file, without loading it. ipf obeys options as they come, so "-f" is last (§7.2). */
export function printFilterRules(file: string, family: Family): Command {
  return { program: IPF, args: [...family6(family), '-n', '-v', '-f', file] };
}

/** Asks for the rules in the kernel. */
export function showFilterRules(family: Family): Command {
  return { program: IPFSTAT, args: [...family6(family), '-io'] };
}

/**
 * Reads printed rules as `printFilterRules` and `showFilterRules` both print them, outbound ones first (ipfstat sorts
 * them so). The order within a direction is kept: the first match decides.
 */
export function parseFilterRules(stdout: string): string[] {
  const rules = stdout
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  return [...rules.filter(isOutbound), ...rules.filter((rule) => !isOutbound(rule))];
}

function isOutbound(rule: string): boolean {
  return /\b(in|out)\b/.exec(rule)?.[1] === 'out';
}

export function flushInactiveFilter(family: Family): Command {
  return { program: IPF, args: [...family6(family), '-I', '-F', 'a'] };
}

export function loadInactiveFilter(file: string, family: Family): Command {
  return { program: IPF, args: [...family6(family), '-I', '-f', file] };
}

/** Makes the inactive sets of both families the active ones, in one go. */
export function swapFilters(): Command {
  return { program: IPF, args: ['-s'] };
}
