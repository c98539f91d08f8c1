// Loaded only when there is something to render (.ci/build.mjs puts it, and all that only it needs, in a file of its own).
import type { RenderedFile } from '../domain/managed-file.ts';
import type { ZoneMetadata } from '../domain/metadata.ts';
import { filesFor, managedFilesOf, overridesOf, renderFiles, type Site, templatesOf } from '../plan/rendering.ts';
import type { System } from '../system/system.ts';
import { compiledOverrides } from './compiled-cache.ts';

export { formatBootProgram } from '../plan/boot-program.ts';

/**
 * Renders the files of a zone, by its own templates where it has some.
 *
 * @throws {OperatorError} INI_INVALID, TEMPLATE_INVALID
 */
export async function renderZone(metadata: ZoneMetadata, site: Site, system: System): Promise<RenderedFile[]> {
  const all = managedFilesOf(site.layers);
  const compiled = await compiledOverrides(overridesOf(site.layers), templatesOf(all), system);
  return renderFiles(filesFor(all, metadata), metadata, site, compiled);
}
