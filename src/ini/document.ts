import { safe, unsafe } from 'ini';
import type { OperatorError } from '../domain/errors.ts';
import { type Fault, faultsError } from '../domain/fault.ts';

/** An ini file with the place of everything in it. Entries before the first header are in the section "". */
export interface IniDocument {
  readonly file: string;
  readonly text: string;
  readonly sections: readonly IniSection[];
}

export interface IniSection {
  readonly name: string;
  /** Line of the header, from 1; 1 for the section "". */
  readonly line: number;
  readonly entries: readonly IniEntry[];
}

/** "key = value", or one "key[] = value" of a list. */
export interface IniEntry {
  readonly key: string;
  readonly list: boolean;
  readonly value: string;
  readonly line: number;
  /** Where key and value begin, from 1. */
  readonly keyColumn: number;
  readonly column: number;
}

const HEADER = /^\[([A-Za-z0-9_.-]+)\]$/;
const ENTRY = /^([A-Za-z0-9_.-]+)(\[\])?([ \t]*=[ \t]*)(.*)$/;
const FORBIDDEN = /[\x00-\x08\x0b-\x1f\x7f\u2028\u2029\ufeff]/;
/** A value that means itself, so that nearly all of a thousand records need no decoding. */
const PLAIN = /^[A-Za-z0-9_.:/@+-]+$/;

/**
 * Reads ini text line by line; the ini package decodes the values alone.
 *
 * Its parser loses or turns around much without a word (dots nest, "true" becomes a boolean, a header with a comment is
 * no header, duplicates vanish: dependencies.md §2.1); all that is a fault here, with its place.
 *
 * @throws {OperatorError} INI_INVALID, naming every fault
 */
export function parseIni(text: string, file: string): IniDocument {
  const faults: Fault[] = [];
  const sections: { name: string; line: number; entries: IniEntry[] }[] = [{ name: '', line: 1, entries: [] }];
  const names = new Set<string>();
  const suspicious = FORBIDDEN.test(text);
  let returned = false;
  text.split('\n').forEach((line, index) => {
    if (line === '' || line.startsWith(';') || line.startsWith('#')) {
      if (!suspicious || !FORBIDDEN.test(line)) return;
    }
    const fault = (column: number, message: string, hint?: string, length = 1) =>
      faults.push({ line: index + 1, column, length, message, ...(hint === undefined ? {} : { hint }) });
    const forbidden = suspicious ? FORBIDDEN.exec(line) : null;
    if (forbidden?.[0] === '\r' && forbidden.index === line.length - 1) {
      // One line of such a file says it for all.
      if (!returned) fault(line.length, 'the line ends in a carriage return', 'End lines in a line feed alone');
      returned = true;
      return;
    }
    if (forbidden !== null) {
      fault(
        forbidden.index + 1,
        'a control character stands here',
        'Files are plain text with line feeds, without a byte order mark',
      );
      return;
    }
    const header = line.startsWith('[') ? HEADER.exec(line) : null;
    if (header !== null) {
      const name = header[1] ?? '';
      if (names.has(name)) fault(1, `section [${name}] is there twice`, undefined, line.length);
      names.add(name);
      sections.push({ name, line: index + 1, entries: [] });
      return;
    }
    const entry = ENTRY.exec(line);
    if (entry === null) {
      if (/^[ \t]*([;#].*)?$/.test(line)) return;
      fault(
        1,
        'this is neither "[section]" nor "key = value"',
        'Headers and keys begin in the first column; a comment has a line of its own',
        line.length,
      );
      return;
    }
    const [, key = '', brackets = '', equals = '', raw = ''] = entry;
    const column = key.length + brackets.length + equals.length + 1;
    const entries = sections[sections.length - 1]?.entries ?? [];
    const before = entries.find((other) => other.key === key);
    if (before !== undefined && !(before.list && brackets !== '')) {
      fault(
        1,
        `"${key}" is there twice (first in line ${before.line})`,
        `For a list write "${key}[] = …" on every line`,
        key.length,
      );
    }
    if (PLAIN.test(raw)) {
      entries.push({ key, list: brackets !== '', value: raw, line: index + 1, keyColumn: 1, column });
      return;
    }
    if (/^'/.test(raw) || /^"(?!.*"$)/.test(raw)) {
      fault(
        column,
        'the quotes do not close or are single quotes',
        'Put a value that needs quotes in double quotes',
        raw.length,
      );
      return;
    }
    const value = unsafe(raw);
    if (typeof value !== 'string' || (!raw.startsWith('"') && value !== raw.trimEnd())) {
      fault(
        column,
        'the value has a ";" or "#" or "\\" that would cut it',
        'Put the whole value in double quotes',
        raw.length,
      );
      return;
    }
    entries.push({ key, list: brackets !== '', value, line: index + 1, keyColumn: 1, column });
  });
  if (faults.length > 0) throw iniError({ file, text }, faults);
  return { file, text, sections };
}

/** The error for faults of a document, found here or by whoever knows what it should hold. */
export function iniError({ file, text }: Pick<IniDocument, 'file' | 'text'>, faults: readonly Fault[]): OperatorError {
  return faultsError('INI_INVALID', {
    file,
    text,
    faults: [...faults].sort((a, b) => a.line - b.line || a.column - b.column),
  });
}

/** A section to write: keys with a text, or a list of them (an empty list writes nothing). */
export interface IniSectionContent {
  /** '' for the entries before the first header. */
  readonly name: string;
  readonly entries: readonly (readonly [key: string, value: string | readonly string[]])[];
}

/**
 * Writes ini text: the comment lines, then each section. `parseIni` reads back the same values.
 *
 * @throws {RangeError} for a value that ini cannot hold (a control character): a bug of the caller, who has typed it
 */
export function formatIni(comments: readonly string[], sections: readonly IniSectionContent[]): string {
  const blocks = sections.map(({ name, entries }) => {
    const lines = entries.flatMap(([key, value]) =>
      typeof value === 'string' ? [`${key} = ${encode(value)}`] : value.map((item) => `${key}[] = ${encode(item)}`),
    );
    return [...(name === '' ? [] : [`[${name}]`]), ...lines].join('\n');
  });
  const head = comments.map((comment) => `; ${comment}`).join('\n');
  return `${head}\n${blocks.filter((block) => block !== '').join('\n\n')}\n`;
}

function encode(value: string): string {
  if (/[\x00-\x1f\x7f\u2028\u2029\ufeff]/.test(value)) throw new RangeError(`ini cannot hold ${JSON.stringify(value)}`);
  const plain = /^[^\s"'[\];#=\\](?:[^"';#\\]*[^\s"';#\\])?$/.test(value) && safe(value) === value;
  return plain ? value : JSON.stringify(value);
}
