import { OperatorError } from '../domain/errors.ts';
import type { Fault } from '../domain/fault.ts';
import type { IniEntry, IniSection } from './document.ts';

/** How one key of a section is read: once and required, once and optional, or any number of times. */
export interface KeyShape<T> {
  readonly parse: (text: string) => T;
  readonly kind: 'one' | 'optional' | 'list';
}

export const one = <T>(parse: (text: string) => T) => ({ parse, kind: 'one' }) as const;
export const optional = <T>(parse: (text: string) => T) => ({ parse, kind: 'optional' }) as const;
export const list = <T>(parse: (text: string) => T) => ({ parse, kind: 'list' }) as const;

export type Shape = Readonly<Record<string, KeyShape<unknown>>>;

/** What reading a section by a shape gives: lists are empty, not missing; optional keys are missing. */
export type ShapeValues<S extends Shape> = {
  readonly [K in keyof S as S[K]['kind'] extends 'optional' ? never : K]: S[K]['kind'] extends 'list'
    ? readonly ReturnType<S[K]['parse']>[]
    : ReturnType<S[K]['parse']>;
} & {
  readonly [K in keyof S as S[K]['kind'] extends 'optional' ? K : never]?: ReturnType<S[K]['parse']>;
};

/**
 * Reads the entries of a section by its shape. What is wrong goes to `faults`, each with its place: an unknown key, a
 * missing one, a value that its parser refuses. Gives undefined when anything was.
 */
export function readSection<S extends Shape>(
  section: IniSection,
  shape: S,
  faults: Fault[],
): ShapeValues<S> | undefined {
  const before = faults.length;
  const where = section.name === '' ? '' : `[${section.name}] `;
  const values: Record<string, unknown> = {};
  const keys = Object.keys(shape);
  for (const key of keys) if (shape[key]?.kind === 'list') values[key] = [];
  for (const entry of section.entries) {
    const wanted = Object.hasOwn(shape, entry.key) ? shape[entry.key] : undefined;
    if (wanted === undefined) {
      faults.push({
        ...placeOfKey(entry),
        message: `${where}unknown key "${entry.key}"`,
        hint: `Known here: ${Object.keys(shape).join(', ')}`,
      });
    } else if (entry.list !== (wanted.kind === 'list')) {
      const hint = `Write "${entry.key}${wanted.kind === 'list' ? '[]' : ''} = …"`;
      faults.push({ ...placeOfKey(entry), message: `${where}"${entry.key}" is ${entry.list ? 'no' : 'a'} list`, hint });
    } else {
      readValue(entry, wanted, where, values, faults);
    }
  }
  for (const key of keys) {
    const missing = values[key] === undefined && shape[key]?.kind === 'one';
    if (missing && !section.entries.some((entry) => entry.key === key)) {
      faults.push({
        line: section.line,
        column: 1,
        length: Math.max(1, section.name.length + 2),
        message: `${where}"${key}" is missing`,
      });
    }
  }
  return faults.length === before ? (values as ShapeValues<S>) : undefined;
}

function readValue(
  entry: IniEntry,
  { parse, kind }: KeyShape<unknown>,
  where: string,
  values: Record<string, unknown>,
  faults: Fault[],
): void {
  try {
    const value = parse(entry.value);
    if (kind === 'list') (values[entry.key] as unknown[]).push(value);
    else values[entry.key] = value;
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    const message = `${where}${entry.key}: ${error.message}`;
    faults.push({
      line: entry.line,
      column: entry.column,
      length: entry.value.length,
      message,
      ...(error.hint === undefined ? {} : { hint: error.hint }),
    });
  }
}

function placeOfKey(entry: IniEntry) {
  return { line: entry.line, column: entry.keyColumn, length: entry.key.length };
}

/**
 * Reads a whole number, digits only, in a range (both ends included).
 *
 * @throws {OperatorError} VALUE_INVALID
 */
export function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    if (/^(0|[1-9]\d{0,15})$/.test(text) && Number(text) >= least && Number(text) <= most) return Number(text);
    throw new OperatorError('VALUE_INVALID', `Cannot read "${text}" as a number`, {
      hint: `Write a whole number from ${least} to ${most}`,
    });
  };
}

/**
 * Reads one of a few words.
 *
 * @throws {OperatorError} VALUE_INVALID
 */
export function oneOf<const W extends string>(...words: readonly W[]): (text: string) => W {
  return (text) => {
    const word = words.find((candidate) => candidate === text);
    if (word !== undefined) return word;
    throw new OperatorError('VALUE_INVALID', `Cannot use "${text}"`, { hint: `One of ${words.join(', ')}` });
  };
}

/**
 * Reads "yes" or "no".
 *
 * @throws {OperatorError} VALUE_INVALID
 */
export function yesOrNo(text: string): boolean {
  return oneOf('yes', 'no')(text) === 'yes';
}
