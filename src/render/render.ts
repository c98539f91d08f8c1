import { filesIni, partials as shippedPartials, templates as shippedTemplates } from 'zonenet:templates';
import runtime, { type Template } from 'handlebars/runtime.js';
import { OperatorError } from '../domain/errors.ts';
import { templateError } from './template-error.ts';
import type { View } from './views.ts';

/** Where the shipped templates are, for the header of what they write. */
export const SHIPPED_TEMPLATES = '/opt/zonenet/templates';

/** Text of the shipped files.ini. */
export const SHIPPED_FILES = filesIni;

/** A template or partial of a site, in place of the shipped one of that name. */
export interface TemplateOverride {
  /** File name, "ipf.conf.hbs"; of a partial "partials/banner.hbs". */
  readonly name: string;
  readonly path: string;
  readonly text: string;
}

/** Renders a template for a view. Same templates and view, same bytes. */
export type Renderer = (template: string, view: View) => string;

/**
 * Makes the renderer of a zone from the overrides that won the look-up.
 *
 * The compiler is loaded only when there are any.
 *
 * @throws {OperatorError} TEMPLATE_INVALID for an override that is no template
 */
export async function createRenderer(overrides: readonly TemplateOverride[]): Promise<Renderer> {
  const compiled = await compileOverrides(overrides);
  const partials = Object.fromEntries(
    [...namesOf(shippedPartials, compiled, 'partials/')].map((name) => [name.replace(/\.hbs$/, ''), pick(name)]),
  );

  function pick(name: string): Template {
    const override = compiled.get(`partials/${name}`);
    const spec = shippedPartials[name];
    const path = override?.path ?? `${SHIPPED_TEMPLATES}/partials/${name}`;
    const template = override?.template ?? (spec === undefined ? undefined : runtime.template(spec));
    if (template === undefined) throw new Error(`no partial ${name}`);
    return explained(template, { path, text: override?.text });
  }

  return (name, view) => {
    const override = compiled.get(name);
    const spec = shippedTemplates[name];
    const path = override?.path ?? `${SHIPPED_TEMPLATES}/${name}`;
    const template = override?.template ?? (spec === undefined ? undefined : runtime.template(spec));
    if (template === undefined) {
      throw new OperatorError('TEMPLATE_INVALID', `Cannot find template "${name}"`, {
        hint: `Looked for it in /etc/zonenet/templates, /etc/zonenet/host/templates and ${SHIPPED_TEMPLATES}`,
      });
    }
    return explained(template, { path, text: override?.text })({ template: { name, path }, ...view }, { partials });
  };
}

interface Compiled extends TemplateOverride {
  readonly template: Template;
}

async function compileOverrides(overrides: readonly TemplateOverride[]): Promise<Map<string, Compiled>> {
  if (overrides.length === 0) return new Map();
  const { precompile } = await import('zonenet:compiler');
  return new Map(
    overrides.map((override) => {
      try {
        return [override.name, { ...override, template: runtime.template(precompile(override.text)) }];
      } catch (error) {
        throw templateError(error, override);
      }
    }),
  );
}

function namesOf(shipped: Readonly<Record<string, unknown>>, compiled: ReadonlyMap<string, unknown>, prefix: string) {
  const own = [...compiled.keys()].filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length));
  return new Set([...Object.keys(shipped), ...own]);
}

/** The template, with its place put to whatever it throws. A partial's mistake is named by the partial itself. */
function explained(template: Template, place: { path: string; text: string | undefined }): Template {
  const wrapped: Template = (view, options) => {
    try {
      return template(view, options);
    } catch (error) {
      throw templateError(error, { ...place, view });
    }
  };
  return wrapped;
}
