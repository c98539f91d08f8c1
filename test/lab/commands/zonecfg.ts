// zonecfg(8): the stored configuration of a zone (§4).
import { existsSync, readFileSync } from 'node:fs';
import { type Call, NotModelled, type Program } from '../daemon/call.ts';
import type { Lab } from '../daemon/state.ts';
import { zonePath } from '../kernel/zone-files.ts';
import { getopt, lastOf } from './getopt.ts';
import { isZoneName } from './names.ts';
import { createParser, type Parsed } from './zonecfg-grammar.ts';
import { execute, finish, Leave, type Session } from './zonecfg-session.ts';

const USAGE = 2;

export const zonecfg: Program = async (call, lab) => {
  const options = getopt('zonecfg', call.args, 'z:f:');
  const [zoneName, file] = [lastOf(options, 'z'), lastOf(options, 'f')];
  if (zoneName === undefined) throw new NotModelled('zonecfg without -z');
  if (call.zone !== lab.global) throw new NotModelled('zonecfg in a zone');
  if (call.uid !== 0) throw new NotModelled('zonecfg by another user than root');
  if (zoneName === 'global') throw new NotModelled('zonecfg of the global zone');
  if (!isZoneName(zoneName)) {
    call.err(`${zoneName}: Bogus zone name\n`);
    return USAGE;
  }
  if (file === undefined && options.operands.length === 0) throw new NotModelled('zonecfg that asks for commands');
  if (file !== undefined && options.operands.length > 0) throw new NotModelled('zonecfg with -f and commands');
  const text = file === undefined ? `${options.operands.join(' ')}\n` : await readCommands(call, file);
  return runCommands(call, lab, zoneName, { text, ...(file === undefined ? {} : { file }) });
};

async function readCommands(call: Call, file: string): Promise<string> {
  if (file === '-') throw new NotModelled('zonecfg -f -');
  const path = zonePath(call.zone, file, call.cwd);
  if (!existsSync(path)) throw new NotModelled(`zonecfg -f ${file}, which is not there`);
  // Bytes, since the rules of the words are about bytes.
  return readFileSync(path, 'utf8');
}

/** Reads and does one command after the other. A command file ends at the first error, the command-line form does not. */
export function runCommands(
  call: Call,
  lab: Lab,
  zoneName: string,
  { text, file }: { readonly text: string; readonly file?: string },
): number {
  const where = file === undefined ? {} : { file };
  const session: Session = { call, lab, zoneName, ...where, line: 1, changed: false, sawError: false };
  const next = createParser(text);
  try {
    for (let parsed = next(); parsed.kind !== 'end'; parsed = next()) {
      step(session, parsed);
      if (session.sawError && file !== undefined) break;
    }
    return finish(session);
  } catch (error) {
    if (error instanceof Leave) return error.status;
    throw error;
  }
}

function step(session: Session, parsed: Exclude<Parsed, { kind: 'end' }>): void {
  if (parsed.kind === 'nothing') return;
  if (parsed.kind === 'command') {
    execute(session, parsed.command);
    return;
  }
  session.sawError = true;
  // What is printed behind these, the list of subcommands, is not known to the byte.
  const place = session.file === undefined ? '' : ` on line ${parsed.line}`;
  const text = parsed.kind === 'syntax error' ? `syntax error${place} at '${parsed.at}'` : `usage: ${parsed.command}`;
  session.call.err(`${text}\n`);
}
