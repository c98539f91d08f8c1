import { OperatorError } from './errors.ts';

/** What a link may use of the machine. A missing key leaves it as illumos makes it. */
export interface LinkWishes {
  readonly bandwidth?: Bandwidth;
  readonly priority?: Priority;
}

/** Whole megabits a second, or as much as there is. */
export type Bandwidth = number | 'none';

export const PRIORITIES = ['low', 'medium', 'high'] as const;
export type Priority = (typeof PRIORITIES)[number];

/**
 * Reads a bandwidth as dladm takes it, "50M", "2G" or "50", in whole megabits: 2 and more, since dladm allows nothing
 * below 1200K (§1.9). "none" is no limit.
 *
 * @throws {OperatorError} VALUE_INVALID
 */
export function parseBandwidth(text: string): Bandwidth {
  if (text === 'none') return text;
  const [, digits = '', unit = 'M'] = /^([1-9][0-9]{0,5})([MG])?$/.exec(text) ?? [];
  const megabits = Number(digits) * (unit === 'G' ? 1000 : 1);
  if (megabits >= 2 && megabits <= 999_999) return megabits;
  throw new OperatorError('VALUE_INVALID', `Cannot read "${text}" as a bandwidth`, {
    hint: 'Write whole megabits a second, 2 or more, like 50M or 2G, or "none"',
  });
}

/** "50M", or "none". */
export function formatBandwidth(bandwidth: Bandwidth): string {
  return bandwidth === 'none' ? bandwidth : `${bandwidth}M`;
}
