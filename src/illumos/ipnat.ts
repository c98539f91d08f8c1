import type { Command } from './command.ts';

const IPNAT = '/usr/sbin/ipnat';

/** Asks what the parser makes of a file, without loading it. */
export function printNatRules(file: string): Command {
  return { program: IPNAT, args: ['-n', '-v', '-f', file] };
}

/** Asks for rules and sessions in the kernel. */
export function showNatRules(): Command {
  return { program: IPNAT, args: ['-l'] };
}

/** Reads the rules from either answer, in order; the list of sessions that follows them in `ipnat -l` is left out. */
export function parseNatRules(stdout: string): string[] {
  const [rules = ''] = stdout.split(/^List of active sessions:/m);
  return rules
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('List of active'));
}

/** Deletes all rules and loads those of a file, in one process. Sessions stay: no -F (§7.2). */
export function replaceNatRules(file: string): Command {
  return { program: IPNAT, args: ['-C', '-f', file] };
}
