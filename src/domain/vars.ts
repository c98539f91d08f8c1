import { OperatorError } from './errors.ts';

/** Values that a site gives its templates, by name: a text, or a list of texts. */
export type Vars = Readonly<Record<string, string | readonly string[]>>;

/** How many there may be, how many a list may hold, and how long one may be in characters. */
export const VARS_LIMITS = { names: 200, items: 500, characters: 1024 } as const;

/** What every object of JavaScript has: as a name of a value it would be there before it is given. */
const RESERVED = new Set(Object.getOwnPropertyNames(Object.prototype));

/**
 * Reads the name of a value: what can stand behind "vars." in a template.
 *
 * @throws {OperatorError} NAME_INVALID
 */
export function parseVarName(text: string): string {
  if (/^[A-Za-z][A-Za-z0-9_]{0,63}$/.test(text) && !RESERVED.has(text)) return text;
  throw new OperatorError('NAME_INVALID', `Cannot use "${text}" as the name of a value for templates`, {
    hint: 'Write 1 to 64 letters, digits or "_", a letter first, like ntpServer',
  });
}

/**
 * Reads a value for templates. It goes into files as it is, so it is one line of printable text.
 *
 * @throws {OperatorError} VALUE_INVALID
 */
export function parseVarValue(text: string): string {
  const bad = /[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff]/.test(text)
    ? 'it has a control character'
    : text.length > VARS_LIMITS.characters
      ? `it has ${text.length} characters`
      : undefined;
  if (bad === undefined) return text;
  throw new OperatorError('VALUE_INVALID', `Cannot use this as a value for templates: ${bad}`, {
    hint: `Write one line of at most ${VARS_LIMITS.characters} characters`,
  });
}

/**
 * Values with others over them, without those in `unset`.
 *
 * @throws {OperatorError} as `checkVars`
 */
export function changeVars(
  before: Vars,
  { vars, unset }: { readonly vars: Vars; readonly unset: readonly string[] },
): Vars {
  const kept = Object.entries(before).filter(([name]) => !unset.includes(name));
  return checkVars({ ...Object.fromEntries(kept), ...vars });
}

/**
 * Reads "name=value" of a command line. The same name again, in `before`, makes a list; "name=" is the empty text.
 *
 * @throws {OperatorError} NAME_INVALID, VALUE_INVALID
 */
export function parseVar(text: string, before: Vars = {}): Vars {
  const equals = text.indexOf('=');
  if (equals < 0) {
    throw new OperatorError('VALUE_INVALID', `Cannot read "${text}" as a value for templates: it has no "="`, {
      hint: 'Write NAME=VALUE, like ntpServer=10.2.0.1',
    });
  }
  const name = parseVarName(text.slice(0, equals));
  const value = parseVarValue(text.slice(equals + 1));
  const had = before[name];
  return checkVars({
    ...before,
    [name]: had === undefined ? value : [...(typeof had === 'string' ? [had] : had), value],
  });
}

/** Values of several places in one: what comes later replaces what comes earlier, name by name. */
export function mergeVars(...all: readonly Vars[]): Vars {
  return Object.assign({}, ...all) as Vars;
}

/**
 * Sees that there are not too many.
 *
 * @throws {OperatorError} VALUE_INVALID
 */
export function checkVars(vars: Vars): Vars {
  const names = Object.keys(vars);
  const long = names.find((name) => (vars[name]?.length ?? 0) > VARS_LIMITS.items && typeof vars[name] !== 'string');
  if (names.length <= VARS_LIMITS.names && long === undefined) return vars;
  const what = long === undefined ? `${names.length} values` : `${vars[long]?.length} texts in the list "${long}"`;
  throw new OperatorError('VALUE_INVALID', `Cannot give templates ${what}`, {
    hint: `At most ${VARS_LIMITS.names} values, and ${VARS_LIMITS.items} texts in a list`,
  });
}
