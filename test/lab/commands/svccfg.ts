import { type Call, NotModelled, type Program } from '../daemon/call.ts';
import type { Lab } from '../daemon/state.ts';
import { REPOSITORY_FILE } from '../smf/restarter.ts';
import { asTool, connect, NO_SERVER, readOptions, ToolError, usage, zoneOf } from './smf-zone.ts';
import { ENTITY_STATEMENTS, select } from './svccfg-import.ts';
import { PROPERTY_STATEMENTS, type Statement } from './svccfg-properties.ts';
import { SemanticError, type Session } from './svccfg-session.ts';
import { COMMAND_LIMIT, readStatements, readWords, type Word } from './svccfg-words.ts';

const STATEMENTS: Readonly<Record<string, Statement>> = { ...ENTITY_STATEMENTS, ...PROPERTY_STATEMENTS };

const END = ['end', 'exit', 'quit'];

/** The repository a call works on: that of SVCCFG_REPOSITORY, which belongs to a halted zone (§6.5), or a running one's. */
function openRepository(call: Call, lab: Lab, named: string | undefined): Pick<Session, 'repository' | 'startd'> {
  const file = call.env['SVCCFG_REPOSITORY'];
  if (file === undefined) {
    const smf = connect(lab, zoneOf(call, lab, named));
    if (smf === undefined) throw new ToolError(`Could not connect to repository server: ${NO_SERVER}.`);
    return smf;
  }
  const path = file.replace(/\/+/g, '/');
  const zone = [...lab.zones.values()].find((each) => `${each.root.replace(/\/$/, '')}${REPOSITORY_FILE}` === path);
  const smf = zone === undefined ? undefined : lab.smf.of(zone);
  if (call.zone !== lab.global || zone === undefined || smf === undefined || !smf.files.exists(REPOSITORY_FILE))
    throw new NotModelled(`SVCCFG_REPOSITORY=${file}, which is no installed zone's`);
  if (zone.process !== undefined) throw new NotModelled(`SVCCFG_REPOSITORY of zone ${zone.name}, which runs`);
  return { repository: smf.repository };
}

async function runWords(session: Session, words: readonly Word[]): Promise<void> {
  const [name, ...rest] = words;
  if (name === undefined) return;
  const statement = name.mark || !Object.hasOwn(STATEMENTS, name.text) ? undefined : STATEMENTS[name.text];
  if (statement === undefined) throw new NotModelled(`svccfg ${name.text}`);
  await statement(session, rest);
}

/** Runs one statement. @returns false after an error, at which a script stops (§6.6) */
async function runStatement(session: Session, text: string): Promise<boolean> {
  try {
    const words = readWords(text);
    if (words === undefined) throw new SemanticError('Syntax error.');
    await runWords(session, words);
    return true;
  } catch (error) {
    if (!(error instanceof SemanticError)) throw error;
    if (error.message !== '') session.say(error.message);
    return false;
  }
}

/** Statements of a file or of standard input: messages say where they stand. */
async function runScript(session: Session, name: string, text: string): Promise<number> {
  for (const statement of readStatements(text)) {
    if (END.includes(statement.text.trim())) break;
    const say = (words: string) => session.call.err(`svccfg (${name}, line ${statement.line}): ${words}\n`);
    const part: Session = { ...session, say };
    const good = await runStatement(part, statement.text);
    if (part.selected === undefined) delete session.selected;
    else session.selected = part.selected;
    if (!good) return 1;
  }
  return 0;
}

/** Imports, selects and changes services and their properties (§6.6). */
export const svccfg: Program = (call, lab) =>
  asTool(call, async () => {
    const options = readOptions(cutOptions(call.args), 'vz:s:f:');
    if (options === undefined) return usage(call);
    const words = call.args.slice(call.args.length - options.operands.length);
    const files = lab.smf.of(call.zone)?.files;
    if (files === undefined) throw new ToolError(`Could not connect to repository server: ${NO_SERVER}.`);
    const session: Session = {
      call,
      lab,
      files,
      ...openRepository(call, lab, options.values.get('z')?.at(-1)),
      say: (text) => call.err(`svccfg: ${text}\n`),
    };
    const selection = options.values.get('s')?.at(-1);
    if (selection !== undefined) {
      try {
        await select(session, [{ text: selection, mark: false, quoted: false }]);
      } catch (error) {
        if (!(error instanceof SemanticError)) throw error;
        throw new ToolError(error.message);
      }
    }
    const file = options.values.get('f')?.at(-1);
    if (file !== undefined && file !== '-') {
      const path = file.startsWith('/') ? file : `${call.cwd.replace(/\/$/, '')}/${file}`;
      const text = files.read(path);
      if (text === undefined) throw new ToolError(`Cannot open file ${file}: No such file or directory`);
      return runScript(session, file, text);
    }
    if (file === '-' || words.length === 0) return runScript(session, '<stdin>', (await call.stdin()).toString());
    const line = words.join(' ').slice(0, COMMAND_LIMIT);
    return (await runStatement(session, line)) ? 0 : 1;
  });

/** Options stand before the subcommand; what comes after it is its own. */
function cutOptions(args: readonly string[]): readonly string[] {
  const takesValue = (word: string) => /^-v*[zsf]$/.test(word);
  let at = 0;
  while (args[at]?.startsWith('-') === true && args[at] !== '-') at += takesValue(args[at] ?? '') ? 2 : 1;
  return [...args.slice(0, at), '--', ...args.slice(at)];
}
