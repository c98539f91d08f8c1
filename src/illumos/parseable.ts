import { OperatorError } from '../domain/errors.ts';

/**
 * Splits the `-p -o a,b,…` output that dladm(8) and ipadm(8) share.
 *
 * One line a row, fields parted by ":"; a ":" or "\" inside a field has a "\" before it. An unset field is empty and
 * keeps its place. With a single field nothing is escaped, so ask for two or more. Rows are read whose first field is
 * `wanted`, as it stands; missing: all of them.
 * Source: usr/src/lib/libofmt/common/ofmt.c (§0.3).
 *
 * @throws {OperatorError} OUTPUT_UNEXPECTED when a row has another number of fields
 */
export function parseRows<F extends string>(
  stdout: string,
  fields: readonly F[],
  wanted?: ReadonlySet<string>,
): Record<F, string>[] {
  return stdout
    .split('\n')
    .filter((line) => line !== '' && (wanted === undefined || wanted.has(line.slice(0, line.indexOf(':')))))
    .map((line) => {
      const values = splitFields(line);
      if (values.length !== fields.length) {
        throw new OperatorError(
          'OUTPUT_UNEXPECTED',
          `Cannot read "${line}" as ${fields.length} fields: it has ${values.length}`,
          {
            hint: `Asked for ${fields.join(', ')}; is this the dladm or ipadm of illumos?`,
          },
        );
      }
      return Object.fromEntries(fields.map((field, index) => [field, values[index]])) as Record<F, string>;
    });
}

/** Splits at each ":" that has no "\" before it and takes the "\" away. */
export function splitFields(line: string): string[] {
  if (!line.includes('\\')) return line.split(':');
  const fields = [''];
  for (const [, escaped, plain] of line.matchAll(/\\(.)|(.)/gs)) {
    if (plain === ':') fields.push('');
    else fields[fields.length - 1] += escaped ?? plain ?? '';
  }
  return fields;
}
