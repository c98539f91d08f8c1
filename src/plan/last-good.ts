import type { RenderedFile } from '../domain/managed-file.ts';
import type { ZoneMetadata } from '../domain/metadata.ts';
import { unquoteFromShell } from '../illumos/command.ts';
import { digestOf } from '../render/digest.ts';

/** What was applied and verified last: metadata and rendered files together, since one without the other is neither. */
export interface StoredConfiguration {
  /** `inputsKey` of all that the files were made from; missing where part of the metadata was left out. */
  readonly key?: string;
  /** The metadata as they were published, byte for byte. */
  readonly metadata: string;
  /** What they say: what `parseMetadata` of the same software gives. Missing without a key, which names that software. */
  readonly facts?: ZoneMetadata;
  readonly files: readonly RenderedFile[];
}

/** How LAST_GOOD begins whose files were made from the inputs of this key. */
const headFor = (key: string | undefined) =>
  `{\n "format": 2,\n${key === undefined ? '' : ` "key": ${JSON.stringify(key)},\n`}`;

/** Its beginning, whoever it is for, with SHA-256 of all that follows. */
const HEAD = /^\{\n "format": 2,\n(?: "key": "[0-9a-f]*",\n)? "digest": "([0-9a-f]{64})",\n/;

/** How it ends. JSON has newlines between values alone, and here in no other place but at the end of a member. */
const END = '\n}\n';

/** The text of LAST_GOOD: metadata as they were read, what they say, and the files rendered from them. */
export function formatLastGood({
  text,
  metadata,
  files,
  key,
}: Pick<StoredConfiguration, 'files' | 'key'> & { text: string; metadata: ZoneMetadata }): string {
  const members = { metadata: text, ...(key === undefined ? {} : { facts: metadata }), files };
  const lines = Object.entries(members).map(([name, value]) => ` "${name}": ${JSON.stringify(value)}`);
  const body = `${lines.join(',\n')}${END}`;
  return `${headFor(key)} "digest": "${digestOf(body)}",\n${body}`;
}

/**
 * Reads what `formatLastGood` has written. A disk that lost a block of it must not make rules of what is left, so that it is
 * nothing else.
 *
 * @throws {SyntaxError} when it is damaged, or of another format
 */
export function parseLastGood(content: string): StoredConfiguration {
  if (content.startsWith('{\n "format": 1,\n')) return parseFirstFormat(content);
  const [head, digest] = HEAD.exec(content) ?? [];
  if (head === undefined) throw new SyntaxError('not of format 2');
  if (digestOf(content.slice(head.length)) !== digest) throw new SyntaxError('damaged');
  return JSON.parse(content) as StoredConfiguration;
}

/** What the software before had written; it stays until the next refresh or boot. */
function parseFirstFormat(content: string): StoredConfiguration {
  const { metadata, files, digest } = JSON.parse(content) as StoredConfiguration & { readonly digest: string };
  if (digest !== digestOf(JSON.stringify([metadata, files]))) throw new SyntaxError('damaged');
  return { metadata, files };
}

/** Whether the beginning of LAST_GOOD says that its files were made from the inputs of this key. */
export function beginsWithKey(key: string, head: string | undefined): boolean {
  return head?.startsWith(headFor(key)) === true;
}

/** The text of LAST_GOOD that a boot program for this key has in it, as a word of its shell. Undefined: it has none. */
export function lastGoodWithin(program: string, key: string): string | undefined {
  const from = program.indexOf(`='${headFor(key)}`);
  const to = program.indexOf(`${END}'`, from);
  return from < 0 || to < 0 ? undefined : unquoteFromShell(program.slice(from + 1, to + END.length + 1));
}
