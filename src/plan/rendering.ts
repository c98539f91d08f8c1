import { OperatorError } from '../domain/errors.ts';
import type { ManagedFile, RenderedFile } from '../domain/managed-file.ts';
import type { ZoneMetadata } from '../domain/metadata.ts';
import { GLOBAL } from '../domain/names.ts';
import { servesNames, servesSites } from '../domain/served.ts';
import { BACKENDS } from '../domain/site.ts';
import type { TemplateLayer, TemplateText } from '../domain/template-layer.ts';
import type { Vars } from '../domain/vars.ts';
import { parseManagedFiles } from '../ini/managed-files.ts';
import {
  type Compiled,
  compileOverrides,
  createRenderer,
  SHIPPED_FILES,
  SHIPPED_TEMPLATES,
  shippedNames,
} from '../render/render.ts';
import { viewOf } from '../render/views.ts';
import { filters } from './own-filter.ts';
import { hasResolver } from './zone.ts';

/** All that the files of a zone are made from, beside its metadata. */
export interface Site {
  /** The least first: the host's for all zones, the host's for this zone, the zone's own. */
  readonly layers: readonly TemplateLayer[];
  /** Values for templates: those of the metadata, and the zone's own over them. */
  readonly vars: Vars;
}

/** The templates that win the look-up: of each name the one of the last layer that has it. */
export function overridesOf(layers: readonly TemplateLayer[]): TemplateText[] {
  const found = new Map(layers.flatMap(({ templates }) => templates).map((one) => [one.name, one]));
  return [...found.values()];
}

/**
 * The files of all zones, as the shipped files.ini and those of the layers describe them together.
 *
 * @throws {OperatorError} INI_INVALID
 */
export function managedFilesOf(layers: readonly TemplateLayer[]): ManagedFile[] {
  const shipped = { path: `${SHIPPED_TEMPLATES}/files.ini`, text: SHIPPED_FILES };
  return parseManagedFiles([shipped, ...layers.flatMap(({ files }) => (files === undefined ? [] : [files]))]);
}

/** The templates that are looked at: those of files that are written. Each once. */
export function templatesOf(files: readonly ManagedFile[]): string[] {
  return [...new Set(files.filter(({ policy }) => policy !== 'left').map(({ template }) => template))];
}

/** What zones with the same templates share. */
export interface Prepared {
  /** The files of all zones. */
  readonly files: readonly ManagedFile[];
  /** The overrides that they use. */
  readonly compiled: Compiled;
}

/**
 * Checks and compiles what files are made from. A template that no file is made from may be faulty.
 *
 * @throws {OperatorError} INI_INVALID, TEMPLATE_INVALID
 */
export async function prepareFiles(layers: readonly TemplateLayer[]): Promise<Prepared> {
  const files = managedFilesOf(layers);
  return { files, compiled: await compileOverrides(overridesOf(layers), templatesOf(files)) };
}

/** The files that one zone has. */
export function filesFor(files: readonly ManagedFile[], metadata: ZoneMetadata): ManagedFile[] {
  const having: ReadonlySet<ManagedFile['when']> = new Set([
    // What a host is called is its own.
    ...(metadata.zone === GLOBAL ? [] : (['always'] as const)),
    metadata.role,
    ...(filters(metadata) ? (['filter'] as const) : []),
    ...(hasResolver(metadata) ? (['resolver'] as const) : []),
    ...(servesNames(metadata) ? (['names'] as const) : []),
    ...BACKENDS.filter((backend) => servesSites(metadata, backend)),
  ]);
  return files.filter(({ when }) => having.has(when));
}

/**
 * Renders the files of a zone. One that is left alone is rendered to nothing.
 *
 * @throws {OperatorError} TEMPLATE_INVALID
 */
export function renderFiles(
  files: readonly ManagedFile[],
  metadata: ZoneMetadata,
  { layers, vars }: Site,
  compiled: Compiled,
): RenderedFile[] {
  const overrides = overridesOf(layers);
  const known = new Set([...shippedNames(), ...overrides.map(({ name }) => name)]);
  const missing = files.find(({ template, policy }) => policy !== 'left' && !known.has(template));
  if (missing !== undefined) {
    const message = `Cannot write ${missing.path}: there is no template "${missing.template}"`;
    const looked = [...layers.map(({ directory }) => directory).reverse(), SHIPPED_TEMPLATES].join(', ');
    throw new OperatorError('TEMPLATE_INVALID', message, {
      hint: `[${missing.name}] of files.ini asks for it. Looked in ${looked}`,
    });
  }
  const render = createRenderer(overrides, compiled);
  return files.map((file) => ({
    file,
    content: file.policy === 'left' ? '' : render(file.template, viewOf(file.template, metadata, vars)),
  }));
}
