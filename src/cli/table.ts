/** One answer: fields by name. A missing field is an empty one. */
export type Row = Readonly<Record<string, string>>;

/**
 * A table for people: columns as wide as they must be, two blanks between them, no blanks at the end of a line.
 *
 * `colour` is for a terminal alone. `grouped` fields are left out where they repeat the row above, as long as the first field does.
 */
export function formatTable(
  fields: readonly string[],
  rows: readonly Row[],
  grouped: readonly string[] = [],
  colour = false,
): string {
  const [key = ''] = fields;
  const cells = rows.map((row, index) => {
    const repeats = grouped.length > 0 && row[key] === rows[index - 1]?.[key];
    return fields.map((field) => (repeats && grouped.includes(field) ? '' : orDash(row[field], repeats)));
  });
  const lines = [fields.map((field) => field.toUpperCase()), ...cells];
  const widths = fields.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  return lines
    .map((line, number) => {
      const shown = line.slice(0, line.findLastIndex((cell) => cell !== '') + 1);
      const padded = shown.map((cell, column) => cell.padEnd(column === shown.length - 1 ? 0 : (widths[column] ?? 0)));
      const painted = colour ? padded.map((cell, column) => paint(cell, shown[column] ?? '', number === 0)) : padded;
      return `${painted.join('  ')}\n`;
    })
    .join('');
}

/** Words that a person looks for, and the colours they mean: 1 bold, 31 red, 32 green, 33 yellow. */
const COLOURS: readonly [RegExp, number][] = [
  [/^(running|online|ok \(\d+\))$/, 32],
  [/^(missing|maintenance|incomplete|down|not .*)$/, 31],
  [/^(creating|deleting|booting|behind .*|unpublished .*)$/, 33],
];

function paint(cell: string, text: string, isHeader: boolean): string {
  const colour = isHeader ? 1 : COLOURS.find(([word]) => word.test(text))?.[1];
  return colour === undefined ? cell : `\x1b[${colour}m${cell}\x1b[0m`;
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
