import { OperatorError } from '../domain/errors.ts';
import type { ZoneMetadata } from '../domain/metadata.ts';
import { GLOBAL } from '../domain/names.ts';
import { emptyLayer } from '../domain/template-layer.ts';
import { mergeVars } from '../domain/vars.ts';
import { parseLocal } from '../ini/vars.ts';
import { digestOfLayers, type Site } from '../plan/rendering.ts';
import { hostTemplates, LOCAL, OWN_TEMPLATES } from '../plan/zone-paths.ts';
import type { System } from '../system/system.ts';
import { readTemplateLayer } from '../system/template-layers.ts';

/**
 * Reads the templates of the host and of the zone, and the zone's own values.
 *
 * @throws {OperatorError} INI_INVALID for local.ini, TEMPLATE_INVALID; also when the host is still publishing
 */
export async function readSite(metadata: ZoneMetadata, system: System): Promise<Site> {
  const published = hostTemplates(metadata.zone);
  const [forAll, forThis, own, local] = await Promise.all([
    readTemplateLayer('host', published.forAll, system),
    readTemplateLayer('host for this zone', published.forThis, system),
    metadata.zone === GLOBAL ? emptyLayer('zone', OWN_TEMPLATES) : readTemplateLayer('zone', OWN_TEMPLATES, system),
    system.readFile(LOCAL),
  ]);
  if (digestOfLayers([forAll, forThis]) !== metadata.templates) {
    throw new OperatorError(
      'TEMPLATE_INVALID',
      'Cannot use the templates of the host: they are not those of the metadata',
      {
        hint: `The host was cut off while it published; on the host: znetadm sync`,
      },
    );
  }
  const vars = mergeVars(metadata.vars, local === undefined ? {} : parseLocal(local, LOCAL));
  return { layers: [forAll, forThis, own], vars };
}
