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

/**
 * One error for all faults of a file, each as "FILE:LINE:COLUMN: what", the line itself and a caret under the place.
 *
 * `after` is the last line of the hint: what happens now, and the command to go on with.
 */
export function faultsError(
  code: ErrorCode,
  { file, text, faults, after }: { file: string; text: string; faults: readonly Fault[]; after?: string },
): OperatorError {
  const lines = text.split('\n');
  const message = faults.map((fault) => formatFault(file, lines[fault.line - 1], fault)).join('\n');
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
  const before = line.slice(0, column - 1).replace(/[^\t]/g, ' ');
  return [
    `${file}:${number}:${column}: ${message}`,
    `${String(number).padStart(4)} | ${printable(line)}`,
    `${gutter} | ${before}${'^'.repeat(Math.max(1, length))}`,
    ...after,
  ].join('\n');
}

/** Control characters as "\x07", so that a damaged file cannot play with the terminal. */
function printable(line: string): string {
  return line.replace(
    /[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]/g,
    (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
}
