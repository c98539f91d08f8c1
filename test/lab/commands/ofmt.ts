// The tables of dladm and ipadm: which fields were asked for, columns, wrapping, and the parsable form (§0.3).

/** A column. `name` in lower case as messages use it; the header shows it in capitals. Widths as in the command's source. */
export interface Field<Row> {
  readonly name: string;
  readonly width: number;
  /** Empty: unset, "--" for people. Undefined: could not be fetched, "?" in both forms. */
  value(row: Row): string | undefined;
}

export interface TableOptions {
  /** Colon-separated, without header. */
  readonly parsable: boolean;
  /** The text after -o. Missing: `standard`, or all fields. */
  readonly select?: string;
  /** Fields shown to people who name none, as a comma list; missing is all of them. */
  readonly standard?: string;
  /** Long comma lists go on in further lines (show-linkprop, show-prop). Human form only. */
  readonly wrap?: boolean;
}

/** `fatal`: nothing is shown. `warning`: some fields are unknown, the rest is in `text`. Both without the command's name. */
export type Table = { readonly fatal: string } | { readonly text: string; readonly warning?: string };

/** Rows of a terminal that is none: the header comes again every so many lines. */
const PAGE = 24;
/** Bytes of a value's buffer, the ending NUL not counted. */
const LONGEST_VALUE = 1023;

/**
 * What libofmt prints for these rows. No rows, no header.
 * Source: §0.3 (illumos-gate: usr/src/lib/libofmt/common/ofmt.c).
 */
export function formatTable<Row>(fields: readonly Field<Row>[], rows: readonly Row[], options: TableOptions): Table {
  const choice = chooseFields(fields, options);
  if ('fatal' in choice) return choice;
  const { chosen, warning } = choice;
  const text = options.parsable
    ? rows.map((row) => `${parsableLine(chosen, row)}\n`).join('')
    : humanLines(chosen, rows, options.wrap === true);
  return warning === undefined ? { text } : { text, warning };
}

interface Choice<Row> {
  readonly chosen: readonly Field<Row>[];
  readonly warning?: string;
}

function chooseFields<Row>(
  fields: readonly Field<Row>[],
  { parsable, select, standard }: TableOptions,
): Choice<Row> | { readonly fatal: string } {
  if (parsable && (select === undefined || select === '')) {
    return { fatal: 'output fields must be specified in parsable mode' };
  }
  const asked = select ?? standard ?? 'all';
  if (asked.toLowerCase() === 'all') {
    return parsable ? { fatal: "output field `all' invalid in parsable mode" } : { chosen: fields };
  }
  const names = asked.split(',').filter((name) => name !== '');
  if (names.length > fields.length || asked === '') return { fatal: 'Not enough space' };
  const found = names.map((name) => fields.find((field) => field.name === name.toLowerCase()) ?? name);
  const chosen = found.filter((field) => typeof field !== 'string');
  const unknown = found.filter((field) => typeof field === 'string');
  if (chosen.length === 0) return { fatal: 'no valid output fields' };
  if (unknown.length === 0) return { chosen };
  const complaint = `unknown output field${unknown.length > 1 ? 's' : ''}:${unknown.map((name) => ` \`${name}'`).join('')}`;
  return parsable ? { fatal: complaint } : { chosen, warning: `ignoring ${complaint}` };
}

const cellOf = <Row>(field: Field<Row>, row: Row) => field.value(row)?.slice(0, LONGEST_VALUE);

/** A single field is not escaped. */
function parsableLine<Row>(chosen: readonly Field<Row>[], row: Row): string {
  const values = chosen.map((field) => cellOf(field, row) ?? '?');
  return values.length === 1 ? values.join('') : values.map((value) => value.replace(/[:\\]/g, '\\$&')).join(':');
}

function humanLines<Row>(chosen: readonly Field<Row>[], rows: readonly Row[], wrap: boolean): string {
  const widths = chosen.map(({ width }) => width);
  const header = columns(
    widths,
    chosen.map(({ name }) => name.toUpperCase()),
  );
  let text = '';
  let line = 0;
  for (const row of rows) {
    // A wrapped row counts as one line, as there.
    if (line % PAGE === 0) {
      text += header;
      line++;
    }
    line++;
    const cells = chosen.map((field) => {
      const value = cellOf(field, row);
      if (value === undefined) return ['?'];
      if (value === '') return ['--'];
      return wrap ? wrapped(value, field.width) : [value];
    });
    const height = Math.max(...cells.map((cell) => cell.length));
    for (let i = 0; i < height; i++) {
      text += columns(
        widths,
        cells.map((cell) => cell[i] ?? ''),
      );
    }
  }
  return text;
}

/** One line: a value that is too long pushes the next columns right until their padding has made up for it. */
function columns(widths: readonly number[], values: readonly string[]): string {
  let overflow = 0;
  let text = '';
  for (const [i, value] of values.entries()) {
    const width = widths[i] ?? 0;
    if (i === values.length - 1) text += value;
    else if (value.length + overflow >= width) {
      overflow += value.length - width + 1;
      text += `${value} `;
    } else {
      text += value.padEnd(width - overflow);
      overflow = 0;
    }
  }
  return `${text}\n`;
}

/** Splits at commas. A piece is added as long as what stands there and the next piece fit the width. */
function wrapped(value: string, width: number): string[] {
  const pieces = value.split(',').filter((piece) => piece !== '');
  const lines: string[] = [];
  let line = '';
  for (const [i, piece] of pieces.entries()) {
    const next = pieces[i + 1];
    line += next === undefined ? piece : `${piece},`;
    if (next === undefined || line.length + next.length > width) {
      lines.push(line);
      line = '';
    }
  }
  return lines;
}
