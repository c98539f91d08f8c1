import { OperatorError } from '../domain/errors.ts';
import { COMPILED, STATE_DIRECTORY } from '../plan/zone-paths.ts';
import { digestOf } from '../render/digest.ts';
import { type Compiled, compilationKey, compileOverrides, type TemplateOverride } from '../render/render.ts';
import type { System } from '../system/system.ts';

/** Compiled overrides as they are kept, with a digest over the code, since the code is run. */
interface Kept extends Compiled {
  readonly format: 1;
  readonly digest: string;
}

/**
 * The overrides, checked and compiled: as they are kept from the last time, when nothing that matters is another since.
 *
 * @throws {OperatorError} TEMPLATE_INVALID
 */
export async function compiledOverrides(
  overrides: readonly TemplateOverride[],
  templates: readonly string[],
  system: System,
): Promise<Compiled> {
  if (overrides.length === 0) return await compileOverrides([], templates);
  const kept = await readKept(compilationKey(overrides, templates), system);
  if (kept !== undefined) return kept;
  const compiled = await compileOverrides(overrides, templates);
  await keep(compiled, system);
  return compiled;
}

const digestOfCode = (code: Compiled['code']) => digestOf(JSON.stringify(code));

async function readKept(key: string, system: System): Promise<Compiled | undefined> {
  if ((await system.kindOf(COMPILED)) !== 'file') return undefined;
  try {
    const kept: unknown = JSON.parse((await system.readFile(COMPILED)) ?? '');
    return isKept(kept) && kept.key === key && kept.digest === digestOfCode(kept.code) ? kept : undefined;
  } catch (error) {
    // Damaged: it is made anew.
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function isKept(value: unknown): value is Kept {
  if (typeof value !== 'object' || value === null) return false;
  const { format, key, digest, code } = value as Partial<Record<keyof Kept, unknown>>;
  const isCode =
    typeof code === 'object' && code !== null && Object.values(code).every((one) => typeof one === 'string');
  return format === 1 && typeof key === 'string' && typeof digest === 'string' && isCode;
}

/** Not being able to keep it costs time at the next boot, and nothing else. */
async function keep({ key, code }: Compiled, system: System): Promise<void> {
  const kept: Kept = { format: 1, key, digest: digestOfCode(code), code };
  try {
    await system.makeDirectory(STATE_DIRECTORY, 0o755);
    await system.writeFile({ path: COMPILED, content: `${JSON.stringify(kept)}\n`, mode: 0o600 });
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    system.log(`the compiled templates cannot be kept: ${error.message}`);
  }
}
