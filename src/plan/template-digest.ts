import { isEmptyLayer, type TemplateLayer } from '../domain/template-layer.ts';
import { digestOf } from '../render/digest.ts';

/** Names the content of layers, whichever directory they are in: SHA-256 in hexadecimal. Undefined: they are all empty. */
export function digestOfLayers(layers: readonly TemplateLayer[]): string | undefined {
  if (layers.every(isEmptyLayer)) return undefined;
  const content = layers.map(({ origin, templates, files }) => [
    origin,
    files?.text ?? '',
    ...templates.map(({ name, text }) => [name, text]),
  ]);
  return digestOf(JSON.stringify(content));
}
