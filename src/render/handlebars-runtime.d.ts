// handlebars ships no types for its runtime, and 'handlebars/runtime' without ".js" is not found by Node.
declare module 'handlebars/runtime.js' {
  /** What `Handlebars.precompile` makes, evaluated. */
  export interface TemplateSpec {
    readonly compiler: unknown;
    readonly main: unknown;
  }
  export type Template = (view: object, options?: { partials: Readonly<Record<string, Template>> }) => string;
  const runtime: { template(spec: TemplateSpec): Template };
  export default runtime;
}
