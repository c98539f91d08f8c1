import type { RenderedFile } from '../domain/managed-file.ts';
import { digestOf } from '../render/digest.ts';

/** What was applied and verified last: metadata and rendered files together, since one without the other is neither. */
export interface StoredConfiguration {
  readonly format: 1;
  /** `inputsKey` of all that the files were made from; missing where part of the metadata was left out. */
  readonly key?: string;
  /** `contentDigest` of what follows; missing where an older software wrote it. */
  readonly digest?: string;
  readonly metadata: string;
  readonly files: readonly RenderedFile[];
}

/** The text of LAST_GOOD for metadata as they were read, and the files rendered from them. */
export function formatLastGood({
  text,
  files,
  key,
}: Pick<StoredConfiguration, 'files' | 'key'> & { text: string }): string {
  const digest = contentDigest({ metadata: text, files });
  const stored: StoredConfiguration = {
    format: 1,
    ...(key === undefined ? {} : { key }),
    digest,
    metadata: text,
    files,
  };
  return `${JSON.stringify(stored, undefined, 1)}\n`;
}

/** A disk that lost a block of it must not make rules of what is left. SHA-256, in hexadecimal. */
export function contentDigest({ metadata, files }: Pick<StoredConfiguration, 'metadata' | 'files'>): string {
  return digestOf(JSON.stringify([metadata, files]));
}

/** Whether the beginning of LAST_GOOD says that its files were made from the inputs of this key. */
export function beginsWithKey(key: string, head: string | undefined): boolean {
  return head?.startsWith(`{\n "format": 1,\n "key": ${JSON.stringify(key)},\n`) === true;
}
