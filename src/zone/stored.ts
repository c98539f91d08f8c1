// What is kept of the configuration that was proved last, as this method or a plan made ahead has written it.
import type { RenderedFile } from '../domain/managed-file.ts';
import { beginsWithKey, contentDigest, type StoredConfiguration } from '../plan/last-good.ts';
import { LAST_GOOD } from '../plan/zone-paths.ts';
import type { System } from '../system/system.ts';

/** Enough to tell what files were made from. */
const HEAD_BYTES = 120;

/** The files that were rendered from the same inputs before (`inputsKey`); undefined when they are not kept. */
export async function renderedBefore(key: string, system: System): Promise<readonly RenderedFile[] | undefined> {
  if (!beginsWithKey(key, await system.readHead(LAST_GOOD, HEAD_BYTES))) return undefined;
  try {
    const stored = await readStored(system);
    return stored?.key === key && stored.digest !== undefined ? stored.files : undefined;
  } catch (error) {
    // Damaged: they are rendered.
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/**
 * The configuration that was proved last, as it is kept; undefined when there is none.
 *
 * @throws {SyntaxError} when it is damaged
 */
export async function readStored(system: System): Promise<StoredConfiguration | undefined> {
  const content = await system.readFile(LAST_GOOD);
  if (content === undefined) return undefined;
  const stored: unknown = JSON.parse(content);
  if (!isStored(stored)) throw new SyntaxError('not of format 1');
  if (stored.digest !== undefined && stored.digest !== contentDigest(stored)) throw new SyntaxError('damaged');
  return stored;
}

function isStored(value: unknown): value is StoredConfiguration {
  if (typeof value !== 'object' || value === null) return false;
  const { format, key, digest, metadata, files } = value as Partial<Record<keyof StoredConfiguration, unknown>>;
  const isName = (name: unknown) => name === undefined || typeof name === 'string';
  if (format !== 1 || typeof metadata !== 'string' || !isName(key) || !isName(digest)) return false;
  return Array.isArray(files) && files.every(isRenderedFile);
}

function isRenderedFile(value: unknown): value is RenderedFile {
  if (typeof value !== 'object' || value === null) return false;
  const { file, content } = value as { file?: unknown; content?: unknown };
  if (typeof content !== 'string' || typeof file !== 'object' || file === null) return false;
  const { path, policy, mode, check, reload, owner } = file as Partial<Record<keyof RenderedFile['file'], unknown>>;
  return (
    typeof path === 'string' &&
    typeof policy === 'string' &&
    typeof mode === 'number' &&
    isListOfTexts(check) &&
    (typeof reload === 'string' || hasTexts(reload, ['verb', 'service'])) &&
    (owner === undefined || hasTexts(owner, ['user', 'group']))
  );
}

function isListOfTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every((one) => typeof one === 'string');
}

function hasTexts(value: unknown, keys: readonly string[]): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return keys.every((key) => typeof (value as Record<string, unknown>)[key] === 'string');
}
