import { OperatorError } from '../domain/errors.ts';
import type { RenderedFile } from '../domain/managed-file.ts';
import { formatLastGood, type StoredConfiguration } from '../plan/last-good.ts';
import { LAST_GOOD, STATE_DIRECTORY } from '../plan/zone-paths.ts';
import { digestOf } from '../render/digest.ts';
import type { System } from '../system/system.ts';
import { type Configuration, readMetadata } from './configuration.ts';

/** Keeps a configuration that has been proved. Writes nothing when it is the one that is kept. */
export async function keepLastGood({ text, files }: Configuration, system: System): Promise<void> {
  const content = formatLastGood(text, files);
  if ((await system.readFile(LAST_GOOD)) === content) return;
  await system.makeDirectory(STATE_DIRECTORY, 0o755);
  await system.writeFile({ path: LAST_GOOD, content, mode: 0o600 });
}

/** The configuration that was proved last; undefined when there is none, or it is damaged, which is logged. */
export async function readLastGood(zone: string, system: System): Promise<Configuration | undefined> {
  const content = await system.readFile(LAST_GOOD);
  if (content === undefined) return undefined;
  try {
    const stored: unknown = JSON.parse(content);
    if (!isStored(stored)) throw new SyntaxError('not of format 1');
    const { metadata: text, files } = stored;
    return { text, digest: digestOf(text), metadata: readMetadata(text, zone), files };
  } catch (error) {
    if (!(error instanceof SyntaxError || error instanceof OperatorError)) throw error;
    system.log(`${LAST_GOOD} is of no use: ${error.message}`);
    return undefined;
  }
}

function isStored(value: unknown): value is StoredConfiguration {
  if (typeof value !== 'object' || value === null) return false;
  const { format, metadata, files } = value as Partial<Record<keyof StoredConfiguration, unknown>>;
  return format === 1 && typeof metadata === 'string' && Array.isArray(files) && files.every(isRenderedFile);
}

function isRenderedFile(value: unknown): value is RenderedFile {
  if (typeof value !== 'object' || value === null) return false;
  const { file, content } = value as { file?: unknown; content?: unknown };
  if (typeof content !== 'string' || typeof file !== 'object' || file === null) return false;
  const { path, mode, check, reload, owner } = file as Partial<Record<keyof RenderedFile['file'], unknown>>;
  return (
    typeof path === 'string' &&
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
