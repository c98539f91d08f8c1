// handlebars ships no types for its runtime, and 'handlebars/runtime' without ".js" is not found by Node.
declare module 'handlebars/runtime.js' {
  /** What `Handlebars.precompile` makes, evaluated. */
  export interface TemplateSpec {
    readonly compiler: unknown;
    readonly main: unknown;
  }
  /** What a helper is called with, last; `fn` and `inverse` only where it is a block. */
  export interface HelperOptions {
    readonly name: string;
    readonly fn?: (context: unknown, options?: object) => string;
    readonly inverse?: (context: unknown, options?: object) => string;
    readonly loc?: { readonly start: Position; readonly end: Position };
  }
  interface Position {
    /** From 1. */
    readonly line: number;
    /** From 0. */
    readonly column: number;
  }
  export type Helper = (this: unknown, ...args: unknown[]) => unknown;
  export interface RenderOptions {
    readonly partials: Readonly<Record<string, Template>>;
    readonly helpers: Readonly<Record<string, Helper>>;
  }
  export type Template = (view: object, options?: RenderOptions) => string;
  const runtime: { template(spec: TemplateSpec): Template; readonly helpers: { readonly each: Helper } };
  export default runtime;
}
