/** One answer: fields by name. A missing field is an empty one. */
export type Row = Readonly<Record<string, string>>;

/**
 * A table for people: columns as wide as they must be, two blanks between them, no blanks at the end of a line.
 *
 * `grouped` fields are left out where they repeat the row above, as long as the first field does.
 */
export function formatTable(fields: readonly string[], rows: readonly Row[], grouped: readonly string[] = []): string {
  const [key = ''] = fields;
  const cells = rows.map((row, index) => {
    const repeats = grouped.length > 0 && row[key] === rows[index - 1]?.[key];
    return fields.map((field) => (repeats && grouped.includes(field) ? '' : orDash(row[field], repeats)));
  });
  const lines = [fields.map((field) => field.toUpperCase()), ...cells];
  const widths = fields.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  return lines
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .map((line) => `${line}\n`)
    .join('');
}

/** "--" for what a row has not, as dladm shows it; nothing where a row goes on with the one above. */
function orDash(value: string | undefined, repeats: boolean): string {
  return value === undefined || value === '' ? (repeats ? '' : '--') : value;
}

/**
 * Rows for programs: fields parted by ":", a "\" before each ":" and "\" in them, an empty field empty. A single field
 * stands as it is. So do dladm and ipadm (§0.3).
 */
export function formatParsable(fields: readonly string[], rows: readonly Row[]): string {
  const quote = (value: string) => (fields.length > 1 ? value.replace(/[\\:]/g, '\\$&') : value);
  return rows.map((row) => `${fields.map((field) => quote(row[field] ?? '')).join(':')}\n`).join('');
}
