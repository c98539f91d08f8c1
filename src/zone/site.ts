import { OperatorError } from '../domain/errors.ts';
import type { ZoneMetadata } from '../domain/metadata.ts';
import { GLOBAL } from '../domain/names.ts';
import { emptyLayer } from '../domain/template-layer.ts';
import { mergeVars } from '../domain/vars.ts';
import { parseLocal } from '../ini/vars.ts';
import type { Site } from '../plan/rendering.ts';
import { digestOfLayers } from '../plan/template-digest.ts';
import type { OwnInputs } from '../plan/zone-inputs.ts';
import { hostTemplates, LOCAL, OWN_TEMPLATES } from '../plan/zone-paths.ts';
import type { System } from '../system/system.ts';
import { readTemplateLayer } from '../system/template-layers.ts';

/**
 * Reads the templates of the host and of the zone, and the zone's own values; `own` is what of that is the zone's.
 *
 * @throws {OperatorError} INI_INVALID for local.ini, TEMPLATE_INVALID; also when the host is still publishing
 */
export async function readSite(metadata: ZoneMetadata, system: System): Promise<Site & { readonly own: OwnInputs }> {
  const published = hostTemplates(metadata.zone);
  // Names first: what comes while the rest is read is then not taken for read.
  const [names, partials] = await Promise.all([system.list(OWN_TEMPLATES), system.list(`${OWN_TEMPLATES}/partials`)]);
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
  const texts = [...own.templates, ...(own.files === undefined ? [] : [own.files])].map(
    ({ path, text }) => [path, text] as const,
  );
  return {
    layers: [forAll, forThis, own],
    vars,
    own: {
      names,
      partials,
      texts: new Map([...texts, ...(local === undefined ? [] : [[LOCAL, local] as const])]),
    },
  };
}
