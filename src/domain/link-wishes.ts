import { OperatorError } from './errors.ts';

/** What a link may use of the machine. A missing key leaves it as illumos makes it. */
export interface LinkWishes {
  /** Whole megabits a second. */
  readonly bandwidth?: number;
  readonly priority?: Priority;
}

export const PRIORITIES = ['low', 'medium', 'high'] as const;
export type Priority = (typeof PRIORITIES)[number];

/**
 * Reads a bandwidth as dladm takes it, "50M", "2G" or "50", in whole megabits: 2 and more, since dladm allows nothing
 * below 1200K (§1.9).
 *
 * @throws {OperatorError} VALUE_INVALID
 */
export function parseBandwidth(text: string): number {
  const [, digits = '', unit = 'M'] = /^([1-9][0-9]{0,5})([MG])?$/.exec(text) ?? [];
  const megabits = Number(digits) * (unit === 'G' ? 1000 : 1);
  if (megabits >= 2 && megabits <= 999_999) return megabits;
  throw new OperatorError('VALUE_INVALID', `Cannot read "${text}" as a bandwidth`, {
    hint: 'Write whole megabits a second, 2 or more, like 50M or 2G',
  });
}

/** "50M". */
export function formatBandwidth(megabits: number): string {
  return `${megabits}M`;
}
