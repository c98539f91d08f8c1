import type { ErrorCode, OperatorError } from '../domain/errors.ts';
import { type Fault, faultsError } from '../domain/fault.ts';
import type { IniDocument, IniSection } from './document.ts';
import { one, oneOf, wholeNumber } from './shape.ts';

/** The newest format of records that this software reads and the only one it writes. */
export const RECORD_FORMAT = 1;

/** The keys that every record begins with. */
export const RECORD_HEAD = {
  format: one(wholeNumber(1, RECORD_FORMAT)),
  state: one(oneOf('creating', 'ready', 'deleting')),
};

/** The section "" of a document. */
export function topOf({ sections }: IniDocument): IniSection {
  const [top] = sections;
  if (top === undefined) throw new Error('parseIni gives the section "" always');
  return top;
}

/** The error for a record with these faults. Nothing is changed by what cannot be read. */
export function recordError(document: Pick<IniDocument, 'file' | 'text'>, faults: readonly Fault[]): OperatorError {
  return placedError(
    'RECORD_INVALID',
    document,
    faults,
    `The record is left as it is. Mend ${document.file}, or restore it from a backup`,
  );
}

export function placedError(
  code: ErrorCode,
  document: Pick<IniDocument, 'file' | 'text'>,
  faults: readonly Fault[],
  after: string,
): OperatorError {
  const sorted = [...faults].sort((a, b) => a.line - b.line || a.column - b.column);
  return faultsError(code, { file: document.file, text: document.text, faults: sorted, after });
}

/** A record of another thing than its file is named for: copied by hand, or put in the wrong place. */
export function nameFault(section: IniSection, key: string, found: string, wanted: string): Fault[] {
  if (found === wanted) return [];
  const entry = section.entries.find((candidate) => candidate.key === key);
  return [
    {
      line: entry?.line ?? 1,
      column: entry?.column ?? 1,
      length: found.length,
      message: `this is the record of "${found}", but the file is named for "${wanted}"`,
    },
  ];
}
