import type { ZoneName } from '../domain/names.ts';
import { type Command, formatCommand } from './command.ts';

/** The last line of an answer that is whole: a command that was killed in the zone ends with 0 too (§5.6). */
const END = 'zonenet-end';

/** Asks something inside a running zone. Both are joined and parsed again by root's shell there, so they are quoted. */
export function askInZone(zone: ZoneName, question: Command): Command {
  const words = `${formatCommand(question)}; echo ${END}`;
  return { program: '/usr/sbin/zlogin', args: ['-n', zone, words] };
}

/** What the question printed. Undefined: its answer is not whole. It comes from the zone, so it is checked like input. */
export function answerFromZone(stdout: string): string | undefined {
  return stdout.endsWith(`${END}\n`) ? stdout.slice(0, -END.length - 1) : undefined;
}
