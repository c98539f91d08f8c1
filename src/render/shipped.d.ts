// Made by .ci/templates-plugin.mjs.
declare module 'zonenet:templates' {
  import type { TemplateSpec } from 'handlebars/runtime.js';

  /** The shipped templates by file name, precompiled. */
  export const templates: Readonly<Record<string, TemplateSpec>>;
  /** The shipped partials by file name ("banner.hbs"), precompiled. */
  export const partials: Readonly<Record<string, TemplateSpec>>;
  /** Text of templates/files.ini. */
  export const filesIni: string;
  /** SHA-256 in hexadecimal of each shipped template and partial, by name: "hosts.hbs", "partials/banner.hbs". */
  export const digests: Readonly<Record<string, string>>;
  /** SHA-256 over all that compiled templates depend on: the shipped ones, the options, the version of Handlebars. */
  export const edition: string;
}

declare module 'zonenet:sources' {
  /** Text of each shipped template and partial, by name: "hosts.hbs", "partials/banner.hbs". */
  export const sources: Readonly<Record<string, string>>;
}

declare module 'zonenet:options' {
  /** How every template is compiled; the plugin says why. */
  export const options: PrecompileOptions;
  /** Names of the helpers for values, which src/render/helpers.ts has. */
  export const helpers: readonly string[];
}

declare module 'zonenet:compiler' {
  export { checkAndCompile, checkTexts } from './compiler.ts';
}
