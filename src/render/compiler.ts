// Entry point of a bundle of its own, lib/compiler.cjs: the boot method loads it on zones whose site has templates.
import Handlebars from 'handlebars';
import type { TemplateSpec } from 'handlebars/runtime.js';

/**
 * Config files are no HTML (noEscape); a misspelt name fails (strict); the only helpers are the built-in ones without
 * "log" and "lookup"; partials keep their own indentation. The same as in .ci/templates-plugin.mjs.
 */
const OPTIONS = {
  noEscape: true,
  strict: true,
  knownHelpersOnly: true,
  knownHelpers: { log: false, lookup: false },
  preventIndent: true,
};

/** Compiles a template. What Handlebars throws for a mistake is explained by `templateError`. */
export function precompile(source: string): TemplateSpec {
  const spec: unknown = new Function(`return ${String(Handlebars.precompile(source, OPTIONS))}`)();
  return spec as TemplateSpec;
}
