import { OperatorError } from '../domain/errors.ts';
import type { ZoneMetadata } from '../domain/metadata.ts';
import { GLOBAL } from '../domain/names.ts';
import { emptyLayer, type TemplateLayer } from '../domain/template-layer.ts';
import { mergeVars } from '../domain/vars.ts';
import { parseLocal } from '../ini/vars.ts';
import type { Site } from '../plan/rendering.ts';
import { digestOfLayers } from '../plan/template-digest.ts';
import type { OwnInputs } from '../plan/zone-inputs.ts';
import { hostTemplates, LOCAL, OWN_TEMPLATES } from '../plan/zone-paths.ts';
import type { System } from '../system/system.ts';
import { readTemplateLayer } from '../system/template-layers.ts';

/** What the zone's administrator has put beside the metadata. */
export interface Own {
  readonly layer: TemplateLayer;
  /** The text of LOCAL. */
  readonly local?: string;
  readonly inputs: OwnInputs;
}

/**
 * Reads the zone's own templates and values, as they are. In the global zone the templates are the host's.
 *
 * @throws {OperatorError} TEMPLATE_INVALID
 */
export async function readOwn(zone: string, system: System): Promise<Own> {
  // Names first: what comes while the rest is read is then not taken for read.
  const [names, partials] = await Promise.all([system.list(OWN_TEMPLATES), system.list(`${OWN_TEMPLATES}/partials`)]);
  const [layer, local] = await Promise.all([
    zone === GLOBAL ? emptyLayer('zone', OWN_TEMPLATES) : readTemplateLayer('zone', OWN_TEMPLATES, system),
    system.readFile(LOCAL),
  ]);
  const texts = [...layer.templates, ...(layer.files === undefined ? [] : [layer.files])].map(
    ({ path, text }) => [path, text] as const,
  );
  return {
    layer,
    ...(local === undefined ? {} : { local }),
    inputs: {
      names,
      partials,
      texts: new Map([...texts, ...(local === undefined ? [] : [[LOCAL, local] as const])]),
    },
  };
}

/**
 * Reads the templates of the host, and puts the zone's own over them.
 *
 * @throws {OperatorError} INI_INVALID for local.ini, TEMPLATE_INVALID; also when the host is still publishing
 */
export async function readSite(metadata: ZoneMetadata, { layer, local }: Own, system: System): Promise<Site> {
  const published = hostTemplates(metadata.zone);
  const [forAll, forThis] = await Promise.all([
    readTemplateLayer('host', published.forAll, system),
    readTemplateLayer('host for this zone', published.forThis, system),
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
  return { layers: [forAll, forThis, layer], vars };
}
