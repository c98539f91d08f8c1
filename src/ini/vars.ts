import { OperatorError } from '../domain/errors.ts';
import type { Fault } from '../domain/fault.ts';
import { checkVars, parseVarName, parseVarValue, type Vars } from '../domain/vars.ts';
import { type IniEntry, type IniSection, type IniSectionContent, iniError, parseIni } from './document.ts';
import { checkTopEmpty, sortSections } from './sections.ts';

/** Reads sections [vars]: "name = text", or "name[] = text" for each of a list. What is wrong goes to `faults`. */
export function readVars(sections: readonly IniSection[], faults: Fault[]): Vars {
  const vars: Record<string, string | readonly string[]> = {};
  for (const entry of sections.flatMap(({ entries }) => entries)) {
    attempt(entry, entry.keyColumn, entry.key.length, faults, () => parseVarName(entry.key));
    attempt(entry, entry.column, entry.value.length, faults, () => {
      const had = vars[entry.key];
      const value = parseVarValue(entry.value);
      vars[entry.key] = entry.list ? [...(Array.isArray(had) ? had : []), value] : value;
    });
  }
  const [first] = sections;
  if (first !== undefined) attempt(first, 1, first.name.length + 2, faults, () => checkVars(vars));
  return vars;
}

function attempt(
  { line }: Pick<IniEntry, 'line'>,
  column: number,
  length: number,
  faults: Fault[],
  read: () => unknown,
): void {
  try {
    read();
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    const { message, hint } = error;
    faults.push({ line, column, length, message: `[vars] ${message}`, ...(hint === undefined ? {} : { hint }) });
  }
}

/** The section to write, or none when there are no values. */
export function varsSections(vars: Vars): IniSectionContent[] {
  const entries = Object.entries(vars);
  return entries.length === 0 ? [] : [{ name: 'vars', entries }];
}

/**
 * Reads a zone's local.ini, which holds values for templates and nothing else.
 *
 * @throws {OperatorError} INI_INVALID naming every fault with its place
 */
export function parseLocal(text: string, file: string): Vars {
  const document = parseIni(text, file);
  const faults: Fault[] = [];
  const sections = sortSections(document, ['vars'], faults);
  checkTopEmpty(document, faults);
  const vars = readVars(sections.vars, faults);
  if (faults.length > 0) throw iniError(document, faults);
  return vars;
}
