import { OperatorError } from '../domain/errors.ts';
import type { ZoneName } from '../domain/names.ts';
import { emptyLayer, type Origin, type TemplateLayer } from '../domain/template-layer.ts';
import { publishedTemplates, SITE_TEMPLATES, zoneTemplates } from '../plan/host-paths.ts';
import { type Prepared, prepareFiles } from '../plan/rendering.ts';
import { digestOfLayers } from '../plan/template-digest.ts';
import type { System } from '../system/system.ts';
import { readTemplateLayer } from '../system/template-layers.ts';

/** The templates that the operator gives zones: the least first. */
export type HostLayers = readonly [forAll: TemplateLayer, forThis: TemplateLayer];

/** Reads the templates of the host, those for all zones once. */
export function siteTemplates(system: System) {
  let [common, named] = [undefined as Promise<TemplateLayer> | undefined, undefined as Promise<string[]> | undefined];
  const prepared = new Map<string, Promise<Prepared>>();

  /** @throws {OperatorError} TEMPLATE_INVALID */
  async function read(zone: ZoneName): Promise<HostLayers> {
    common ??= readTemplateLayer('host', SITE_TEMPLATES, system);
    named ??= system.list(`${SITE_TEMPLATES}/zones`);
    const directory = zoneTemplates(zone);
    const origin: Origin = 'host for this zone';
    const own = (await named).includes(zone)
      ? await readTemplateLayer(origin, directory, system)
      : { origin, directory, templates: [] };
    return [await common, own];
  }

  /**
   * Checks and compiles them for all zones that have these. A zone's own templates come over them, of which the host knows nothing.
   *
   * @throws {OperatorError} INI_INVALID, TEMPLATE_INVALID
   */
  async function prepare(layers: HostLayers): Promise<Prepared> {
    const key = digestOfLayers(layers) ?? '';
    const made = prepared.get(key) ?? prepareFiles(layers);
    prepared.set(key, made);
    return await made;
  }

  return { read, prepare };
}

export type SiteTemplates = ReturnType<typeof siteTemplates>;

/** What is published of templates for a zone. Undefined: nothing that can be read. */
export async function readPublished(zone: ZoneName, system: System): Promise<HostLayers | undefined> {
  const directory = publishedTemplates(zone);
  if ((await system.kindOf(directory)) === undefined) {
    return [emptyLayer('host', `${directory}/all`), emptyLayer('host for this zone', `${directory}/zone`)];
  }
  try {
    return [
      await readTemplateLayer('host', `${directory}/all`, system),
      await readTemplateLayer('host for this zone', `${directory}/zone`, system),
    ];
  } catch (error) {
    if (error instanceof OperatorError) return undefined;
    throw error;
  }
}
