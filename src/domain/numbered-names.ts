import { OperatorError } from './errors.ts';
import { parseZoneName, type ZoneName } from './names.ts';

/**
 * The names of a number of zones: web1, web2, … of "web"; where the number goes can be said as "%d", and with leading
 * zeros as "%02d".
 *
 * @throws {OperatorError} NAME_INVALID
 */
export function numberedNames(pattern: string, count: number, first: number): ZoneName[] {
  const parts = /^([^%]*)%(?:0([1-9]))?d([^%]*)$/.exec(pattern);
  if (parts === null && pattern.includes('%')) {
    throw new OperatorError('NAME_INVALID', `Cannot use "${pattern}" as the names of zones`, {
      hint: 'Write "%d" where the number goes, or "%02d" for two digits, once',
    });
  }
  const [, before = pattern, width = '1', after = ''] = parts ?? [];
  return Array.from({ length: count }, (_, index) =>
    parseZoneName(`${before}${String(first + index).padStart(Number(width), '0')}${after}`),
  );
}
