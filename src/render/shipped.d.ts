// Made by .ci/templates-plugin.mjs.
declare module 'zonenet:templates' {
  import type { TemplateSpec } from 'handlebars/runtime.js';

  /** The shipped templates by file name, precompiled. */
  export const templates: Readonly<Record<string, TemplateSpec>>;
  /** The shipped partials by file name ("banner.hbs"), precompiled. */
  export const partials: Readonly<Record<string, TemplateSpec>>;
  /** Text of templates/files.ini. */
  export const filesIni: string;
}

declare module 'zonenet:compiler' {
  export { precompile } from './compiler.ts';
}
