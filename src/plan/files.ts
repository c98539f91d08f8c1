import { dirname } from 'node:path';
import { OperatorError } from '../domain/errors.ts';
import type { RenderedFile } from '../domain/managed-file.ts';
import type { Step } from './step.ts';

/** What is at the path of a managed file. */
export interface ObservedFile {
  /** Missing: nothing is there. */
  readonly kind?: 'file' | 'directory' | 'link' | 'other';
  /** Of a file; missing otherwise. */
  readonly content?: string;
  /** Whether its directory is there. */
  readonly directory: boolean;
}

/** Whether the file has to be written: it differs, is a link, or is missing; a seeded one only when missing. */
export function isStale({ file, content }: RenderedFile, observed: ObservedFile | undefined): boolean {
  if (file.policy === 'left') return false;
  if (observed?.kind === undefined) return true;
  return file.policy === 'managed' && (observed.kind !== 'file' || observed.content !== content);
}

/**
 * Steps that install the rendered files. A link in the place of a file is replaced by the file, never written through.
 *
 * @throws {OperatorError} WRITE_FAILED where a directory stands in the place of a file
 */
export function planFiles(files: readonly RenderedFile[], observed: ReadonlyMap<string, ObservedFile>): Step[] {
  const made = new Set<string>();
  return files.flatMap((rendered): Step[] => {
    const { path, mode } = rendered.file;
    const have = observed.get(path);
    if (!isStale(rendered, have)) return [];
    if (have?.kind === 'directory') {
      throw new OperatorError('WRITE_FAILED', `Cannot write "${path}": a directory is there`);
    }
    const directory = dirname(path);
    const parent: Step[] =
      have?.directory === true || made.has(directory)
        ? []
        : [{ kind: 'directory', reason: `${directory} is missing`, path: directory, mode: 0o755 }];
    made.add(directory);
    const reason = have?.kind === undefined ? `${path} is missing` : `${path} differs`;
    const file = { path, content: rendered.content, mode };
    return [...parent, { kind: 'write', reason, file, replaces: have?.kind !== undefined }];
  });
}
