import {
  closeSync,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { OperatorError } from '../domain/errors.ts';
import { errorCode } from './node-error.ts';

/**
 * Adds lines to a file, durably; each ends in a newline. A file of `most` bytes is moved to PATH.0 first, in place
 * of the one there, so that it never takes more than twice that.
 *
 * Synchronous: a change is written down before it is made.
 *
 * @throws {OperatorError} WRITE_FAILED
 */
export function appendLines(path: string, lines: string, most: number): void {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
    const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
    if (size >= most) renameSync(path, `${path}.0`);
    const file = openSync(path, 'a+', 0o644);
    try {
      writeSync(file, `${endsInNewline(file) ? '' : '\n'}${lines}`);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
  } catch (error) {
    const why = errorCode(error) ?? 'unknown error';
    throw new OperatorError('WRITE_FAILED', `Cannot write "${path}": ${why}`, { cause: error });
  }
}

/** Not so where a crash of the host cut the last line off. */
function endsInNewline(file: number): boolean {
  const { size } = fstatSync(file);
  const last = Buffer.alloc(1);
  return size === 0 || readSync(file, last, 0, 1, size - 1) === 0 || last.toString() === '\n';
}
