// What is kept of the configuration that was proved last, as this method or a plan made ahead has written it.
import type { RenderedFile } from '../domain/managed-file.ts';
import type { ZoneMetadata } from '../domain/metadata.ts';
import { beginsWithKey, lastGoodWithin, parseLastGood, type StoredConfiguration } from '../plan/last-good.ts';
import { HEAD_BYTES, isBootProgramFor } from '../plan/zone-inputs.ts';
import { HOST_BOOT, LAST_GOOD } from '../plan/zone-paths.ts';
import type { System } from '../system/system.ts';

/** What somebody has made of the same inputs: what the metadata say, the files, and the text of LAST_GOOD with both. */
export interface Rendered {
  readonly facts: ZoneMetadata;
  readonly files: readonly RenderedFile[];
  readonly lastGood: string;
}

/**
 * What was made from the inputs of a key (`inputsKey`): here before, or by the host, which has planned the next boot with it.
 * Undefined where nobody has.
 */
export async function renderedFrom(key: string, system: System): Promise<Rendered | undefined> {
  return (await renderedBefore(key, system)) ?? (await renderedByHost(key, system));
}

async function renderedBefore(key: string, system: System): Promise<Rendered | undefined> {
  if (!beginsWithKey(key, await system.readHead(LAST_GOOD, HEAD_BYTES))) return undefined;
  return wholeFor(key, await system.readFile(LAST_GOOD));
}

async function renderedByHost(key: string, system: System): Promise<Rendered | undefined> {
  if (!isBootProgramFor(key, await system.readHead(HOST_BOOT, HEAD_BYTES))) return undefined;
  return wholeFor(key, lastGoodWithin((await system.readFile(HOST_BOOT)) ?? '', key));
}

/** What is damaged is made anew. */
function wholeFor(key: string, lastGood: string | undefined): Rendered | undefined {
  if (lastGood === undefined) return undefined;
  try {
    const { files, facts, ...stored } = parseLastGood(lastGood);
    return stored.key === key && facts !== undefined ? { facts, files, lastGood } : undefined;
  } catch (error) {
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
  return content === undefined ? undefined : parseLastGood(content);
}
