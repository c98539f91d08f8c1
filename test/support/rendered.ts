// Rendered files, and filters as the lab's own parser takes them, which is held to illumos's answers.
import * as assert from 'uvu/assert';
import type { ZoneMetadata } from '../../src/domain/metadata.ts';
import { compileOverrides, createRenderer, type Renderer, type TemplateOverride } from '../../src/render/render.ts';
import { VIEWS, viewOf } from '../../src/render/views.ts';
import { loadFilter } from '../lab/ipfilter/load.ts';

/** Renders by the shipped templates and these, all of which have to be sound. */
export async function rendererOf(...overrides: TemplateOverride[]): Promise<Renderer> {
  const own = overrides.map(({ name }) => name).filter((name) => !name.startsWith('partials/'));
  return createRenderer(overrides, await compileOverrides(overrides, [...Object.keys(VIEWS), ...own]));
}

const render = await rendererOf();

const FILES = { ipv4: 'ipf.conf.hbs', ipv6: 'ipf6.conf.hbs' } as const;
export type FilterFamily = keyof typeof FILES;

/** What a shipped template gives a zone without values of its site. */
export const renderedText = (name: string, metadata: ZoneMetadata) => render(name, viewOf(name, metadata, {}));
export const renderedFilter = (metadata: ZoneMetadata, family: FilterFamily) => renderedText(FILES[family], metadata);

/** The filter of a zone, loaded whole and without a word. */
export function loadRendered(metadata: ZoneMetadata, family: FilterFamily) {
  const { ending, warnings, errnos, printed, set } = loadFilter(renderedFilter(metadata, family), family);
  assert.equal([ending, warnings], ['done', []]);
  assert.ok(
    errnos.every((errno) => errno === 0),
    `${errnos}`,
  );
  return { printed, set };
}
