import { readFileSync } from 'node:fs';
import { OperatorError } from '../domain/errors.ts';
import { errorCode } from './node-error.ts';

/**
 * What a person has named, to its end: a pipe or a terminal too, unlike a file of ours. `purpose` follows "Cannot".
 *
 * @throws {OperatorError} NOT_FOUND, FILE_REFUSED
 */
export function readInput(path: string, purpose: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const code = errorCode(error);
    if (code === undefined) throw error;
    const [kind, why] =
      code === 'ENOENT' ? (['NOT_FOUND', 'there is no such file'] as const) : (['FILE_REFUSED', code] as const);
    throw new OperatorError(kind, `Cannot ${purpose} "${path}": ${why}`, { cause: error });
  }
}
