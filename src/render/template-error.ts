import { OperatorError } from '../domain/errors.ts';
import { type Fault, faultsError } from '../domain/fault.ts';
import { nearest } from './nearest.ts';

/** What Handlebars throws: lines from 1, columns from 0; a parse error has neither. */
interface HandlebarsError extends Error {
  readonly lineNumber?: number;
  readonly column?: number;
  readonly endLineNumber?: number;
  readonly endColumn?: number;
}

/**
 * Turns what Handlebars threw into an error with file, line, column, the line and a caret, the nearest known name and
 * what the template is given. An error that has been explained already passes through.
 */
export function templateError(
  error: unknown,
  { path, text = '', view }: { path: string; text?: string | undefined; view?: object },
): unknown {
  if (error instanceof OperatorError || !(error instanceof Error)) return error;
  const fault = faultOf(error, text, view);
  return fault === undefined ? error : faultsError('TEMPLATE_INVALID', { file: path, text, faults: [fault] });
}

/** What Handlebars threw, with its place. Undefined: it says none. */
export function faultOf(error: HandlebarsError, text: string, view: object | undefined): Fault | undefined {
  const parse = /^Parse error on line (\d+):\n([\s\S]*?)\n(-*)\^\n([\s\S]*)$/.exec(error.message);
  if (parse !== null) {
    const [, number = '1', excerpt = '', dashes = '', expected = ''] = parse;
    const line = text.split('\n')[Number(number) - 1] ?? '';
    const column = columnAfter(excerpt.slice(0, dashes.length).replace(/^\.\.\./, ''), line);
    return { line: Number(number), column, message: `this is no Handlebars: ${expected.replace(/\s+/g, ' ').trim()}` };
  }
  if (/^The partial .* could not be found$/.test(error.message)) {
    return { line: 0, column: 1, message: error.message.replace(/^The/, 'the').replace('could not be', 'was not') };
  }
  if (error.lineNumber === undefined || error.column === undefined) return undefined;
  const line = text.split('\n')[error.lineNumber - 1] ?? '';
  const length = error.endLineNumber === error.lineNumber ? (error.endColumn ?? 0) - error.column : 1;
  const place = { line: error.lineNumber, column: error.column + 1, length };
  const missing = /^"(.+)" not defined in /.exec(error.message)?.[1];
  if (missing === undefined) return { ...place, message: error.message.replace(/ - \d+:\d+$/, '') };
  const name = line.slice(error.column, error.column + length) || missing;
  return { ...place, message: `unknown variable "{{${name}}}"`, hint: hintFor(name, view ?? {}) };
}

/** Where a line goes on after what was read last: Handlebars tells up to 20 characters of it, line feeds left out. */
function columnAfter(seen: string, line: string): number {
  for (let end = line.length; end > 0; end -= 1) {
    if (seen.endsWith(line.slice(Math.max(0, end - 20), end))) return end + 1;
  }
  return 1;
}

function hintFor(name: string, view: object): string {
  const given = Object.keys(view).filter((key) => key !== 'template');
  const near = nearest(name.replace(/^(\.\.\/|this\.|@root\.)+/, ''), pathsOf(view));
  return `${near === undefined ? '' : `did you mean "${near}"? `}This template is given: ${given.join(', ') || 'nothing'}`;
}

/** Every name that can be written in a template for this view: "ports.first", and "link" of what a list holds. */
function pathsOf(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(pathsOf);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    Array.isArray(inner) ? [key, ...pathsOf(inner)] : [key, ...pathsOf(inner).map((path) => `${key}.${path}`)],
  );
}
