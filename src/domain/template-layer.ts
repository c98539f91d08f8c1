/** Where templates come from: the zone itself, the host for this zone, the host for all zones, the software. */
export type Origin = 'zone' | 'host for this zone' | 'host' | 'shipped';

/** A template or a partial of a site. */
export interface TemplateText {
  /** "hosts.hbs"; of a partial "partials/banner.hbs". */
  readonly name: string;
  readonly path: string;
  readonly text: string;
}

/** A directory of templates as it was read. */
export interface TemplateLayer {
  readonly origin: Origin;
  readonly directory: string;
  /** In the order of their names. */
  readonly templates: readonly TemplateText[];
  /** Its files.ini; missing: it has none. */
  readonly files?: { readonly path: string; readonly text: string };
}

/** Whether a layer has nothing in it. */
export function isEmptyLayer({ templates, files }: TemplateLayer): boolean {
  return templates.length === 0 && files === undefined;
}

/** Where nothing is, or nothing counts. */
export function emptyLayer(origin: Origin, directory: string): TemplateLayer {
  return { origin, directory, templates: [] };
}
