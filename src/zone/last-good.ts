import { OperatorError } from '../domain/errors.ts';
import { formatLastGood } from '../plan/last-good.ts';
import { LAST_GOOD, STATE_DIRECTORY } from '../plan/zone-paths.ts';
import { digestOf } from '../render/digest.ts';
import type { System } from '../system/system.ts';
import { type Configuration, readMetadata } from './configuration.ts';
import { readStored } from './stored.ts';

/** Keeps a configuration that has been proved. Writes nothing when it is the one that is kept. */
export async function keepLastGood(configuration: Configuration, system: System): Promise<void> {
  const content = configuration.lastGood ?? formatLastGood(configuration);
  if ((await system.readFile(LAST_GOOD)) === content) return;
  await system.makeDirectory(STATE_DIRECTORY, 0o755);
  await system.writeFile({ path: LAST_GOOD, content, mode: 0o600 });
}

/** The configuration that was proved last; undefined when there is none, or it is damaged, which is logged. */
export async function readLastGood(zone: string, system: System): Promise<Configuration | undefined> {
  try {
    const stored = await readStored(system);
    if (stored === undefined) return undefined;
    const { metadata: text, files, key } = stored;
    const digest = digestOf(text);
    return { text, digest, metadata: readMetadata(text, zone), files, ...(key === undefined ? {} : { key }) };
  } catch (error) {
    if (!(error instanceof SyntaxError || error instanceof OperatorError)) throw error;
    system.log(`${LAST_GOOD} is of no use: ${error.message}`);
    return undefined;
  }
}
