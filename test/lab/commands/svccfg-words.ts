// The words of svccfg's statements: blanks part them, double quotes keep them together, = ( ) stand alone.

/** A word, or one of the marks = ( ) >. */
export interface Word {
  readonly text: string;
  readonly mark: boolean;
  /** Written in double quotes. */
  readonly quoted: boolean;
}

/** The joined words of a command line are cut here, without a message (§6.6). */
export const COMMAND_LIMIT = 2047;

/** Reads one statement. Undefined when a quote is not closed. A comment after # is left out. */
export function readWords(line: string): Word[] | undefined {
  const words: Word[] = [];
  let at = 0;
  while (at < line.length) {
    const char = line[at] ?? '';
    if (/\s/.test(char)) at += 1;
    else if (char === '#') break;
    else if ('=()>'.includes(char)) {
      words.push({ text: char, mark: true, quoted: false });
      at += 1;
    } else if (char === '"') {
      const [quoted] = /^"(?:[^"\\]|\\[\s\S])*"/.exec(line.slice(at)) ?? [];
      if (quoted === undefined) return undefined;
      words.push({ text: quoted.slice(1, -1).replace(/\\([\s\S])/g, '$1'), mark: false, quoted: true });
      at += quoted.length;
    } else {
      const [plain = ''] = /^(?:[^\s"=()>\\]|\\[\s\S])+/.exec(line.slice(at)) ?? [];
      if (plain === '') return undefined;
      words.push({ text: plain.replace(/\\([\s\S])/g, '$1'), mark: false, quoted: false });
      at += plain.length;
    }
  }
  return words;
}

/** The statements of a file or of standard input with their line numbers; a quoted string may run over lines. */
export function readStatements(text: string): { readonly line: number; readonly text: string }[] {
  const statements: { line: number; text: string }[] = [];
  let open: { line: number; text: string } | undefined;
  for (const [index, line] of text.split('\n').entries()) {
    open = open === undefined ? { line: index + 1, text: line } : { line: open.line, text: `${open.text}\n${line}` };
    if (readWords(open.text) === undefined) continue;
    statements.push(open);
    open = undefined;
  }
  if (open !== undefined) statements.push(open);
  return statements;
}
