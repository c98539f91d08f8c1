/** What a template of a site may cost: it is as trusted as its zone, and must not hang its boot. */
export const LIMITS = {
  /** Characters of one template. */
  characters: 262_144,
  /** Templates and partials in one directory. */
  templates: 200,
  /** Blocks in blocks. */
  nesting: 20,
  /** Partials in partials. */
  partials: 8,
  /** Rounds of all "each" of one file. */
  rounds: 200_000,
  /** Characters of one rendered file. */
  output: 4_194_304,
} as const;
