import { type ErrorCode, OperatorError } from './errors.ts';

/** Something wrong at a place in a text that a person wrote or that we published. */
export interface Fault {
  /** From 1; 0 when the fault is of the file as a whole. */
  readonly line: number;
  /** From 1, in characters. */
  readonly column: number;
  /** Characters to underline; missing: 1. */
  readonly length?: number;
  /** What is wrong there, without a full stop. */
  readonly message: string;
  /** How to put it right. */
  readonly hint?: string;
}

/** Of more faults in one file only so many are told: it is of something else then. */
const MOST = 20;

/**
 * One error for the faults of a file, each as "FILE:LINE:COLUMN: what", the line itself and a caret under the place.
 *
 * `after` is the last line of the hint: what happens now, and the command to go on with.
 */
export function faultsError(
  code: ErrorCode,
  { file, text, faults, after }: { file: string; text: string; faults: readonly Fault[]; after?: string },
): OperatorError {
  const lines = text.split('\n');
  const told = faults.slice(0, MOST).map((fault) => formatFault(file, lines[fault.line - 1], fault));
  const more = faults.length - told.length;
  const message = [...told, ...(more === 0 ? [] : [`${file}: ${more} more`])].join('\n');
  return new OperatorError(code, message, after === undefined ? {} : { hint: after });
}

/** One error for the faults of several files, file by file, each in the order of its lines. Files without any are left out. */
export function faultsErrorOfAll(
  code: ErrorCode,
  documents: readonly { readonly file: string; readonly text: string; readonly faults: readonly Fault[] }[],
): OperatorError {
  const messages = documents.flatMap(({ file, text, faults }) => {
    if (faults.length === 0) return [];
    const sorted = [...faults].sort((a, b) => a.line - b.line || a.column - b.column);
    return [faultsError(code, { file, text, faults: sorted }).message];
  });
  return new OperatorError(code, messages.join('\n'));
}

function formatFault(
  file: string,
  line: string | undefined,
  { line: number, column, length = 1, message, hint }: Fault,
): string {
  const after = hint === undefined ? [] : [`  ${hint}`];
  if (number === 0 || line === undefined) return [`${file}: ${message}`, ...after].join('\n');
  const gutter = ' '.repeat(4);
  const { shown, before } = around(line, column - 1);
  const under = Math.min(length, shown.length - before.length);
  return [
    `${file}:${number}:${column}: ${message}`,
    `${String(number).padStart(4)} | ${printable(shown)}`,
    `${gutter} | ${before.replace(/[^\t]/g, ' ')}${'^'.repeat(Math.max(1, under))}`,
    ...after,
  ].join('\n');
}

/** Characters of a line that are shown before a fault, and behind it. */
const AROUND = 100;

/** The part of a line around a place, and of that what is before the place. */
function around(line: string, place: number): { readonly shown: string; readonly before: string } {
  const cut = place > AROUND ? '…' : '';
  const before = cut + line.slice(cut === '' ? 0 : place - AROUND, place);
  const behind = line.slice(place, place + AROUND);
  return { shown: `${before}${behind}${line.length > place + AROUND ? '…' : ''}`, before };
}

/** Control characters as "\x07", so that a damaged file cannot play with the terminal. */
function printable(line: string): string {
  return line.replace(
    /[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff]/g,
    (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
}
