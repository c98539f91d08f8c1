import type { RenderedFile } from '../domain/managed-file.ts';

/** What was applied and verified last: metadata and rendered files together, since one without the other is neither. */
export interface StoredConfiguration {
  readonly format: 1;
  /** `inputsKey` of all that the files were made from; missing where part of the metadata was left out. */
  readonly key?: string;
  readonly metadata: string;
  readonly files: readonly RenderedFile[];
}

/** The text of LAST_GOOD for metadata as they were read, and the files rendered from them. */
export function formatLastGood({
  text,
  files,
  key,
}: Pick<StoredConfiguration, 'files' | 'key'> & { text: string }): string {
  const stored: StoredConfiguration = { format: 1, ...(key === undefined ? {} : { key }), metadata: text, files };
  return `${JSON.stringify(stored, undefined, 1)}\n`;
}

/** Whether the beginning of LAST_GOOD says that its files were made from the inputs of this key. */
export function beginsWithKey(key: string, head: string | undefined): boolean {
  return head?.startsWith(`{\n "format": 1,\n "key": ${JSON.stringify(key)},\n`) === true;
}
