import { Option } from 'commander';
import { OperatorError } from '../domain/errors.ts';
import { formatParsable, formatTable, type Row } from './table.ts';

/** The options that all show commands share. */
export interface ShowOptions {
  readonly parsable?: true;
  readonly output?: string;
  readonly json?: true;
}

export const PARSABLE = new Option('-p, --parsable', 'for programs: fields parted by ":"');
export const AS_JSON = new Option('--json', 'the same as JSON');
export const outputOption = (fields: readonly string[]) =>
  new Option('-o, --output <fields>', `fields to show, or all: ${fields.join(', ')}`);

/**
 * The fields that -o names, in its order; the usual ones without it. "all" is for people, as with dladm (§0.3).
 *
 * @throws {OperatorError} USAGE for an unknown field, and for -p without -o or with all
 */
export function chooseFields(
  { parsable, output }: ShowOptions,
  usual: readonly string[],
  more: readonly string[],
): readonly string[] {
  const known = [...usual, ...more];
  const hint = `Fields are ${known.join(', ')}`;
  if (output === undefined) {
    if (parsable === undefined) return usual;
    throw new OperatorError('USAGE', '-p requires -o: programs must not depend on which fields are usual', { hint });
  }
  if (output.toLowerCase() === 'all') {
    if (parsable === undefined) return known;
    throw new OperatorError('USAGE', '-p with "-o all": programs must not depend on which fields there are', { hint });
  }
  const fields = output.toLowerCase().split(',');
  const unknown = fields.filter((field) => !known.includes(field));
  if (unknown.length === 0) return fields;
  throw new OperatorError('USAGE', `unknown output field: ${unknown.map((field) => `"${field}"`).join(', ')}`, {
    hint,
  });
}

/** Rows as asked for, and with --json all that is in them. */
export function formatShown(
  rows: readonly Row[],
  fields: readonly string[],
  options: ShowOptions,
  look: Parameters<typeof formatRows>[3],
): string {
  return options.json === true ? `${JSON.stringify(rows, null, 2)}\n` : formatRows(rows, fields, options, look);
}

/** Rows as asked for. Without rows a table has no header either. */
export function formatRows(
  rows: readonly Row[],
  fields: readonly string[],
  { parsable }: ShowOptions,
  { colour, grouped = [] }: { colour: boolean; grouped?: readonly string[] },
): string {
  if (parsable === true) return formatParsable(fields, rows);
  return rows.length === 0 ? '' : formatTable(fields, rows, grouped, colour);
}
