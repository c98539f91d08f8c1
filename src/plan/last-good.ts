import type { RenderedFile } from '../domain/managed-file.ts';

/** What was applied and verified last: metadata and rendered files together, since one without the other is neither. */
export interface StoredConfiguration {
  readonly format: 1;
  readonly metadata: string;
  readonly files: readonly RenderedFile[];
}

/** The text of LAST_GOOD for metadata as they were read, and the files rendered from them. */
export function formatLastGood(metadata: string, files: readonly RenderedFile[]): string {
  const stored: StoredConfiguration = { format: 1, metadata, files };
  return `${JSON.stringify(stored, undefined, 1)}\n`;
}
