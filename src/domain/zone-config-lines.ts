import { OperatorError } from './errors.ts';
import { type Fault, faultsError } from './fault.ts';

/** Global properties that are ours: -b, -d, --no-autoboot and the links decide them. */
const OURS = ['zonename', 'zonepath', 'brand', 'autoboot', 'ip-type'];

/**
 * Reads one command for zonecfg: "set", "add" or "end", alone on its line. Whatever else zonecfg knows would undo or
 * end what we configure.
 *
 * zonecfg has no escape character: quotes pair up, and a ";" outside of them would begin another command (§4.5).
 *
 * @throws {OperatorError} VALUE_INVALID
 */
export function parseConfigLine(text: string): string {
  const line = text.trim();
  const refuse = (why: string, hint: string): never => {
    throw new OperatorError('VALUE_INVALID', `Cannot give ${JSON.stringify(line)} to zonecfg: ${why}`, { hint });
  };
  if (/[\x00-\x1f\x7f\u2028\u2029]/.test(line)) refuse('it has a control character', 'Write one command a line');
  const bare = line.replace(/"[^"]*"/g, '""');
  if (bare.replaceAll('""', '').includes('"')) refuse('a quote does not close', 'zonecfg has no escape character');
  if (/[;#]/.test(bare)) refuse('it has a ";" or "#" outside of quotes', 'Write one command a line');
  if (!/^(end|(set|add) \S.*)$/.test(line)) {
    refuse(
      'it is none of "set …", "add …" and "end"',
      'Leave out what begins, ends or takes away: create, commit, remove …',
    );
  }
  const set = /^set ([a-z-]+) *=/.exec(line)?.[1];
  if (line.startsWith('set ') && set === undefined) refuse('it is not "set PROPERTY=VALUE"', 'Like: set cpu-shares=10');
  if (set !== undefined && OURS.includes(set)) refuse(`znetadm sets ${set}`, 'See: znetadm create-zone --help');
  if (/^set name *= *"?zonenet-/.test(line)) refuse('attributes zonenet-… are ours', 'Choose another name');
  return line;
}

/**
 * Reads a file of commands for zonecfg: blank lines and comments are left out, resources have to end.
 *
 * @throws {OperatorError} VALUE_INVALID naming every fault with its place
 */
export function parseConfigLines(text: string, file: string): string[] {
  const faults: Fault[] = [];
  let opened: number | undefined;
  const lines = text.split('\n').flatMap((row, index): string[] => {
    if (/^\s*(#.*)?$/.test(row)) return [];
    const place = { line: index + 1, column: row.length - row.trimStart().length + 1, length: row.trim().length };
    try {
      const line = parseConfigLine(row);
      if (line === 'end' && opened === undefined)
        faults.push({ ...place, message: 'nothing was begun that could end' });
      if (/^add [a-z-]+$/.test(line)) opened = index + 1;
      if (line === 'end') opened = undefined;
      return [line];
    } catch (error) {
      if (!(error instanceof OperatorError)) throw error;
      faults.push({ ...place, message: error.message, ...(error.hint === undefined ? {} : { hint: error.hint }) });
      return [];
    }
  });
  if (opened !== undefined) faults.push({ line: opened, column: 1, message: 'this resource has no "end"' });
  if (faults.length > 0) throw faultsError('VALUE_INVALID', { file, text, faults });
  return lines;
}
