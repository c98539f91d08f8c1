import { OperatorError } from '../domain/errors.ts';
import { GLOBAL } from '../domain/names.ts';
import { EDITION, isBootProgramFor, type ZoneInputs } from '../plan/zone-inputs.ts';
import { OWN_BOOT } from '../plan/zone-paths.ts';
import type { System } from '../system/system.ts';
import type { Configuration } from './configuration.ts';
import { observeFiles } from './observe-files.ts';

/**
 * Plans the next boot ahead, after a success (docs/decisions/0019). Where the zone has nothing of its own the host has done so,
 * and knows no less. Not being able to costs time at the next boot, and nothing else.
 */
export async function planBootAhead(configuration: Configuration, system: System): Promise<void> {
  const { own, metadata, files, key } = configuration;
  if (own === undefined || metadata.zone === GLOBAL) return;
  try {
    const edition = await system.readFile(EDITION);
    const needsOwn = own.texts.size > 0 || files.some(({ file }) => file.owner !== undefined);
    // Where part of the metadata was left out the next boot has to see whether it still is: there is no key then.
    const program = needsOwn && edition !== undefined && key !== undefined ? { edition, own, key } : undefined;
    const had = await system.readFile(OWN_BOOT);
    if (program !== undefined && isBootProgramFor(program.key, had)) return;
    const content = program === undefined ? undefined : await makeProgram(configuration, program, system);
    if (content === undefined) {
      if (had !== undefined) await system.remove(OWN_BOOT);
    } else await system.writeFile({ path: OWN_BOOT, content, mode: 0o644 });
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    system.log(`the next boot cannot be planned ahead: ${error.message}`);
  }
}

async function makeProgram(
  configuration: Configuration,
  program: Pick<ZoneInputs, 'edition' | 'own'>,
  system: System,
): Promise<string | undefined> {
  const { formatBootProgram } = await import('./render-files.ts');
  return formatBootProgram({ ...configuration, ...program, owners: await ownersOf(configuration, system) });
}

async function ownersOf({ files }: Configuration, system: System) {
  const observed = await observeFiles(files, system);
  return new Map(
    files.flatMap(({ file }) => {
      const wanted = observed.get(file.path)?.wanted;
      return typeof wanted === 'object' ? [[file.path, wanted] as const] : [];
    }),
  );
}
