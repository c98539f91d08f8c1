import type { ZoneChange } from '../host/change-zone.ts';

/** The words of a rule as one text, however the shell has parted them. */
export function joinWords(words: readonly string[]): string {
  return words.join(' ').trim();
}

/** "  applied when zone proxy boots", a line for each zone that is told and does not run. */
export function describeFollowing({ publications }: ZoneChange): string[] {
  return publications.filter(({ running }) => !running).map(({ record }) => `  applied when zone ${record.name} boots`);
}
